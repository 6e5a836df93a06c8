import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { credentialOf } from '../connection.js';
import { systemNames } from '../core/record.js';
import { liftStop } from '../store/budgetState.js';
import type { Sql } from '../store/database.js';
import { bulkSyncId, resumeSignal } from '../../workflows/bulkSync.messages.js';
import { resumeRecordSignal } from '../../workflows/syncRecord.messages.js';

/** What went on. */
export interface Resumed {
  /** Whether a bulk sync runs, paused or stopped or not. */
  readonly bulkSync: boolean;
  /** Workflows of single records that had stopped. */
  readonly records: number;
}

/**
 * A person says that what stopped the connection is mended: its requests may be sent again, and whatever waited goes on at once.
 * Repeatable.
 */
export async function resumeConnection(
  { client, sql }: { readonly client: Client; readonly sql: Sql },
  connectionId: string,
): Promise<Resumed> {
  for (const system of systemNames) await liftStop(sql, credentialOf(connectionId, system));
  const bulkSync = await signalled(() => client.workflow.getHandle(bulkSyncId(connectionId)).signal(resumeSignal));
  const query = `WorkflowType = 'syncRecord' AND ExecutionStatus = 'Running' AND PasserelleConnection = '${connectionId}' AND PasserelleState = 'stopped'`;
  let records = 0;
  for await (const { workflowId } of client.workflow.list({ query })) {
    if (await signalled(() => client.workflow.getHandle(workflowId).signal(resumeRecordSignal))) records += 1;
  }
  return { bulkSync, records };
}

/** @returns false where the workflow runs no more */
async function signalled(signal: () => Promise<void>): Promise<boolean> {
  try {
    await signal();
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}
