/** All that Temporal and the log are told of a connection, as text: what tests of privacy look through. */
import { toldKinds, liveWorkflowType } from '../../src/liveWorkflows.js';
import { recordProgressQuery } from '../../workflows/syncRecord.messages.js';
import { historyText } from './historyText.js';
import type { TestPasserelle } from './passerelle.js';

/** Types of the workflows of single records: these answer the query. */
const live: readonly string[] = toldKinds.map(liveWorkflowType);

/** Log lines of this process, and of every run of the connection's workflows: history, search attributes, memo, and what the query of a record's answers. */
export async function everythingSaid({ client, connectionId, logLines }: TestPasserelle): Promise<string> {
  const texts: string[] = [...logLines];
  const query = `PasserelleConnection = '${connectionId}'`;
  for await (const { workflowId, runId, type, typedSearchAttributes, memo } of client.workflow.list({ query })) {
    const handle = client.workflow.getHandle(workflowId, runId);
    texts.push(workflowId, JSON.stringify([typedSearchAttributes.getAll(), memo]), await historyText(handle));
    if (live.includes(type)) texts.push(JSON.stringify(await handle.query(recordProgressQuery)));
  }
  return texts.join('\n');
}
