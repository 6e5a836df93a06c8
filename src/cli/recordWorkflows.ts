/** What the workflows of single records (`syncRecord`) did, asked of Temporal and of the inbox: for the demo and for tests. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  isGrpcServiceError,
  ServiceError,
  type Client,
  type WorkflowExecutionInfo,
  type WorkflowHandle,
} from '@temporalio/client';
import type { SandboxControl } from '../sandbox/control.js';
import type { Sql } from '../store/database.js';
import { countPending } from '../store/inbox.js';
import {
  recordProgressQuery,
  type RecordCounts,
  type RecordResult,
  type RecordState,
} from '../../workflows/syncRecord.messages.js';
import { isLiveWorkflow } from '../liveWorkflows.js';

export interface LiveWork {
  readonly client: Client;
  readonly sql: Sql;
  readonly connectionId: string;
}

/** Workflows of single records of a connection, in whatever state; one for each run. */
export async function recordWorkflows({
  client,
  connectionId,
}: Pick<LiveWork, 'client' | 'connectionId'>): Promise<WorkflowExecutionInfo[]> {
  const found: WorkflowExecutionInfo[] = [];
  const query = `${isLiveWorkflow} AND PasserelleConnection = '${connectionId}'`;
  for await (const one of client.workflow.list({ query })) found.push(one);
  return found;
}

/** What all of them did: those that have completed, and those that still run. */
export async function recordTotals(live: Pick<LiveWork, 'client' | 'connectionId'>): Promise<RecordCounts> {
  const totals = { events: 0, echoes: 0, written: { yapla: 0, yoplanning: 0 }, created: 0, cases: 0, stale: 0 };
  for (const { workflowId, runId, status } of await recordWorkflows(live)) {
    // A run that was continued as new has handed its counts on.
    if (status.name !== 'COMPLETED' && status.name !== 'RUNNING') continue;
    const handle = live.client.workflow.getHandle(workflowId, runId);
    const { counts } =
      status.name === 'COMPLETED' ? ((await handle.result()) as RecordResult) : await handle.query(recordProgressQuery);
    totals.events += counts.events;
    totals.echoes += counts.echoes;
    totals.written.yapla += counts.written.yapla;
    totals.written.yoplanning += counts.written.yoplanning;
    totals.created += counts.created;
    totals.cases += counts.cases;
    totals.stale += counts.stale;
  }
  return totals;
}

/** In so many looks in a row nothing is to be found: a workflow that began a moment ago may not be listed by Temporal yet. */
const looks = 2;

/** How often to look: soon at first, and less often the longer it takes, for each look asks Temporal about everybody. */
const pauseMs = (waitedMs: number): number => Math.min(25 + waitedMs / 20, 250);

/**
 * Waits until every webhook of the sandbox was delivered and handled, and no record's workflow has anything left to do but to linger,
 * or to wait for a person.
 *
 * @throws {Error} what is still going on after `timeoutMs`
 */
export async function untilQuiet(
  live: LiveWork,
  control: Pick<SandboxControl, 'settled' | 'webhooks'>,
  timeoutMs = 60_000,
): Promise<void> {
  const began = Date.now();
  const emitted = async () => {
    const { yapla, yoplanning } = await control.webhooks();
    return yapla.emitted + yoplanning.emitted;
  };
  let rested = 0;
  for (;;) {
    const before = await emitted();
    await control.settled();
    // What was written meanwhile has made webhooks of its own.
    rested = (await isAtRest(live)) && (await emitted()) === before ? rested + 1 : 0;
    if (rested === looks) return;
    const waitedMs = Date.now() - began;
    if (waitedMs > timeoutMs)
      throw new Error(`still going on after ${timeoutMs} ms: ${(await goingOn(live)).join(', ')}`);
    await sleep(pauseMs(waitedMs));
  }
}

/** `recovering`: the server asks no workflow whose task is being made again, after its worker died in it several times; or no worker answered in time. */
async function stateOf(handle: WorkflowHandle): Promise<RecordState | 'recovering'> {
  try {
    return (await handle.query(recordProgressQuery)).state;
  } catch (error) {
    const cause = error instanceof ServiceError ? error.cause : error;
    if (isGrpcServiceError(cause) && unanswered.has(cause.code)) return 'recovering';
    throw error;
  }
}

/** gRPC codes (https://grpc.io/docs/guides/status-codes/) with which the server leaves a query unanswered. */
const unanswered: ReadonlySet<number> = new Set([4 /* DEADLINE_EXCEEDED */, 9 /* FAILED_PRECONDITION */]);

/**
 * What live work has still to do, in words: events and signals that wait, and workflows that neither linger nor wait for a person.
 * Empty: it has come to rest. Of links it names ids only.
 */
export async function goingOn(live: LiveWork): Promise<string[]> {
  const busy: string[] = [];
  for await (const one of busyOf(live)) busy.push(one);
  return busy;
}

/** Whether nothing is going on. Asks no further than the first that is. */
async function isAtRest(live: LiveWork): Promise<boolean> {
  const { done } = await busyOf(live).next();
  return done === true;
}

/** What is cheap to ask comes first. */
async function* busyOf(live: LiveWork): AsyncGenerator<string, undefined> {
  for (const { events, signals } of await countPending(live.sql, [live.connectionId])) {
    if (events > 0) yield `${events} events`;
    if (signals > 0) yield `${signals} signals`;
  }
  for (const { workflowId, runId, status } of await recordWorkflows(live)) {
    if (status.name !== 'RUNNING') continue;
    const state = await stateOf(live.client.workflow.getHandle(workflowId, runId));
    if (state !== 'lingering' && state !== 'waiting') yield `${workflowId} ${state}`;
  }
}
