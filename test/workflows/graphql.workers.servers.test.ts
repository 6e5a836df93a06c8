/** Two workers, each a process of its own, with one login to Yapla: whoever of them finds its token ended, it is renewed once. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, test } from '@jest/globals';
import { createTokenStore, type StoredToken } from '../../src/store/oauthTokens.js';
import { recordWorkflows, until, untilHolds, untilQuiet } from '../helpers/live.js';
import { graphqlOf } from '../helpers/logIn.js';
import { startPasserelle, type TestPasserelle } from '../helpers/passerelle.js';

let house: TestPasserelle;
const workers: ChildProcess[] = [];
afterEach(async () => {
  for (const worker of workers.splice(0)) {
    worker.kill('SIGKILL');
    if (worker.exitCode === null && worker.signalCode === null) await once(worker, 'exit');
  }
  await house.stop();
});

const people = 12;
/** Long enough for the other worker to find the token ended, too, before it is renewed. */
const renewalMs = 500;
/** Temporal decides who takes what: so often, both are given something sooner or later. */
const mostRounds = 10;

/** Processes that worked on single people since then. */
async function tookPart(sinceMs: number): Promise<ReadonlySet<number>> {
  const pids = new Set<number>();
  for (const { workflowId, runId } of await recordWorkflows(house)) {
    const { events } = await house.client.workflow.getHandle(workflowId, runId).fetchHistory();
    for (const { eventTime, workflowTaskCompletedEventAttributes: completed } of events ?? []) {
      const atMs = Number(eventTime?.seconds ?? 0) * 1_000 + (eventTime?.nanos ?? 0) / 1_000_000;
      if (completed && atMs >= sinceMs) pids.add(Number.parseInt(completed.identity ?? '', 10));
    }
  }
  return pids;
}

test('send one request for a new token each time that both find the old one ended', async () => {
  house = await startPasserelle({
    sandbox: { people: { seed: 3, shared: people } },
    connection: { write: 'graphql' },
    worker: false,
    live: true,
  });
  for (let nth = 0; nth < 2; nth += 1) workers.push(await house.startWorkerProcess());
  await (await house.startBulk()).result();
  const { control } = house.sandbox;
  const linked = await house.sql<{ yapla: string; yoplanning: string }[]>`
    select yapla_id as yapla, yoplanning_id as yoplanning from link
     where connection_id = ${house.connectionId} and yapla_id is not null and yoplanning_id is not null`;
  expect(linked.length).toBeGreaterThanOrEqual(people);
  await control.addFault({ system: 'yapla', kind: 'session', action: { do: 'slow', ms: renewalMs } });
  const store = createTokenStore(house.sql, house.connectionId, graphqlOf(house.connection).oauth);
  const version = async () => ((await store.read()) as StoredToken).version;

  for (let round = 1; ; round += 1) {
    await untilQuiet(house);
    const before = await version();
    await control.resetCounts();
    await control.expireSessions();
    const sinceMs = Date.now();
    const city = `Brest ${round}`;
    await Promise.all(linked.map(({ yoplanning }) => control.edit('yoplanning', yoplanning, { city })));
    for (const { yapla } of linked) await untilHolds(house, 'yapla', yapla, { city });
    await untilQuiet(house);
    expect((await control.counts()).yapla.byKind.session).toBe(1);
    expect(await version()).toBe(before + 1);
    const pids = await tookPart(sinceMs);
    if (workers.every(({ pid }) => pids.has(pid!))) break;
    expect(round).toBeLessThan(mostRounds);
  }
  const [row] = await house.sql<{ stopped: string | null }[]>`
    select stopped_reason as stopped from budget where ${house.connectionId} = any(connections) and credential like 'yapla:%'`;
  expect(row!.stopped).toBeNull();
  await until(
    async () =>
      (
        await house.client.workflow.count(
          `PasserelleConnection = '${house.connectionId}' AND PasserelleState = 'stopped' AND ExecutionStatus = 'Running'`,
        )
      ).count,
    (n) => n === 0,
  );
});
