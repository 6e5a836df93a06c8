/** Registrations whose histories are kept. */
import { EventsClub } from '../helpers/eventsClub.js';
import { until } from '../helpers/live.js';
import type { TestPasserelle } from '../helpers/passerelle.js';
import { syncRecordId } from '../../workflows/syncRecord.messages.js';
import type { Scenario } from './scenario.js';

const people = { seed: 11, yapla: 0, yoplanning: 0, shared: 4, differing: 0 };
/** Echoes find the workflow that booked: what is kept is its newest run. */
const live = { lingerMs: 5_000 };

type Run = (club: EventsClub) => Promise<string>;

/** @param run @returns the registration whose history is kept */
function scenario(name: string, run: Run, events: object = {}, order: { cancelBy?: 'put' } = {}, places = 10): Scenario {
  return {
    name: `syncRegistration.${name}`,
    options: { sandbox: { people }, connection: { events: true, bookings: { order }, settings: { events, live } } },
    run: async (house: TestPasserelle) => {
      const club = await EventsClub.open(() => Promise.resolve(house), { places });
      const registration = await run(club);
      await club.untilQuiet();
      const handle = house.client.workflow.getHandle(syncRecordId(club.scope, `yapla:${registration}`));
      await handle.result();
      return handle;
    },
  };
}

export const syncRegistrationScenarios: readonly Scenario[] = [
  scenario('booked', async (club) => await club.register()),
  scenario(
    'no-place-and-waited-for',
    async (club) => {
      const id = await club.register();
      await club.untilQuiet();
      await club.answer('noPlace', 'wait');
      // It never comes to rest: it is soon to be asked again.
      await until(
        async () => await club.cases(),
        (cases) => cases.length === 0,
      );
      await club.house.sandbox.control.bookings.setPlaces(club.session, 1);
      await until(
        async () => await club.orders(id),
        (orders) => orders.length === 1,
      );
      return id;
    },
    { retryFullMs: 1_000 },
    {},
    0,
  ),
  scenario('changed-by-staff-and-kept', async (club) => {
    const id = await club.register();
    await club.untilQuiet();
    const [order] = await club.orders(id);
    await club.house.sandbox.control.bookings.editOrder(order!.id, { price: '5.00' });
    await club.untilQuiet();
    await club.answer('orderChanged', 'keep');
    return id;
  }),
  scenario(
    'cancelled-by-rule',
    async (club) => {
      const id = await club.register();
      await club.untilQuiet();
      await club.house.sandbox.control.yaplaEvents.cancel(id);
      return id;
    },
    { cancel: 'put' },
    { cancelBy: 'put' },
  ),
];
