/** An account that may be read and not written (403 on a write): reads go on, the other system is written, and what waits is said. */
import { afterEach, expect, test } from '@jest/globals';
import { resumeConnection } from '../../src/cli/resume.js';
import { statusOf } from '../../src/cli/statusOf.js';
import type { Fault } from '../../src/sandbox/faults.js';
import { planProgress } from '../../src/store/planItems.js';
import { untilProgress } from '../helpers/bulkSync.js';
import { expectNoTwin, expectOneWriteEach, expectProven } from '../helpers/books.js';
import { until, untilHolds } from '../helpers/live.js';
import { neighbours } from '../helpers/neighbours.js';
import type { TestPasserelle } from '../helpers/passerelle.js';

const startPasserelle = neighbours();

let house: TestPasserelle;
afterEach(async () => await house.stop());

const mayNotWrite: Fault = { system: 'yapla', kind: ['write', 'create'], action: { do: 'forbid' } };

const refusals = async () => (await house.sandbox.control.counts()).yapla.byStatus['403'] ?? 0;

const resume = async () =>
  await resumeConnection(
    { client: house.client, sql: house.sql, connections: house.config.connections },
    house.connectionId,
  );

const status = async () => await statusOf(house, house.connectionId, house.connection);

const stoppedPeople = async (n: number) => void (await until(status, ({ people }) => people.stopped === n));

async function linked(): Promise<readonly { yapla: string; yoplanning: string }[]> {
  return await house.sql<{ yapla: string; yoplanning: string }[]>`
    select yapla_id as yapla, yoplanning_id as yoplanning from link
     where connection_id = ${house.connectionId} and yapla_id is not null and yoplanning_id is not null order by link_id`;
}

test('live: one refusal stops the writes, edits go on in the other direction, no read is spent for a write, and resume brings the rest', async () => {
  house = await startPasserelle({
    sandbox: { people: { seed: 14, yapla: 0, yoplanning: 0, shared: 3, differing: 0 } },
    connection: { settings: { live: { stoppedRetryMs: 3_600_000, maxStoppedRetryMs: 3_600_000 } } },
    live: true,
  });
  await (await house.startBulk()).result();
  const [one, other] = (await linked()) as [
    { yapla: string; yoplanning: string },
    { yapla: string; yoplanning: string },
  ];
  const { control } = house.sandbox;
  const fault = await control.addFault(mayNotWrite);
  await control.edit('yoplanning', one.yoplanning, { city: 'Brest' });
  await stoppedPeople(1);
  expect(await refusals()).toBe(1);
  const { systems } = await status();
  expect(systems[0]).toMatchObject({
    system: 'yapla',
    stoppedReason: null,
    writesStoppedReason: expect.stringMatching(/^403 on .*set yapla\.write\.mode to graphql/),
  });

  // The same person, the other direction.
  await control.edit('yapla', one.yapla, { postalCode: '29200' });
  await untilHolds(house, 'yoplanning', one.yoplanning, { postalCode: '29200' });
  await stoppedPeople(1);

  // Somebody else: nothing is asked of Yapla, not even what a write reads first.
  const before = (await control.counts()).yapla.requests;
  await control.edit('yoplanning', other.yoplanning, { city: 'Quimper' });
  await stoppedPeople(2);
  expect((await control.counts()).yapla.requests).toBe(before);
  expect(await refusals()).toBe(1);

  await control.removeFault(fault);
  expect((await resume()).lifted).toMatchObject([{ system: 'yapla', stopped: 'writes' }]);
  await untilHolds(house, 'yapla', one.yapla, { city: 'Brest', postalCode: '29200' });
  await untilHolds(house, 'yapla', other.yapla, { city: 'Quimper' });
  await stoppedPeople(0);
  expect((await status()).systems[0]).toMatchObject({ writesStoppedReason: null });
});

test('in bulk: both lists are read, what goes to the other system is applied, the rest waits and is counted, and nobody is made twice', async () => {
  house = await startPasserelle({
    sandbox: { people: { seed: 5, yapla: 6, yoplanning: 9, shared: 4, differing: 5 } },
    connection: { settings: { bulk: { chunkItems: 4 } } },
  });
  const fault = await house.sandbox.control.addFault(mayNotWrite);
  const handle = await house.startBulk();
  const waiting = await untilProgress(handle, ({ state }) => state.kind === 'stopped');
  expect(waiting.state).toMatchObject({ failure: 'WritesStopped' });
  const left = (await planProgress(house.sql, waiting.plan!.id)).filter((row) => row.status === 'pending');
  const people = left.reduce((sum, { n }) => sum + n, 0);
  expect(people).toBeGreaterThanOrEqual(9);
  const reason = new RegExp(`^${people} of the plan's people wait: .*yapla\\.write\\.mode to graphql`);
  expect(waiting.state).toMatchObject({ reason: expect.stringMatching(reason) });
  const { parallelChunks, parallelItems } = house.connection.bulk;
  expect(await refusals()).toBeLessThanOrEqual(parallelChunks * parallelItems);
  // Theirs: 9 + 4 + 5; ours: 6.
  expect(await house.sandbox.control.ids('yoplanning')).toHaveLength(24);
  expect(await house.sandbox.control.ids('yapla')).toHaveLength(15);

  await house.sandbox.control.removeFault(fault);
  expect((await resume()).bulkSync).toBe('goesOn');
  expect(await handle.result()).toMatchObject({ outcome: 'applied', differences: 0 });
  expect(await house.sandbox.control.ids('yapla')).toHaveLength(24);
  await expectOneWriteEach(house);
  await expectNoTwin(house);
  await expectProven(house);
});
