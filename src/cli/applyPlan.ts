/** One bulk sync from a terminal, from start to summary: used by `sync` and by `demo`. */
import { setMaxListeners } from 'node:events';
import { personsOf } from '../core/record.js';
import { ActivityFailure, WorkflowFailedError, type Client } from '@temporalio/client';
import { BulkSyncRefuses, startBulkSync, type BulkSyncHandle } from '../bulk.js';
import { sampleItems } from '../store/planItems.js';
import type { Sql } from '../store/database.js';
import type { bulkSync } from '../../workflows/bulkSync.js';
import {
  bulkSyncId,
  progressQuery,
  type BulkOutcome,
  type BulkProgress,
  type BulkSyncInput,
  type BulkSyncResult,
  type PlanSummary,
} from '../../workflows/bulkSync.messages.js';
import { confirm } from './confirm.js';
import { decidePlan, planDecision } from './decidePlan.js';
import { followBulk, lastWord, type Watched } from './followBulk.js';
import { progressText } from './progressText.js';
import { guardText, planText } from './planText.js';
import type { Output } from './output.js';

export interface BulkRun {
  readonly client: Client;
  readonly sql: Sql;
  readonly taskQueue: string;
  readonly input: BulkSyncInput;
  readonly output: Output;
  /** Who decides about the plan; null: nobody is known, so the plan waits. */
  readonly by: string | null;
  /** They approved it before it was drawn; else they are asked on the terminal. */
  readonly approved: boolean;
  /** They were told that a plan may be over a threshold of the guard, and means it; left out: a person must look at such a plan. */
  readonly beyondGuard?: boolean;
  /** Sample lines of each kind. */
  readonly samples: number;
  /** False: one that is under way is not this one, and is not followed. Left out: it is. */
  readonly joins?: false;
  /** Says nothing but what went wrong. */
  readonly quiet?: boolean;
}

export interface BulkRunEnd {
  readonly handle: BulkSyncHandle;
  readonly result: BulkSyncResult;
  readonly plan: PlanSummary | null;
}

/** Lines that a person can take in at a glance. */
export const samplesPerKind = 4;

/**
 * @throws {PlanWaits} nobody is there to be asked
 * @throws {BulkSyncUnderWay} one runs already, and nobody watches: a cron job must not wait behind last night's for ever
 * @throws {BulkSyncFailed} it ended otherwise than by itself
 */
export async function runBulkSync(run: BulkRun): Promise<BulkRunEnd> {
  const { client, input } = run;
  const { connectionId } = input;
  const output = run.quiet === true ? silent(run.output) : run.output;
  const handle = await startBulkSync(client, run.taskQueue, input, (met) => {
    if (met === 'underWay' && (run.joins === false || !run.output.interactive))
      throw new BulkSyncUnderWay(connectionId);
    output.note(
      met === 'superseded'
        ? 'A plan waited for approval: it is dropped for a new one.'
        : `A bulk sync of ${connectionId} is under way: it is followed to its end.`,
    );
  }).catch(async (error: unknown) => {
    throw error instanceof BulkSyncUnderWay ? await withProgress(client, error) : error;
  });
  return await watching(run, handle, output, (watched) => followToItsEnd({ ...run, output }, watched));
}

/**
 * Follows the bulk sync that runs, or ran last, to its end; approves nothing.
 *
 * @throws {BulkSyncFailed} it ended otherwise than by itself
 */
export async function followRunning(
  run: Pick<BulkRun, 'client' | 'sql' | 'output'>,
  connectionId: string,
): Promise<BulkSyncResult> {
  const handle = run.client.workflow.getHandle<typeof bulkSync>(bulkSyncId(connectionId));
  return await watching(run, handle, run.output, async (watched) => {
    await followBulk(watched, () => false);
    return await endOf(watched, connectionId);
  });
}

/** Follows a bulk sync, and leaves no question of its own open. Exported for its test. */
export async function watching<Handle extends Watched['handle'], T>(
  { client, sql }: Pick<BulkRun, 'client' | 'sql'>,
  handle: Handle,
  output: Output,
  follow: (watched: Watched & { readonly handle: Handle }) => Promise<T>,
): Promise<T> {
  const watch = new AbortController();
  // The client asks for the result again and again, for days where the quota is spent.
  setMaxListeners(0, watch.signal);
  const ended = settled(client.withAbortSignal(watch.signal, () => handle.result()));
  let asked: Promise<unknown> = ended;
  // Each question has one of its own: what the client adds to a signal it never takes back.
  let asking = new AbortController();
  const ask = () => {
    asking = new AbortController();
    const progress = client.withAbortSignal(asking.signal, () => handle.query(progressQuery));
    asked = settled(progress);
    return progress;
  };
  let word: Promise<BulkProgress | null> | undefined;
  const atItsEnd = () => (word ??= lastWord(client, handle));
  try {
    return await follow({ handle, sql, output, ended, ask, atItsEnd });
  } finally {
    // Cut, because a workflow that ends under a question can leave it open for half a minute; and waited for, because the client asks again
    // after a failure, and would do so on a closed channel.
    watch.abort();
    asking.abort();
    await Promise.all([ended, asked]);
  }
}

/** The result, with a line about a plan of which nothing was applied. */
async function endOf({ handle, output }: Watched, connectionId: string): Promise<BulkSyncResult> {
  const result = await resultOf(handle, connectionId);
  const words = endWords[result.outcome];
  if (words !== undefined) output.note(`Plan ${result.plan ?? ''} ${words}: nothing of it was applied.`);
  return result;
}

async function followToItsEnd(
  run: BulkRun,
  watched: Watched & { readonly handle: BulkSyncHandle },
): Promise<BulkRunEnd> {
  const { sql, output } = run;
  const { handle } = watched;
  const { connectionId } = run.input;
  const planned = await followBulk(watched, ({ plan }) => plan !== null);
  const plan = planned?.plan ?? null;
  if (plan !== null) {
    const samples = await sampleItems(sql, personsOf(connectionId), plan.id, run.samples);
    output.print();
    output.print(planText({ ...plan, connection: connectionId, samples }, output, Date.now()));
    output.print();
    const asked = await followBulk(watched, (seen) => waits(seen) || seen.decision !== null);
    if (asked !== null && waits(asked)) await decide(run, handle, plan);
  }
  const ended = await followBulk(watched, () => false);
  return { handle, plan: ended?.plan ?? plan, result: await endOf(watched, connectionId) };
}

const endWords: Partial<Readonly<Record<BulkOutcome, string>>> = {
  expired: 'waited for approval longer than bulk.maxPlanAgeMs allows, and has expired',
  superseded: 'was superseded by a newer bulk sync',
  notConfigured: 'ended, because its connection was taken out of the configuration',
};

function waits({ phase }: BulkProgress): boolean {
  return phase === 'waitingForApproval';
}

async function settled(promise: Promise<unknown>): Promise<void> {
  await promise.catch(() => undefined);
}

async function decide(run: BulkRun, handle: BulkSyncHandle, { number, guard }: PlanSummary): Promise<void> {
  const { connectionId } = run.input;
  // The guard asks for somebody who has looked: a word that was given before the plan was drawn is no answer to it.
  const { by } = run;
  const approved = run.approved && (guard.length === 0 || run.beyondGuard === true);
  if (by === null || (!approved && !process.stdin.isTTY)) throw new PlanWaits(connectionId, number, guard);
  const yes = approved || (await confirm('Apply this plan?'));
  try {
    const what = { connectionId, plan: number, verb: yes ? 'approve' : 'reject', by } as const;
    run.output.note(await decidePlan(planDecision({ ...run, handle }, what)));
  } catch (error) {
    // Somebody else was quicker, or the plan's time was over: how it ended is told at the end.
    if (!(error instanceof BulkSyncRefuses)) throw error;
    run.output.note(error.message);
  }
}

async function resultOf(handle: Watched['handle'], connectionId: string): Promise<BulkSyncResult> {
  try {
    return await handle.result();
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    throw new BulkSyncFailed(connectionId, error);
  }
}

/** The workflow failed, or was terminated, cancelled or timed out by somebody else. */
export class BulkSyncFailed extends Error {
  override readonly name = 'BulkSyncFailed';
  constructor(connectionId: string, failure: WorkflowFailedError) {
    super(`the bulk sync of ${connectionId} did not come to its end: ${reasonOf(failure)}`, { cause: failure });
  }
}

/** What it failed with: of a step that failed, what the step failed with. Our own failures carry no values (activities/failures.ts). */
function reasonOf({ cause, message }: WorkflowFailedError): string {
  const failure = cause instanceof ActivityFailure ? (cause.cause ?? cause) : cause;
  return failure?.message ?? message;
}

/** One runs already, and goes on without us. */
export class BulkSyncUnderWay extends Error {
  override readonly name = 'BulkSyncUnderWay';
  /** @param progress what it is doing, in words */
  constructor(
    readonly connectionId: string,
    progress = '',
    options?: ErrorOptions,
  ) {
    super(
      `a bulk sync of ${connectionId} is under way already, and goes on: none was started. "passerelle progress ${connectionId} --follow" follows it.${progress}`,
      options,
    );
  }
}

/** Says what last night's run is doing, where a worker can tell: anyone who reads cron's mail sees why it is still there. */
async function withProgress(client: Client, error: BulkSyncUnderWay): Promise<BulkSyncUnderWay> {
  const { connectionId } = error;
  try {
    const progress = await client.workflow.getHandle(bulkSyncId(connectionId)).query(progressQuery);
    return new BulkSyncUnderWay(connectionId, `\n${progressText(progress)}`, { cause: error });
  } catch {
    return error;
  }
}

/** Nobody is there to be asked: the plan waits, and the workflow with it. */
export class PlanWaits extends Error {
  override readonly name = 'PlanWaits';
  constructor(connectionId: string, plan: number, guard: PlanSummary['guard'] = []) {
    const over = guard.length === 0 ? '' : ` by a person, as it is over the guard (${guard.map(guardText).join('; ')})`;
    super(
      `plan ${plan} waits for approval${over}: "passerelle approve ${connectionId} ${plan}" applies it, "passerelle reject ${connectionId} ${plan}" drops it`,
    );
  }
}

function silent(output: Output): Output {
  return { ...output, interactive: false, print: () => undefined, note: () => undefined };
}
