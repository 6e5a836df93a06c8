/** Starting and waking the `mirrorCatalogue` workflow, for workers, commands and tests. */
import {
  type Client,
  WorkflowExecutionAlreadyStartedError,
  WorkflowIdConflictPolicy,
  WorkflowIdReusePolicy,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { TypedSearchAttributes } from '@temporalio/common';
import type { Config } from './config/schema.js';
import type { mirrorCatalogue } from '../workflows/mirrorCatalogue.js';
import { mirrorCatalogueId, resumeMirrorSignal } from '../workflows/mirrorCatalogue.messages.js';
import { connectionKey } from '../workflows/searchAttributes.js';

/** Connections whose catalogue is mirrored. */
export function mirroringConnections(connections: Config['connections']): string[] {
  return Object.entries(connections).flatMap(([id, { events }]) => ((events?.catalogue ?? null) === null ? [] : [id]));
}

/** Starts a connection's mirror, unless it runs. Repeatable; each worker does it when it starts. @returns whether it was started now */
export async function ensureCatalogue(client: Client, taskQueue: string, connectionId: string): Promise<boolean> {
  try {
    await client.workflow.start<typeof mirrorCatalogue>('mirrorCatalogue', {
      workflowId: mirrorCatalogueId(connectionId),
      taskQueue,
      args: [{ connectionId }],
      workflowIdConflictPolicy: WorkflowIdConflictPolicy.FAIL,
      workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
      typedSearchAttributes: new TypedSearchAttributes([{ key: connectionKey, value: connectionId }]),
      staticSummary: `catalogue of ${connectionId}`,
    });
    return true;
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    return false;
  }
}

/** Tells a connection's mirror to look at once. Repeatable. @returns whether one runs */
export async function wakeCatalogue(
  client: { readonly workflow: Pick<Client['workflow'], 'getHandle'> },
  connectionId: string,
): Promise<boolean> {
  try {
    await client.workflow.getHandle(mirrorCatalogueId(connectionId)).signal(resumeMirrorSignal);
    return true;
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    return false;
  }
}
