/** Starting and steering the `yaplaImport` workflow, for workers, commands and tests. */
import {
  type Client,
  WorkflowExecutionAlreadyStartedError,
  WorkflowIdConflictPolicy,
  WorkflowIdReusePolicy,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { ApplicationFailure, TypedSearchAttributes } from '@temporalio/common';
import type { Config } from './config/schema.js';
import { workbookMode } from './systems/yapla/workbook.js';
import { refusedType } from '../workflows/bulkSync.messages.js';
import { connectionKey } from '../workflows/searchAttributes.js';
import type { yaplaImport } from '../workflows/yaplaImport.js';
import { type ImportRefusal, yaplaImportId } from '../workflows/yaplaImport.messages.js';

/** The import does not take a message: nothing has changed. The message is a sentence for the person. */
export class ImportRefuses extends Error {
  override readonly name = 'ImportRefuses';
  constructor(
    readonly code: ImportRefusal['code'],
    text: string,
    options?: ErrorOptions,
  ) {
    super(text, options);
  }
}

/** Nobody collects for this connection: no worker has started it. */
export class NoImport extends Error {
  override readonly name = 'NoImport';
  constructor(connectionId: string, options?: ErrorOptions) {
    super(
      `nothing collects changes of ${connectionId} for import files: start a worker ("passerelle start", or "passerelle worker") with yapla.write.mode: workbook`,
      options,
    );
  }
}

/** The message is with Temporal, and no worker took it in time: it may be taken yet. */
export class NoImportWorker extends Error {
  override readonly name = 'NoImportWorker';
  constructor(connectionId: string, options?: ErrorOptions) {
    super(
      `no worker answered for the imports of ${connectionId}. See whether "passerelle start" (or "passerelle worker") is running; then "passerelle status ${connectionId}" shows whether this was taken.`,
      options,
    );
  }
}

/** So long a person waits for an answer: a file of many people takes some seconds to be made. */
const answerMs = 60_000;

/** Connections whose changes are collected for files. */
export function importingConnections(connections: Config['connections']): string[] {
  return Object.entries(connections).flatMap(([id, { yapla }]) => (workbookMode(yapla) === null ? [] : [id]));
}

/** Starts a connection's imports, unless they run. Repeatable; each worker does it when it starts. @returns whether they were started now */
export async function ensureImport(client: Client, taskQueue: string, connectionId: string): Promise<boolean> {
  try {
    await client.workflow.start<typeof yaplaImport>('yaplaImport', {
      workflowId: yaplaImportId(connectionId),
      taskQueue,
      args: [{ connectionId }],
      workflowIdConflictPolicy: WorkflowIdConflictPolicy.FAIL,
      workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
      typedSearchAttributes: new TypedSearchAttributes([{ key: connectionKey, value: connectionId }]),
      staticSummary: `import files of ${connectionId}`,
    });
    return true;
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    return false;
  }
}

/**
 * Sends an update to a connection's imports and waits for its answer.
 *
 * @throws {ImportRefuses} {@link NoImport} {@link NoImportWorker}
 */
export async function tellImport<Answer>(
  client: Client,
  connectionId: string,
  send: () => Promise<Answer>,
): Promise<Answer> {
  try {
    return await client.withDeadline(Date.now() + answerMs, send);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) throw new NoImport(connectionId, { cause: error });
    if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError)
      throw new NoImportWorker(connectionId, { cause: error });
    const cause = error instanceof WorkflowUpdateFailedError ? error.cause : null;
    if (!(cause instanceof ApplicationFailure) || cause.type !== refusedType) throw error;
    const [refusal] = cause.details as [ImportRefusal];
    throw new ImportRefuses(refusal.code, refusal.text, { cause: error });
  }
}
