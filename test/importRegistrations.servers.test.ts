/** What an export of registrations repairs, on the real servers: webhooks that were lost, whatever else came late. */
import { afterEach, expect, test } from '@jest/globals';
import { EventsClub } from './helpers/eventsClub.js';
import { neighbours } from './helpers/neighbours.js';

const start = neighbours();

let club: EventsClub;
afterEach(async () => await club.stop());

test('a change that no webhook told of is repaired by an export, also where an old webhook, which shows just that, came last', async () => {
  const connection = {
    bookings: { order: { changeBy: 'put' } },
    settings: { events: { change: 'put' } },
  } as const;
  club = await EventsClub.open(start, { options: { connection } });
  const { yaplaEvents } = club.house.sandbox.control;
  const [anna, boris] = await Promise.all(club.members.slice(0, 2).map((member) => club.asKnown(member)));
  const bookedFor = (nth: number) => [{ items: [{ client: { id: club.members[nth]!.yoplanning } }] }];
  const id = await yaplaEvents.register({ event: club.event, rate: 'Gratuit', participants: [anna!] });
  const [first] = await yaplaEvents.documents('registration');
  await club.untilQuiet();
  await yaplaEvents.edit(id, { participants: [boris!] });
  await club.untilQuiet();
  expect(await club.activeOrders(id)).toMatchObject(bookedFor(1));
  // The first once more: it is older than what is known, and set aside.
  await club.tell('registration', first!);
  await club.untilQuiet();
  await yaplaEvents.setWebhooks('registration', null);
  await yaplaEvents.edit(id, { participants: [anna!] });
  await club.importExport([]);
  expect(await club.activeOrders(id)).toMatchObject(bookedFor(0));
});
