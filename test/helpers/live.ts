/** Waiting for what live propagation comes to. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowExecutionInfo } from '@temporalio/client';
import type { SystemName } from '../../src/core/record.js';
import type { Person, PersonField } from '../../src/sandbox/person.js';
import {
  recordProgressQuery,
  syncRecordId,
  type RecordCounts,
  type RecordProgress,
  type RecordResult,
} from '../../workflows/syncRecord.messages.js';
import type { TestPasserelle } from './passerelle.js';

/** Looks again and again until what it sees is accepted. @throws what was seen last, after `timeoutMs` */
export async function until<T>(look: () => Promise<T>, accept: (seen: T) => boolean, timeoutMs = 30_000): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const seen = await look();
    if (accept(seen)) return seen;
    if (Date.now() > deadline) throw new Error(`still not so after ${timeoutMs} ms: ${JSON.stringify(seen)}`);
    await sleep(20);
  }
}

/** Waits until a record of the sandbox holds a value. */
export async function untilHolds(
  { sandbox }: TestPasserelle,
  system: SystemName,
  id: string,
  wanted: Partial<Person>,
): Promise<void> {
  await until(
    async () => (await sandbox.control.record(system, id))?.person ?? null,
    (person) =>
      person !== null && Object.entries(wanted).every(([field, value]) => person[field as PersonField] === value),
  );
}

/** Workflows of single records of this connection, in whatever state. */
export async function recordWorkflows({ client, connectionId }: TestPasserelle): Promise<WorkflowExecutionInfo[]> {
  const found: WorkflowExecutionInfo[] = [];
  const query = `WorkflowType = 'syncRecord' AND PasserelleConnection = '${connectionId}'`;
  for await (const one of client.workflow.list({ query })) found.push(one);
  return found;
}

/** Waits until every webhook was delivered and handled, and no record's workflow has anything left to do but to wait for a person. */
export async function untilQuiet(house: TestPasserelle): Promise<void> {
  await house.sandbox.control.settled();
  await until(
    async () => {
      const [row] = await house.sql<{ pending: number; signals: number }[]>`
        select (select count(*)::int from inbox where handled_at is null and connection_id = ${house.connectionId}) as pending,
               (select count(*)::int from link_signal where connection_id = ${house.connectionId}) as signals`;
      const busy = [];
      for (const { workflowId, status } of await recordWorkflows(house)) {
        if (status.name !== 'RUNNING') continue;
        const { state } = await house.client.workflow.getHandle(workflowId).query(recordProgressQuery);
        if (state !== 'lingering' && state !== 'waiting') busy.push({ workflowId, state });
      }
      return { ...row!, busy };
    },
    ({ pending, signals, busy }) => pending === 0 && signals === 0 && busy.length === 0,
  );
}

export async function recordProgress(house: TestPasserelle, linkId: string): Promise<RecordProgress> {
  return await house.client.workflow.getHandle(syncRecordId(house.connectionId, linkId)).query(recordProgressQuery);
}

/** What all record workflows of the connection did, those that have completed and those that linger. */
export async function recordTotals(house: TestPasserelle): Promise<RecordCounts> {
  const totals = { events: 0, echoes: 0, written: { yapla: 0, yoplanning: 0 }, created: 0, cases: 0, stale: 0 };
  for (const { workflowId, runId, status } of await recordWorkflows(house)) {
    const handle = house.client.workflow.getHandle(workflowId, runId);
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

/** The result of the link's last workflow, once it has completed. */
export async function recordResult(house: TestPasserelle, linkId: string): Promise<RecordResult> {
  return (await house.client.workflow.getHandle(syncRecordId(house.connectionId, linkId)).result()) as RecordResult;
}

/** A person who is linked and known to both systems: their link and both ids. */
export async function linkedPerson({
  sql,
  connectionId,
}: TestPasserelle): Promise<{ linkId: string; yapla: string; yoplanning: string }> {
  const [row] = await sql<{ linkId: string; yapla: string; yoplanning: string }[]>`
    select link_id as "linkId", yapla_id as yapla, yoplanning_id as yoplanning from link
     where connection_id = ${connectionId} and yapla_id is not null and yoplanning_id is not null
     order by link_id limit 1`;
  return row!;
}
