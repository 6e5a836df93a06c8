/** People's workflows that wait for a credential show it, with its time, and go on as soon as it may be used again. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { resumeConnection } from '../../src/cli/resume.js';
import { credentialsOf } from '../../src/connection.js';
import { liftStop, seenStops } from '../../src/store/budgetStops.js';
import { syncRecordId, type RecordProgress } from '../../workflows/syncRecord.messages.js';
import { until, untilHolds } from '../helpers/live.js';
import { startPasserelle, type TestPasserelle } from '../helpers/passerelle.js';

const people = { seed: 14, yapla: 0, yoplanning: 0, shared: 4, differing: 0 };
const hourMs = 3_600_000;

interface Link {
  readonly linkId: string;
  readonly yapla: string;
  readonly yoplanning: string;
}

let house: TestPasserelle;
let links: Link[];
let credential: string;

/** Whatever is to be done within this test is done at once, or an hour later. */
const live = { debounceMs: 20, lingerMs: 1_500, stoppedRetryMs: hourMs, shownWaitMs: 60_000, wakeMs: 100 };
beforeEach(async () => {
  const breaker = { failuresInARow: 2, firstPauseMs: hourMs, longestPauseMs: hourMs };
  house = await startPasserelle({ sandbox: { people }, connection: { settings: { live } }, breaker });
  await (await house.startBulk()).result();
  await house.startReceiver();
  links = await house.sql<Link[]>`
    select link_id as "linkId", yapla_id as yapla, yoplanning_id as yoplanning from link
     where connection_id = ${house.connectionId} order by link_id`;
  credential = (await credentialsOf(house.sql, house.connection)).yoplanning;
});
afterEach(async () => await house.stop());

const workflow = ({ linkId }: Link) => house.client.workflow.getHandle(syncRecordId(house.scope, linkId));
const progressOf = async (link: Link) =>
  await workflow(link)
    .query<RecordProgress>('progress')
    .catch(() => null);
const edit = async ({ yapla }: Link) => await house.sandbox.control.edit('yapla', yapla, { city: 'Rennes' });
const arrives = async ({ yoplanning }: Link) => await untilHolds(house, 'yoplanning', yoplanning, { city: 'Rennes' });
const requests = async () => (await house.sandbox.control.counts()).yoplanning.requests;

/** As Temporal's visibility store has it, where those that wait are found. */
async function shown(state: string): Promise<number> {
  const query = `PasserelleConnection = '${house.connectionId}' AND ExecutionStatus = 'Running' AND PasserelleState = '${state}'`;
  return (await house.client.workflow.count(query)).count;
}

async function allShown(state: string): Promise<void> {
  await until(
    () => shown(state),
    (n) => n === links.length,
  );
}

describe('a 429 that asks for hours', () => {
  test('is shown with its time, is looked at again by resume without a request, and is over when it is over', async () => {
    await house.sandbox.control.addFault({ system: 'yoplanning', times: 1, action: { do: 'refuse', seconds: 7_200 } });
    const [one] = links as [Link];
    await edit(one);
    const { until: opensAt } = (await until(
      () => progressOf(one),
      (progress) => progress?.state === 'waitingForBudget',
    ))!;
    const inHours = (Date.parse(opensAt!) - Date.now()) / hourMs;
    expect(inHours).toBeGreaterThan(1.9);
    expect(inHours).toBeLessThan(2.5);
    await until(
      () => shown('waitingForBudget'),
      (n) => n === 1,
    );

    const sent = await requests();
    const { client, sql, connectionId } = house;
    const resumed = await resumeConnection({ client, sql, connections: house.config.connections }, connectionId);
    expect(resumed).toMatchObject({ records: 1, waits: [{ system: 'yoplanning' }] });
    const looks = async () =>
      ((await workflow(one).fetchHistory()).events ?? []).filter((event) => event.timerStartedEventAttributes).length;
    await until(looks, (n) => n > 1);
    expect(await requests()).toBe(sent);

    await sql`update budget set closed_until = now() where credential = ${credential}`;
    await arrives(one);
  });
});

describe('people whose system failed, and is tried again in an hour', () => {
  test('wait in the open, and all go on once one request was answered', async () => {
    const fault = await house.sandbox.control.addFault({ system: 'yoplanning', action: { do: 'status', status: 503 } });
    for (const link of links) await edit(link);
    await allShown('waitingForBudget');
    await house.sandbox.control.removeFault(fault);
    // As if the hour were over for one of them, whose request is the one that tries.
    await house.sql`update budget set probe_at = now() where credential = ${credential}`;
    await workflow(links[0]!).signal('resume');
    for (const link of links) await arrives(link);
  });
});

describe('people whose token was refused', () => {
  test('go on when the stop is lifted, by whomever: the credential is what tells', async () => {
    const fault = await house.sandbox.control.addFault({ system: 'yoplanning', action: { do: 'revoke' } });
    for (const link of links) await edit(link);
    await allShown('stopped');
    await house.sandbox.control.removeFault(fault);
    await liftStop(house.sql, credential, (await seenStops(house.sql, credential))[0]!);
    for (const link of links) await arrives(link);
  });
});
