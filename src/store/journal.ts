/** The tables `journal` and `journal_outcome`, append-only: what every write was going to overwrite, and what became of it. */
import type { Json } from '../core/document.js';
import type { CanonicalFields, FieldName, Scope, SystemName } from '../core/record.js';
import { jsonTexts, type Sql, type Transaction } from './database.js';

export interface JournalEntry {
  readonly linkId: string;
  readonly system: SystemName;
  /** Null for a record that is about to be created by the system itself. */
  readonly externalId: string | null;
  readonly field: string;
  /** The value as it stood in the system's document, so that it can be put back to the letter. */
  readonly oldValue: Json | null;
  readonly newValue: string | null;
  /** Whose value it is: the other system, or a person. */
  readonly origin: SystemName | 'person';
  readonly reason: string;
  /** Names one write, however often it is tried. */
  readonly writeId: string;
}

/** Records what is about to be overwritten. Must be committed before the write is sent. Repeatable: one entry a write and field. */
export async function recordIntended(
  sql: Sql | Transaction,
  scope: Scope,
  entries: readonly JournalEntry[],
): Promise<void> {
  if (entries.length === 0) return;
  await sql`
    insert into journal (connection_id, kind, link_id, system, external_id, field, old_value, new_value, origin, reason, write_id)
    select ${scope.connectionId}, ${scope.kind}, r."linkId", r.system, r."externalId", r.field, r."oldValue"::json,
           r."newValue", r.origin, r.reason, r."writeId"
      from rows from (
             json_to_recordset(${JSON.stringify(entries.map(({ oldValue: _, ...entry }) => entry))}::text::json) as (
               "linkId" text, system text, "externalId" text, field text, "newValue" text, origin text, reason text, "writeId" text),
             unnest(${jsonTexts(entries.map((entry) => entry.oldValue))}::text[])
           ) as r("linkId", system, "externalId", field, "newValue", origin, reason, "writeId", "oldValue")
    on conflict (connection_id, kind, write_id, system, field) do nothing`;
}

export interface JournalOutcome {
  readonly writeId: string;
  readonly system: SystemName;
  readonly outcome: 'written' | 'abandoned';
  /** The request that wrote, in the request log; null where a retry found the values in place already. */
  readonly requestId: string | null;
}

/** Records what became of writes to links: every entry of each. Repeatable: the first outcome stands. */
export async function recordOutcomes(
  sql: Sql | Transaction,
  scope: Scope,
  outcomes: readonly (JournalOutcome & { readonly linkId: string })[],
): Promise<void> {
  if (outcomes.length === 0) return;
  await sql`
    insert into journal_outcome (journal_id, outcome, request_id)
    select j.id, r.outcome, r."requestId"
      from json_to_recordset(${JSON.stringify(outcomes)}::text::json)
        as r("linkId" text, "writeId" text, system text, outcome text, "requestId" text)
     -- "offset 0" keeps this a look-up in the index for each of a few writes: PostgreSQL takes them for a hundred, and would rather
     -- read the whole journal. The link is named too, so that a plan made for an empty journal serves a full one whichever of its two
     -- indexes it looks in.
     cross join lateral (select id from journal
       where connection_id = ${scope.connectionId} and kind = ${scope.kind} and link_id = r."linkId" and write_id = r."writeId"
         and system = r.system offset 0) j
    on conflict (journal_id) do nothing`;
}

/**
 * How often our own writes gave a link's fields the values that they are about to get, within the window that ends now: in whichever
 * system. What became of a write does not matter, but that it was sent.
 *
 * @returns times by field; fields that never were are left out
 */
export async function timesWritten(
  sql: Sql,
  scope: Scope,
  linkId: string,
  values: Readonly<Record<string, string | null>>,
  windowMs: number,
): Promise<Map<string, number>> {
  const wanted = Object.entries(values).map(([field, value]) => ({ field, value }));
  const rows = await sql<{ field: string; n: number }[]>`
    select j.field, count(*)::int as n
      from json_to_recordset(${JSON.stringify(wanted)}::text::json) as w(field text, value text)
      join journal j on j.connection_id = ${scope.connectionId} and j.kind = ${scope.kind} and j.link_id = ${linkId} and j.field = w.field
                    and j.new_value is not distinct from w.value
      join journal_outcome o on o.journal_id = j.id and o.outcome = 'written' and o.request_id is not null
     where j.at > now() - ${windowMs} * interval '1 millisecond'
     group by j.field`;
  return new Map(rows.map(({ field, n }) => [field, n]));
}

/** What our own last write to a field of a record replaced. */
export interface Replaced {
  readonly field: string;
  /** As it stood in the system's document. */
  readonly oldValue: Json;
}

/**
 * What our own writes to a record replaced within the window that ends now, if nothing was stored of the record since the last of them:
 * until then nobody but us says that it holds what was written.
 */
export async function replacedUnseen(
  sql: Sql,
  scope: Scope,
  record: { readonly linkId: string; readonly system: SystemName; readonly id: string },
  windowMs: number,
): Promise<Replaced[]> {
  const { linkId, system, id } = record;
  return await sql<Replaced[]>`
    with own as (
      select distinct on (j.field) j.field, j.old_value, o.at
        from journal j
        join journal_outcome o on o.journal_id = j.id and o.outcome = 'written'
       where j.connection_id = ${scope.connectionId} and j.kind = ${scope.kind} and j.link_id = ${linkId} and j.system = ${system}
         and j.external_id = ${id} and o.at > now() - ${windowMs} * interval '1 millisecond'
         -- What an import brought its system itself has shown.
         and coalesce(o.request_id, '') not like 'import/%'
       order by j.field, j.id desc
    )
    select field, old_value as "oldValue" from own
     where not exists (select 1 from reading s
                        where s.connection_id = ${scope.connectionId} and s.kind = ${scope.kind} and s.system = ${system} and s.external_id = ${id}
                          and s.read_at > (select max(at) from own))`;
}

/* Where values came from: when each record was read, and what our own writes did to a field. For those who answer a case. */

/** A record as we know it now. */
export interface KnownRecord {
  readonly system: SystemName;
  readonly id: string;
  readonly fields: CanonicalFields;
  /** When we last read it. */
  readonly readAt: Date;
  /** When it was modified there, where the system says so. */
  readonly modifiedAt: Date | null;
  /** Proven gone since then; the fields are those it had last. */
  readonly goneAt: Date | null;
}

/** Records by id, those that are gone too. One that we never read is left out. In the order of their ids. */
export async function knownRecords(
  sql: Sql,
  scope: Scope,
  ids: Readonly<Record<SystemName, readonly string[]>>,
): Promise<KnownRecord[]> {
  return await sql<KnownRecord[]>`
    select system, external_id as id, fields, read_at as "readAt", modified_at as "modifiedAt", gone_at as "goneAt"
      from known_record
     where connection_id = ${scope.connectionId} and kind = ${scope.kind}
       and ((system = 'yapla' and external_id = any(${ids.yapla}))
         or (system = 'yoplanning' and external_id = any(${ids.yoplanning})))
     order by system, external_id`;
}

/** One of our writes to a field. */
export interface FieldWrite {
  readonly system: SystemName;
  /** As it stood in the system's document. */
  readonly oldValue: Json | null;
  readonly newValue: string | null;
  /** Whose value was written: a system's, or a person's. */
  readonly origin: string;
  readonly reason: string;
  readonly at: Date;
  /** Null: a crash cut it off, and nobody knows yet whether it was sent. */
  readonly outcome: 'written' | 'abandoned' | null;
  /** The request that wrote. */
  readonly requestId: string | null;
}

/** Our last writes to a field of a link, newest first, at most `perSystem` to each system; those that were abandoned are left out. */
export async function lastWrites(
  sql: Sql,
  scope: Scope,
  linkId: string,
  field: FieldName,
  perSystem: number,
): Promise<FieldWrite[]> {
  return await sql<FieldWrite[]>`
    select system, old_value as "oldValue", new_value as "newValue", origin, reason, at, outcome, request_id as "requestId"
      from (select j.*, o.outcome, o.request_id, row_number() over (partition by j.system order by j.id desc) as nth
              from journal j left join journal_outcome o on o.journal_id = j.id
             where j.connection_id = ${scope.connectionId} and j.kind = ${scope.kind} and j.link_id = ${linkId} and j.field = ${field}
               and o.outcome is distinct from 'abandoned') w
     where nth <= ${perSystem} order by id desc`;
}
