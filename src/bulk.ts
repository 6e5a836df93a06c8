/** Starting and steering the `bulkSync` workflow, for commands and tests. */
import {
  WorkflowIdConflictPolicy,
  WorkflowIdReusePolicy,
  type Client,
  type WorkflowHandleWithFirstExecutionRunId,
} from '@temporalio/client';
import { TypedSearchAttributes } from '@temporalio/common';
import type { bulkSync } from '../workflows/bulkSync.js';
import { bulkSyncId, type BulkSyncInput } from '../workflows/bulkSync.messages.js';
import { connectionKey } from '../workflows/searchAttributes.js';

export type BulkSyncHandle = WorkflowHandleWithFirstExecutionRunId<typeof bulkSync>;

/** Starts a bulk sync, or finds the one that is running: there is one at a time for each connection. */
export async function startBulkSync(client: Client, taskQueue: string, input: BulkSyncInput): Promise<BulkSyncHandle> {
  return await client.workflow.start<typeof bulkSync>('bulkSync', {
    workflowId: bulkSyncId(input.connectionId),
    taskQueue,
    args: [input],
    workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
    workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
    typedSearchAttributes: new TypedSearchAttributes([{ key: connectionKey, value: input.connectionId }]),
    staticSummary: `bulk sync of ${input.connectionId}`,
  });
}
