/**
 * The table `waiting`: values that a system takes from a file which a person imports. What becomes of them once the system shows something
 * else is told in the statement that stores the record (migration 008, `judge_waiting`).
 */
import type { FieldHash, FieldName, FieldValue, Scope, SystemName } from '../core/record.js';
import type { Sql, Transaction } from './database.js';

/** A value that begins to wait, or one that is not wanted any more. */
export type WaitingChange =
  | {
      readonly is: 'waits';
      readonly system: SystemName;
      /** The empty string: the creation of the record, whose values are taken when its file is made. */
      readonly field: FieldName;
      readonly value: FieldValue;
      readonly valueHash: FieldHash;
      readonly valueForm: FieldHash | null;
      readonly seenHash: FieldHash;
      /** Of its entry in the journal. */
      readonly writeId: string;
    }
  | { readonly is: 'withdrawn'; readonly system: SystemName; readonly field: FieldName };

export type OfLink<T> = T & { readonly linkId: string };

/**
 * Records what waits of links, and what does so no more. A value that no file has yet is replaced; one that a file has stays, and the new
 * one waits for the next. The caller holds the links.
 */
export async function changeWaiting(
  tx: Transaction,
  scope: Scope,
  changes: readonly OfLink<WaitingChange>[],
): Promise<void> {
  if (changes.length === 0) return;
  const waits = changes.flatMap((one) => (one.is === 'waits' ? [one] : []));
  const named = changes.map(({ linkId, system, field }) => ({ linkId, system, field }));
  // What is replaced was never sent.
  const abandoning = tx`
    insert into journal_outcome (journal_id, outcome)
    select j.id, 'abandoned'
      from json_to_recordset(${JSON.stringify(named)}::text::json) as r("linkId" text, system text, field text)
      join waiting w on w.connection_id = ${scope.connectionId} and w.kind = ${scope.kind} and w.link_id = r."linkId" and w.system = r.system
                    and w.field = r.field and w.batch is null and w.ended is null
      join journal j on j.connection_id = w.connection_id and j.kind = w.kind and j.link_id = w.link_id and j.write_id = w.write_id
                    and j.system = w.system and (w.field = '' or j.field = w.field)
     where not exists (select 1 from json_to_recordset(${JSON.stringify(waits)}::text::json) as n("writeId" text) where n."writeId" = w.write_id)
    on conflict (journal_id) do nothing`;
  const withdrawing = tx`
    update waiting w set ended = 'withdrawn', ended_at = now()
      from json_to_recordset(${JSON.stringify(changes.filter((one) => one.is === 'withdrawn'))}::text::json)
        as r("linkId" text, system text, field text)
     where w.connection_id = ${scope.connectionId} and w.kind = ${scope.kind} and w.link_id = r."linkId" and w.system = r.system
       and w.field = r.field and w.batch is null and w.ended is null`;
  const waiting = tx`
    insert into waiting as w (connection_id, kind, link_id, system, field, value, value_hash, value_form, seen_hash, write_id)
    select ${scope.connectionId}, ${scope.kind}, r."linkId", r.system, r.field, r.value, r."valueHash", r."valueForm", r."seenHash", r."writeId"
      from json_to_recordset(${JSON.stringify(waits)}::text::json)
        as r("linkId" text, system text, field text, value text, "valueHash" text, "valueForm" text, "seenHash" text, "writeId" text)
    on conflict (connection_id, kind, link_id, system, field) where batch is null and ended is null
      do update set value = excluded.value, value_hash = excluded.value_hash, value_form = excluded.value_form,
                    seen_hash = excluded.seen_hash, write_id = excluded.write_id, attempts = 0`;
  await Promise.all([abandoning, withdrawing, waiting]);
}

/** How much waits of a connection, for whom, and since when. */
export interface WaitingCounts {
  /** People of whom something is in no file yet. */
  readonly collected: number;
  /** Since when, epoch milliseconds by the database's clock; null: nobody. */
  readonly sinceMs: number | null;
}

/** People of whom something waits for the next file. */
export async function countCollected(sql: Sql | Transaction, scope: Scope): Promise<WaitingCounts> {
  const [row] = await sql<WaitingCounts[]>`
    select count(distinct link_id)::int as collected, floor(extract(epoch from min(since)) * 1000)::float8 as "sinceMs"
      from waiting where connection_id = ${scope.connectionId} and kind = ${scope.kind} and batch is null and ended is null`;
  return row!;
}
