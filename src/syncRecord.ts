/** Telling a link's workflow that something happened: it is started where it does not run. */
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { TypedSearchAttributes } from '@temporalio/common';
import type { ConnectionConfig } from './config/schema.js';
import type { Scope, SystemName } from './core/record.js';
import { isLiveWorkflow, liveWorkflowType } from './liveWorkflows.js';
import {
  answeredSignal,
  changedSignal,
  resumeRecordSignal,
  syncRecordId,
  type SyncRecordInput,
} from '../workflows/syncRecord.messages.js';
import { connectionKey } from '../workflows/searchAttributes.js';

/** Where and with which settings a connection's records are synchronised. */
export interface LiveTarget {
  readonly client: Client;
  /** The configuration's `temporal.liveTaskQueue`. */
  readonly liveTaskQueue: string;
  readonly scope: Scope;
  readonly connection: Pick<ConnectionConfig, 'live'>;
}

/** Says that events gathered in the inbox. Repeatable: the workflow looks into the inbox, and finds nothing the second time. */
export async function signalChanged(
  target: LiveTarget,
  linkId: string,
  gathered: Readonly<Record<SystemName, number>>,
): Promise<void> {
  await target.client.workflow.signalWithStart(liveWorkflowType(target.scope.kind), {
    ...startOptions(target, linkId),
    signal: changedSignal,
    signalArgs: [gathered],
  });
}

/** Says that a person answered a case of this link. Repeatable. */
export async function signalAnswered(target: LiveTarget, linkId: string, caseId: number): Promise<void> {
  await target.client.workflow.signalWithStart(liveWorkflowType(target.scope.kind), {
    ...startOptions(target, linkId),
    signal: answeredSignal,
    signalArgs: [{ caseId }],
  });
}

/**
 * Tells a connection's records that had stopped, or that wait for its budget, to look again. Repeatable: one whose connection is still refused stops again, at the cost
 * of a look, and of no request where the credential is stopped.
 *
 * @returns how many were told
 */
export async function resumeStoppedRecords(
  client: { readonly workflow: Pick<Client['workflow'], 'getHandle' | 'list'> },
  connectionId: string,
): Promise<number> {
  const query = `${isLiveWorkflow} AND ExecutionStatus = 'Running' AND PasserelleConnection = '${connectionId}' AND PasserelleState IN ('stopped', 'waitingForBudget')`;
  let told = 0;
  for await (const { workflowId } of client.workflow.list({ query })) {
    try {
      await client.workflow.getHandle(workflowId).signal(resumeRecordSignal);
      told += 1;
    } catch (error) {
      // It runs no more.
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    }
  }
  return told;
}

/**
 * Tells every record of a connection that runs to look again. Where the workers' configuration does not have the connection any more, each
 * ends in good order.
 *
 * @returns how many ran
 */
export async function wakeRecords(
  client: { readonly workflow: Pick<Client['workflow'], 'getHandle' | 'list'> },
  connectionId: string,
): Promise<number> {
  const query = `${isLiveWorkflow} AND ExecutionStatus = 'Running' AND PasserelleConnection = '${connectionId}'`;
  let running = 0;
  for await (const { workflowId } of client.workflow.list({ query })) {
    const handle = client.workflow.getHandle(workflowId);
    try {
      await handle.signal(changedSignal, { yapla: 0, yoplanning: 0 });
      await handle.signal(resumeRecordSignal);
      running += 1;
    } catch (error) {
      // It runs no more.
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    }
  }
  return running;
}

/** A worker that is merely busy answers within it, with two local attempts in the task. */
const shortestTaskTimeoutMs = 5_000;

/**
 * So much of a workflow task's time has a local attempt. It ends before the SDK asks for more time, at four fifths, which costs three
 * events and holds what comes meanwhile back.
 */
const localShare = 0.5;

function startOptions({ liveTaskQueue, scope, connection }: LiveTarget, linkId: string) {
  const {
    lingerMs,
    caseCheckMs,
    stoppedRetryMs,
    maxStoppedRetryMs,
    shownWaitMs,
    heartbeatTimeoutMs,
    maxHistoryEvents,
  } = connection.live;
  // Steps that run within a workflow task send no heartbeat: that the task ends tells that their worker lives.
  const taskTimeoutMs = Math.max(heartbeatTimeoutMs, shortestTaskTimeoutMs);
  const input: SyncRecordInput = {
    ...scope,
    linkId,
    settings: {
      lingerMs,
      caseCheckMs,
      stoppedRetryMs,
      maxStoppedRetryMs,
      shownWaitMs,
      heartbeatTimeoutMs,
      localAttemptMs: taskTimeoutMs * localShare,
      maxHistoryEvents,
    },
  };
  return {
    workflowId: syncRecordId(scope, linkId),
    taskQueue: liveTaskQueue,
    workflowTaskTimeout: taskTimeoutMs,
    staticSummary: `one ${scope.kind} of ${scope.connectionId}: ${linkId}`,
    args: [input] as [SyncRecordInput],
    typedSearchAttributes: new TypedSearchAttributes([{ key: connectionKey, value: scope.connectionId }]),
  };
}
