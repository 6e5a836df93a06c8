/** Registrations and donations leave no value of a person where it does not belong, whatever goes wrong. */
import { afterEach, expect, test } from '@jest/globals';
import type { Fault } from '../../src/sandbox/faults.js';
import { EventsClub } from '../helpers/eventsClub.js';
import { everythingSaid } from '../helpers/everythingSaid.js';
import { sandboxValues, valuesIn } from '../helpers/sandboxValues.js';
import { neighbours } from '../helpers/neighbours.js';

const start = neighbours();

let club: EventsClub;
afterEach(async () => await club.stop());

/** Entered in the course of the test, or quoted by a system that refuses. */
const guests = ['Trégastel', 'Ploumanac’h', 'Landévennec', 'Camaret', 'Trébeurden'].map((lastName, nth) => ({
  firstName: `Bérénice${nth}`,
  lastName,
  email: `berenice${nth}@zorglub.example.org`,
}));
const donor = { firstName: 'Gwenaëlle', lastName: 'Kerguélen', email: 'gwenaelle@zorglub.example.org' };
const spoilt = { amount: 'deux sardines', status: 'peut-être demain', note: 'allergique aux crustacés' };

test('no participant’s and no donor’s value is in a history, a search attribute, a memo, a query’s answer or a log line', async () => {
  const fields = {
    given: { direction: 'toYoplanning', yapla: { derived: 'lastDonation' }, yoplanning: 'note' },
  } as const;
  const bookings = { order: { changeBy: 'put', cancelBy: 'put' } } as const;
  const settings = { events: { deriveEveryMs: 200, change: 'put' } } as const;
  club = await EventsClub.open(start, { options: { connection: { fields, bookings, settings } } });
  const { control } = club.house.sandbox;
  const before = await sandboxValues(club.house.sandbox);
  const register = async (nth: number) =>
    await control.yaplaEvents.register({ event: club.event, rate: 'Gratuit', participants: [guests[nth]!] });
  const fault = async (action: Fault['action']) =>
    await control.addFault({ system: 'yoplanning', resource: 'order', kind: 'create', times: 1, action });

  // Refused in words that quote, cut off, failed after the effect: each for somebody else.
  await fault({ do: 'invalid', field: 'email', message: `${guests[0]!.email} is taken` });
  await register(0);
  await club.untilQuiet();
  await fault({ do: 'malformed' });
  await register(1);
  await club.untilQuiet();
  await fault({ do: 'status', status: 500, effect: 'applied' });
  const changed = await register(2);
  await club.untilQuiet();
  // Changed on both sides, and then cancelled.
  await control.yaplaEvents.edit(changed, { participants: [guests[2]!, guests[3]!] });
  await club.untilQuiet();
  const [order] = await club.orders(changed);
  await control.bookings.editOrder(order!.id, { price: '5.00' });
  await control.yaplaEvents.cancel(changed);
  // What cannot be read, and what stands beside it.
  const { firstName: first_name, lastName: last_name, email } = guests[4]!;
  await club.tell('registration', {
    id: 'spoilt',
    ...spoilt,
    participants: [{ first_name, last_name, email: [email] }],
  });
  const member = club.members[0]!;
  await control.yaplaEvents.donate({ donor: { ...donor, memberId: member.yapla }, amount: 4_200 });
  await club.tell('donation', { id: 'spoilt', ...spoilt, donor: { first_name: donor.firstName, email: donor.email } });
  await club.untilQuiet();

  const said = await everythingSaid(club.house);
  // What is looked through does hold the work: who was worked on, what was asked, how it ended, what the worker said of it.
  const work = [`yapla:${changed}`, 'syncDonation', 'orderRefused', 'toCancel', '"outcome":"refused"', '"came":'];
  for (const there of work) expect(said).toContain(there);
  const entered = [donor, ...guests].flatMap((one) => Object.values(one));
  const values = [
    ...before,
    ...(await sandboxValues(club.house.sandbox)),
    ...entered,
    ...Object.values(spoilt),
    'zorglub',
  ];
  // Counted, not listed: a failing test must not print them either.
  expect(values.length).toBeGreaterThan(60);
  expect(valuesIn(said, values).length).toBe(0);
});
