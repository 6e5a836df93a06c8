/** Starting the `deriveFacts` workflow of each connection that derives facts, for workers. */
import {
  type Client,
  WorkflowExecutionAlreadyStartedError,
  WorkflowIdConflictPolicy,
  WorkflowIdReusePolicy,
} from '@temporalio/client';
import { TypedSearchAttributes } from '@temporalio/common';
import { factRulesOf } from './config/events.js';
import type { Config } from './config/schema.js';
import { connectionKey } from '../workflows/searchAttributes.js';
import type { deriveFacts } from '../workflows/deriveFacts.js';
import { deriveFactsId } from '../workflows/deriveFacts.messages.js';

/** Connections of which a field takes a fact. */
export function derivingConnections(connections: Config['connections']): string[] {
  return Object.entries(connections).flatMap(([id, connection]) => (factRulesOf(connection) === null ? [] : [id]));
}

/** Starts a connection's timer, unless it runs. Repeatable; each worker does it when it starts. @returns whether it was started now */
export async function ensureFacts(client: Client, taskQueue: string, connectionId: string): Promise<boolean> {
  try {
    await client.workflow.start<typeof deriveFacts>('deriveFacts', {
      workflowId: deriveFactsId(connectionId),
      taskQueue,
      args: [{ connectionId }],
      workflowIdConflictPolicy: WorkflowIdConflictPolicy.FAIL,
      workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
      typedSearchAttributes: new TypedSearchAttributes([{ key: connectionKey, value: connectionId }]),
      staticSummary: `facts about people of ${connectionId}`,
    });
    return true;
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    return false;
  }
}
