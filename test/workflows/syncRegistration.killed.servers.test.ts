/** A worker that dies while orders are under way: another takes the registrations up once it is missed, and each has one order. */
import { afterEach, expect, test } from '@jest/globals';
import { EventsClub } from '../helpers/eventsClub.js';
import { until } from '../helpers/live.js';
import { MortalWorker } from '../helpers/mortalWorker.js';
import { startPasserelle } from '../helpers/passerelle.js';

/** Far beyond the heartbeat time-out of tests: whoever waits for such an answer is there when it is looked for. */
const slow = { do: 'slow', ms: 7_000 } as const;

let club: EventsClub;
let worker: MortalWorker;
afterEach(async () => {
  await worker.kill();
  await club.stop();
});

test.each([
  // Local attempts have half of it: they are under way when the worker dies.
  ['within a workflow task', 8_000],
  ['in ordinary attempts', 1_500],
])(
  'registrations whose worker was killed after an order took effect and before it was recorded, and before one was taken, have one order each (%s)',
  async (_, heartbeatTimeoutMs) => {
    club = await EventsClub.open(
      async (options) => {
        const house = await startPasserelle({ ...options, worker: false });
        worker = new MortalWorker(house);
        await worker.start();
        return house;
      },
      { options: { connection: { settings: { live: { heartbeatTimeoutMs } } } } },
    );
    const { control } = club.house.sandbox;
    const placing = { system: 'yoplanning', resource: 'order', kind: 'create', times: 1 } as const;
    await control.addFault({ ...placing, action: slow });
    await control.addFault({ ...placing, skip: 1, action: { do: 'timeout', effect: 'none' } });
    const ids = [await club.register([club.members[0]!]), await club.register([club.members[1]!])];
    await until(
      () => control.faults(),
      (faults) => faults.every(({ struck }) => struck > 0),
    );
    await worker.kill();
    // One of the two is there, and nobody has recorded it.
    expect(await club.orders()).toHaveLength(1);
    expect(await club.house.sql`select 1 from link where kind = 'registration' and yoplanning_id is not null`).toEqual(
      [],
    );
    await worker.start();
    await club.untilQuiet();
    for (const id of ids) expect(await club.orders(id)).toHaveLength(1);
    expect(await club.caseKinds()).toEqual([]);
  },
);
