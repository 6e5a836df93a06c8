/** Waiting for what live propagation comes to. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Scope, SystemName } from '../../src/core/record.js';
import type { Person, PersonField } from '../../src/sandbox/person.js';
import {
  recordProgressQuery,
  syncRecordId,
  type RecordProgress,
  type RecordResult,
} from '../../workflows/syncRecord.messages.js';
import { untilQuiet as whenQuiet } from '../../src/cli/recordWorkflows.js';
import type { TestPasserelle } from './passerelle.js';

export { recordTotals, recordWorkflows } from '../../src/cli/recordWorkflows.js';

/** A limit for what hangs, not a measure: attempts wait for each other for seconds where the machine is busy. */
const hungMs = 120_000;

/** Looks again and again until what it sees is accepted, less often the longer it takes. @throws what was seen last, after `timeoutMs` */
export async function until<T>(look: () => Promise<T>, accept: (seen: T) => boolean, timeoutMs = hungMs): Promise<T> {
  const began = Date.now();
  for (;;) {
    const seen = await look();
    if (accept(seen)) return seen;
    const waitedMs = Date.now() - began;
    if (waitedMs > timeoutMs) throw new Error(`still not so after ${timeoutMs} ms: ${JSON.stringify(seen)}`);
    await sleep(Math.min(20 + waitedMs / 20, 200));
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

/** Waits until no webhook, no event and no record's workflow has anything left to do but to linger, or to wait for a person. */
export async function untilQuiet(house: TestPasserelle): Promise<void> {
  await whenQuiet(house, house.sandbox.control, hungMs);
}

/** @param scope of the record; left out: the house's people */
export async function recordProgress(
  house: TestPasserelle,
  linkId: string,
  scope: Scope = house.scope,
): Promise<RecordProgress> {
  return await house.client.workflow.getHandle(syncRecordId(scope, linkId)).query(recordProgressQuery);
}

/** The result of the link's last workflow, once it has completed. */
export async function recordResult(house: TestPasserelle, linkId: string): Promise<RecordResult> {
  return (await house.client.workflow.getHandle(syncRecordId(house.scope, linkId)).result()) as RecordResult;
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
