/** A worker that dies with people in hand: another takes them up as soon as no sign of life has come, and nothing is written twice. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { defaultFailureConverter, defaultPayloadConverter, TimeoutFailure } from '@temporalio/common';
import { syncRecordId } from '../../workflows/syncRecord.messages.js';
import { localAttempt } from '../../src/replay/localAttempt.js';
import { readHistory } from '../../src/replay/history.js';
import { recordTotals, until, untilHolds, untilQuiet } from '../helpers/live.js';
import { MortalWorker } from '../helpers/mortalWorker.js';
import { startPasserelle, type TestPasserelle } from '../helpers/passerelle.js';

const people = { seed: 17, yapla: 0, yoplanning: 0, shared: 3, differing: 0 };
/** Far beyond the heartbeat time-out of tests: whoever waits for such an answer is there when it is looked for. */
const slow = { do: 'slow', ms: 7_000 } as const;

let house: TestPasserelle;
let worker: MortalWorker | null = null;

afterEach(async () => {
  await worker?.kill();
  worker = null;
  await house.stop();
});

interface Linked {
  readonly linkId: string;
  readonly yapla: string;
  readonly yoplanning: string;
}

/** Three people in both systems, linked, and the receiver listens. */
async function begin(): Promise<[Linked, Linked, Linked]> {
  await (await house.startBulk()).result();
  await house.startReceiver();
  await house.sandbox.control.resetCounts();
  const rows = await house.sql<Linked[]>`
    select link_id as "linkId", yapla_id as yapla, yoplanning_id as yoplanning from link
     where connection_id = ${house.connectionId} order by link_id`;
  expect(rows).toHaveLength(3);
  return [...rows] as [Linked, Linked, Linked];
}

/** Waits until every fault has struck: those requests have arrived, and none of them is answered yet. */
async function untilStruck(): Promise<void> {
  await until(
    () => house.sandbox.control.faults(),
    (faults) => faults.every(({ struck }) => struck > 0),
  );
}

interface Ran {
  readonly activity: string;
  readonly attempt: number;
  /** How the attempt before ended: the kind of its time-out, or the name of its failure; null: there was none. */
  readonly before: string | null;
}

/** The ordinary activities of a person's workflow, in order, as its history shows them. */
async function activitiesOf({ linkId }: Linked): Promise<Ran[]> {
  const { events } = await house.client.workflow.getHandle(syncRecordId(house.scope, linkId)).fetchHistory();
  const names = new Map<string, string>();
  const ran: Ran[] = [];
  for (const event of events ?? []) {
    const { activityTaskScheduledEventAttributes: scheduled, activityTaskStartedEventAttributes: started } = event;
    if (scheduled) names.set(String(event.eventId), scheduled.activityType!.name!);
    if (!started) continue;
    const { attempt, lastFailure, scheduledEventId } = started;
    const before = lastFailure ? howEnded(lastFailure) : null;
    ran.push({ activity: names.get(String(scheduledEventId))!, attempt: attempt!, before });
  }
  return ran;
}

function howEnded(failure: Parameters<typeof defaultFailureConverter.failureToError>[0]): string | null {
  const error = defaultFailureConverter.failureToError(failure, defaultPayloadConverter);
  return error instanceof TimeoutFailure ? (error.timeoutType ?? null) : error.name;
}

const repeatedOf = async (one: Linked) => (await activitiesOf(one)).filter(({ attempt }) => attempt > 1);

async function historyOf({ linkId }: Linked) {
  return readHistory(await house.client.workflow.getHandle(syncRecordId(house.scope, linkId)).fetchHistory());
}

/** The activity that a person's workflow has under way at the server; null: none. */
async function pendingOf({ linkId }: Linked): Promise<string | null> {
  const { raw } = await house.client.workflow.getHandle(syncRecordId(house.scope, linkId)).describe();
  return raw.pendingActivities?.[0]?.activityType?.name ?? null;
}

/** Workflow tasks whose worker did not answer, and how the local attempts that are recorded ended. */
async function withinTasks(one: Linked): Promise<{ timedOut: number; local: readonly string[] }> {
  const { events } = await historyOf(one);
  const timedOut = events.filter(
    ({ type, attributes }) =>
      type === 'WorkflowTaskTimedOut' && attributes['timeoutType'] === 'TIMEOUT_TYPE_START_TO_CLOSE',
  );
  const local = events.flatMap((event) => {
    const attempt = localAttempt(event);
    return attempt === null ? [] : [`${attempt.name}: ${attempt.failure === undefined ? 'done' : 'failed'}`];
  });
  return { timedOut: timedOut.length, local };
}

interface Struck {
  readonly reading: Linked;
  readonly unwritten: Linked;
  readonly written: Linked;
}

/** One of them is being read, of one a write was lost, of one the write stands whose answer is not there yet. */
async function edited(): Promise<Struck> {
  const { control } = house.sandbox;
  const all = await begin();
  const [reading, unwritten, written] = all;
  const put = { kind: 'write', system: 'yoplanning', times: 1 } as const;
  await control.addFault({ kind: 'read', system: 'yapla', times: 1, record: reading.yapla, action: slow });
  await control.addFault({ ...put, record: unwritten.yoplanning, action: { do: 'timeout', effect: 'none' } });
  await control.addFault({ ...put, record: written.yoplanning, action: slow });
  await Promise.all(all.map(({ yapla }) => control.edit('yapla', yapla, { city: 'Rennes' })));
  await untilStruck();
  return { reading, unwritten, written };
}

async function killAndExpectOneWriteEach({ reading, unwritten, written }: Struck): Promise<void> {
  const { control } = house.sandbox;
  await worker!.kill();
  expect(await control.writes('yoplanning')).toEqual({ [written.yoplanning]: 1 });
  await worker!.start();
  const all = [reading, unwritten, written];
  for (const { yoplanning } of all) await untilHolds(house, 'yoplanning', yoplanning, { city: 'Rennes' });
  await untilQuiet(house);
  expect(await control.writes('yoplanning')).toEqual(Object.fromEntries(all.map((one) => [one.yoplanning, 1])));
  expect(await control.writes('yapla')).toEqual({});
  expect(await recordTotals(house)).toMatchObject({ cases: 0, created: 0 });
}

describe('people whose worker was killed reading, before a write and after it are taken up once it is missed, and written once', () => {
  test('where it worked on them within a workflow task', async () => {
    // Local attempts have half of it: they are under way when the worker dies.
    const live = { heartbeatTimeoutMs: 8_000 };
    house = await startPasserelle({ sandbox: { people }, worker: false, connection: { settings: { live } } });
    worker = new MortalWorker(house);
    await worker.start();
    const struck = await edited();
    await killAndExpectOneWriteEach(struck);
    const { reading, unwritten, written } = struck;
    for (const one of [reading, unwritten, written]) {
      const { timedOut, local } = await withinTasks(one);
      expect(timedOut).toBe(1);
      // Of the dead worker's attempts nothing is recorded; what it had not written is written by the other's.
      expect(local.slice(0, 2)).toEqual(['readRecord: done', 'applyDecision: done']);
      expect(await repeatedOf(one)).toEqual([]);
    }
  });

  test('where it worked on them in ordinary attempts', async () => {
    house = await startPasserelle({ sandbox: { people }, worker: false });
    worker = new MortalWorker(house);
    await worker.start();
    const struck = await edited();
    const { reading, unwritten, written } = struck;
    await until(
      () => Promise.all([reading, unwritten, written].map(pendingOf)),
      (pending) => pending.join() === 'readRecord,applyDecision,applyDecision',
    );
    await killAndExpectOneWriteEach(struck);
    const second = { attempt: 2, before: 'HEARTBEAT' };
    expect(await repeatedOf(reading)).toEqual([{ activity: 'readRecord', ...second }]);
    expect(await repeatedOf(unwritten)).toEqual([{ activity: 'applyDecision', ...second }]);
    expect(await repeatedOf(written)).toEqual([{ activity: 'applyDecision', ...second }]);
  });
});

test('an answer that takes longer than a local attempt and the heartbeat time-out is waited for, and nothing is sent again', async () => {
  house = await startPasserelle({ sandbox: { people } });
  const { control } = house.sandbox;
  const [read, written] = await begin();
  expect(slow.ms).toBeGreaterThan(2 * house.connection.live.heartbeatTimeoutMs);
  await control.addFault({ kind: 'read', system: 'yapla', times: 1, record: read.yapla, action: slow });
  await control.addFault({
    kind: 'write',
    system: 'yoplanning',
    times: 1,
    record: written.yoplanning,
    action: slow,
  });

  for (const { yapla } of [read, written]) await control.edit('yapla', yapla, { city: 'Rennes' });
  await untilStruck();
  for (const { yoplanning } of [read, written]) await untilHolds(house, 'yoplanning', yoplanning, { city: 'Rennes' });
  await untilQuiet(house);

  expect(await control.writes('yoplanning')).toEqual({ [read.yoplanning]: 1, [written.yoplanning]: 1 });
  // The ordinary attempt waits for the end of the local one that nobody waits for any more.
  const once = { attempt: 1, before: null };
  expect((await activitiesOf(read))[0]).toEqual({ activity: 'readRecord', ...once });
  expect((await activitiesOf(written))[0]).toEqual({ activity: 'applyDecision', ...once });
  for (const one of [read, written]) {
    expect((await withinTasks(one)).local).toContainEqual(expect.stringContaining('failed'));
    expect(await repeatedOf(one)).toEqual([]);
  }
  expect(await recordTotals(house)).toMatchObject({ stale: 0, cases: 0, written: { yapla: 0, yoplanning: 2 } });
});
