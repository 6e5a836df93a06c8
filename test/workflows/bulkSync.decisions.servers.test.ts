/** What becomes of a plan that waits: decided by a person, too old, or superseded by a newer sync. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { NoBulkSync, NoWorkerAnswers, startBulkSync, tellBulkSync, type Met } from '../../src/bulk.js';
import { decidePlan, planDecision } from '../../src/cli/decidePlan.js';
import { findPlan } from '../../src/store/plans.js';
import { bulkSyncId, pauseUpdate, progressQuery, resumeUpdate } from '../../workflows/bulkSync.messages.js';
import { untilProgress } from '../helpers/bulkSync.js';
import { expectProven } from '../helpers/books.js';
import { historyText } from '../helpers/historyText.js';
import { neighbours } from '../helpers/neighbours.js';
import { startPasserelle, type TestPasserelle } from '../helpers/passerelle.js';

const startNeighbour = neighbours();

const people = { seed: 23, yapla: 3, yoplanning: 2, shared: 6, differing: 2 };

let house: TestPasserelle;
afterEach(async () => await house.stop());

const waits = ({ phase }: { readonly phase: string }) => phase === 'waitingForApproval';

/** A bulk sync whose plan waits for a person. */
async function waiting(bulk: object = {}) {
  house = await startNeighbour({
    sandbox: { people },
    connection: { settings: { bulk: { autoApprove: false, ...bulk } } },
  });
  const handle = await house.startBulk();
  const { plan } = await untilProgress(handle, waits);
  return { handle, plan: plan!.number };
}

const by = 'Odile Kerjean';
const decide = async (verb: 'approve' | 'reject', plan: number) => {
  const { client, connectionId } = house;
  const handle = client.workflow.getHandle(bulkSyncId(connectionId));
  return await decidePlan(planDecision({ ...house, handle }, { connectionId, plan, verb, by }));
};
const stored = async (plan: number) => await findPlan(house.sql, house.scope, plan);
const proposals = async () => {
  const [row] = await house.sql<{ n: number }[]>`
    select count(*)::int as n from link where connection_id = ${house.connectionId} and state = 'proposed'`;
  return row!.n;
};

describe('a plan that a person decides about', () => {
  test('is applied in their name, which stands in the database and not in the history', async () => {
    const { handle, plan } = await waiting();
    await expect(decide('approve', plan + 1)).rejects.toThrow(`${house.connectionId} has no plan ${plan + 1}`);
    expect(await decide('approve', plan)).toBe(`Plan 1: approved by ${by}.`);
    expect(await handle.result()).toMatchObject({ outcome: 'applied', differences: 0 });
    expect(await stored(plan)).toMatchObject({ status: 'applied', approvedBy: by });
    expect(await historyText(handle)).not.toContain('Kerjean');
    await expectProven(house);
  });

  test('is not decided twice: whoever comes second is told why, by the run or, once it has ended, by the store', async () => {
    const { handle, plan } = await waiting();
    const verbs = ['approve', 'reject'] as const;
    const answers = await Promise.all(
      verbs.map((verb) => decide(verb, plan).catch((error: unknown) => (error as Error).message)),
    );
    const first = answers.findIndex((answer) => answer.startsWith('Plan 1: '));
    expect(answers[first]).toBe(`Plan 1: ${first === 0 ? 'approved' : 'rejected'} by ${by}.`);
    expect(answers[1 - first]).toMatch(/^plan 1 (was|belongs to a sync that) .* any more/);
    await handle.result();
    await expect(decide('approve', plan)).rejects.toThrow(
      new RegExp(
        `^plan 1 was (applied|rejected).*, and is not approved any more: "passerelle sync ${house.connectionId}"`,
      ),
    );
  });
});

describe('a plan that nobody approves', () => {
  test('expires, its proposals are dropped, and an approval that comes too late is refused with a sentence', async () => {
    const { handle, plan } = await waiting({ maxPlanAgeMs: 1_000 });
    expect(await handle.result()).toMatchObject({ outcome: 'expired', plan });
    expect([(await stored(plan))?.status, await proposals()]).toEqual(['expired', 0]);
    await expect(decide('approve', plan)).rejects.toThrow(
      'plan 1 waited for longer than bulk.maxPlanAgeMs allows and has expired, and is not approved any more',
    );
  });

  test('is superseded by a newer sync, which draws its own', async () => {
    const { handle, plan } = await waiting();
    const met: Met[] = [];
    const { client, connectionId, taskQueue } = house;
    const newer = await startBulkSync(client, taskQueue, { connectionId }, (one) => met.push(one));
    expect(met).toEqual(['superseded']);
    expect(await handle.result()).toMatchObject({ outcome: 'superseded', plan });
    expect((await stored(plan))?.status).toBe('superseded');
    await untilProgress(newer, waits);
    // The newer sync's own: those of the older plan are gone.
    expect(await proposals()).toBeGreaterThan(0);
    await expect(decide('approve', plan)).rejects.toThrow('plan 1 is not the one that waits: that is 2');
    expect(await decide('approve', plan + 1)).toBe(`Plan 2: approved by ${by}.`);
    expect(await newer.result()).toMatchObject({ outcome: 'applied', plan: 2, differences: 0 });
    await expectProven(house);
  });
});

describe('a bulk sync that is under way', () => {
  test('is joined, not superseded, by whoever starts another; it is paused and resumed once', async () => {
    house = await startNeighbour({
      sandbox: { people, yoplanning: { latency: { inboundMs: 20, outboundMs: 20 } } },
      connection: { settings: { bulk: { chunkItems: 1, parallelItems: 1, parallelChunks: 1 } } },
    });
    const { client, connectionId, taskQueue } = house;
    const handle = await house.startBulk();
    await untilProgress(handle, ({ phase }) => phase === 'applying');
    const tell = (update: typeof pauseUpdate) => tellBulkSync(client, connectionId, () => handle.executeUpdate(update));
    await tell(pauseUpdate);
    await expect(tell(pauseUpdate)).rejects.toThrow(`the bulk sync of ${connectionId} is paused already`);
    await untilProgress(handle, ({ state }) => state.kind === 'paused');
    const met: Met[] = [];
    const joined = await startBulkSync(client, taskQueue, { connectionId }, (one) => met.push(one));
    expect([met, joined.firstExecutionRunId]).toEqual([['underWay'], handle.firstExecutionRunId]);
    await tell(resumeUpdate);
    await expect(tell(resumeUpdate)).rejects.toThrow('is neither paused nor stopped');
    expect(await handle.result()).toMatchObject({ outcome: 'applied', plan: 1, differences: 0 });
  });

  test('several who start at the same moment while a plan waits come to one and the same newer run', async () => {
    await waiting();
    const newer = await Promise.all([1, 2, 3].map(() => house.startBulk()));
    expect(new Set(newer.map(({ firstExecutionRunId }) => firstExecutionRunId)).size).toBe(1);
    expect((await newer[0]!.query(progressQuery)).phase).not.toBe('ended');
    await untilProgress(newer[0]!, waits);
    expect(await decide('reject', 2)).toBe(`Plan 2: rejected by ${by}.`);
    expect(await newer[0]!.result()).toMatchObject({ outcome: 'rejected' });
  });
});

test('a message for a sync that does not run, or that no worker carries on, is answered by an error that says so', async () => {
  house = await startPasserelle({ sandbox: { people }, worker: false });
  const { client, connectionId } = house;
  const handle = client.workflow.getHandle(bulkSyncId(connectionId));
  const pause = () => tellBulkSync(client, connectionId, () => handle.executeUpdate(pauseUpdate), 500);
  await expect(pause()).rejects.toBeInstanceOf(NoBulkSync);
  const started = await house.startBulk();
  await expect(pause()).rejects.toBeInstanceOf(NoWorkerAnswers);
  await started.terminate();
});
