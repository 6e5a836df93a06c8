/** Starting and steering the `bulkSync` workflow, for commands and tests. */
import {
  WorkflowExecutionAlreadyStartedError,
  WorkflowFailedError,
  WorkflowIdConflictPolicy,
  WorkflowIdReusePolicy,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  type Client,
  type WorkflowHandleWithFirstExecutionRunId,
} from '@temporalio/client';
import { ApplicationFailure, TypedSearchAttributes } from '@temporalio/common';
import type { bulkSync } from '../workflows/bulkSync.js';
import {
  bulkSyncId,
  refusedType,
  supersedeUpdate,
  type BulkSyncInput,
  type Refusal,
} from '../workflows/bulkSync.messages.js';
import { connectionKey } from '../workflows/searchAttributes.js';

export type BulkSyncHandle = WorkflowHandleWithFirstExecutionRunId<typeof bulkSync>;

/** The bulk sync does not take a message: nothing has changed. The message is a sentence for the person. */
export class BulkSyncRefuses extends Error {
  override readonly name = 'BulkSyncRefuses';
  constructor(
    readonly code: Refusal['code'],
    text: string,
    options?: ErrorOptions,
  ) {
    super(text, options);
  }
}

/** There is no bulk sync that could take a message: none runs, or the one that was meant has ended. */
export class NoBulkSync extends Error {
  override readonly name = 'NoBulkSync';
  constructor(connectionId: string, options?: ErrorOptions) {
    super(`no bulk sync of ${connectionId} is running: "passerelle sync ${connectionId}" starts one`, options);
  }
}

/** The message is with Temporal, and no worker took it in time: it may be taken yet. */
export class NoWorkerAnswers extends Error {
  override readonly name = 'NoWorkerAnswers';
  constructor(connectionId: string, options?: ErrorOptions) {
    super(
      `no worker answered for the bulk sync of ${connectionId}. See whether "passerelle start" (or "passerelle worker") is running; then "passerelle progress ${connectionId}" shows whether this was taken.`,
      options,
    );
  }
}

/** So long a person waits for an answer, in milliseconds. A worker that lives answers within a moment; one that is busy, within seconds. */
const answerMs = 15_000;

/**
 * Sends an update to a bulk sync and waits for its answer.
 *
 * @param send executes the update
 * @throws {BulkSyncRefuses} {@link NoBulkSync} {@link NoWorkerAnswers}
 */
export async function tellBulkSync(
  client: Client,
  connectionId: string,
  send: () => Promise<unknown>,
  patienceMs = answerMs,
): Promise<void> {
  try {
    await client.withDeadline(Date.now() + patienceMs, send);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) throw new NoBulkSync(connectionId, { cause: error });
    if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError)
      throw new NoWorkerAnswers(connectionId, { cause: error });
    const cause = error instanceof WorkflowUpdateFailedError ? error.cause : null;
    if (!(cause instanceof ApplicationFailure) || cause.type !== refusedType) throw error;
    const [refusal] = cause.details as [Refusal];
    throw new BulkSyncRefuses(refusal.code, refusal.text, { cause: error });
  }
}

/** What a start found: a plan that waited and is superseded now, or a bulk sync that is under way and is joined. */
export type Met = 'superseded' | 'underWay';

/**
 * Starts a bulk sync. There is one at a time for each connection: one that waits for the approval of its plan ends as superseded, and a
 * new one is started; one that is under way goes on, and is what is returned.
 *
 * @throws {NoWorkerAnswers} one runs already, and nobody can tell what it is doing
 */
export async function startBulkSync(
  client: Client,
  taskQueue: string,
  input: BulkSyncInput,
  onMet: (met: Met) => void = () => undefined,
): Promise<BulkSyncHandle> {
  const { connectionId } = input;
  const start = (workflowIdConflictPolicy: WorkflowIdConflictPolicy) =>
    client.workflow.start<typeof bulkSync>('bulkSync', {
      workflowId: bulkSyncId(connectionId),
      taskQueue,
      args: [input],
      workflowIdConflictPolicy,
      workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
      typedSearchAttributes: new TypedSearchAttributes([{ key: connectionKey, value: connectionId }]),
      staticSummary: `bulk sync of ${connectionId}`,
    });
  for (;;) {
    try {
      return await start(WorkflowIdConflictPolicy.FAIL);
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
    const met = await supersede(client, connectionId);
    if (met !== null) onMet(met);
    if (met === 'underWay') return await start(WorkflowIdConflictPolicy.USE_EXISTING);
  }
}

/** Ends the running bulk sync if its plan waits. @returns null: it has ended by itself */
async function supersede(client: Client, connectionId: string): Promise<Met | null> {
  try {
    const { runId } = await client.workflow.getHandle(bulkSyncId(connectionId)).describe();
    // This run and no other: one that somebody else starts meanwhile is not ours to end.
    const running = client.workflow.getHandle(bulkSyncId(connectionId), runId);
    let met: Met | null = null;
    try {
      await tellBulkSync(client, connectionId, () => running.executeUpdate(supersedeUpdate));
      met = 'superseded';
    } catch (error) {
      if (!(error instanceof BulkSyncRefuses)) throw error;
      if (error.code === 'underWay') return 'underWay';
    }
    // It ends by itself, within a moment: to terminate it would leave its plan unmarked.
    await running.result();
    return met;
  } catch (error) {
    if (error instanceof NoBulkSync || error instanceof WorkflowNotFoundError || error instanceof WorkflowFailedError)
      return null;
    throw error;
  }
}
