/** The tables `journal` and `journal_outcome`, append-only: what every write was going to overwrite, and what became of it. */
import type { SystemName } from '../core/record.js';
import type { Sql, Transaction } from './database.js';

export interface JournalEntry {
  readonly linkId: string;
  readonly system: SystemName;
  /** Null for a record that is about to be created by the system itself. */
  readonly externalId: string | null;
  readonly field: string;
  readonly oldValue: string | null;
  readonly newValue: string | null;
  /** Whose value it is: the other system, or a person. */
  readonly origin: SystemName | 'person';
  readonly reason: string;
  /** Names one write, however often it is tried. */
  readonly writeId: string;
}

/** Records what is about to be overwritten. Must be committed before the write is sent. Repeatable: one entry a write and field. */
export async function recordIntended(sql: Sql | Transaction, connectionId: string, entries: readonly JournalEntry[]): Promise<void> {
  if (entries.length === 0) return;
  await sql`
    insert into journal (connection_id, link_id, system, external_id, field, old_value, new_value, origin, reason, write_id)
    select ${connectionId}, r."linkId", r.system, r."externalId", r.field, r."oldValue", r."newValue", r.origin, r.reason, r."writeId"
      from json_to_recordset(${JSON.stringify(entries)}::text::json)
        as r("linkId" text, system text, "externalId" text, field text, "oldValue" text, "newValue" text, origin text, reason text, "writeId" text)
    on conflict (connection_id, write_id, system, field) do nothing`;
}

/** Records what became of a write: every entry of it on that system. Repeatable: the first outcome stands. */
export async function recordOutcome(
  sql: Sql | Transaction,
  connectionId: string,
  write: { readonly writeId: string; readonly system: SystemName; readonly outcome: 'written' | 'abandoned'; readonly requestId: string | null },
): Promise<void> {
  await sql`
    insert into journal_outcome (journal_id, outcome, request_id)
    select id, ${write.outcome}, ${write.requestId} from journal
     where connection_id = ${connectionId} and write_id = ${write.writeId} and system = ${write.system}
    on conflict (journal_id) do nothing`;
}
