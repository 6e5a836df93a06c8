/** The table `shadow`: our last copy of each record, as its system returned it. */
import type { CanonicalFields, FieldHashes, SystemName } from '../core/record.js';
import type { JsonObject, SystemRecord } from '../core/document.js';
import { jsonTexts, type Sql, type Transaction } from './database.js';

/** A record as it is stored. */
export interface ShadowRow extends SystemRecord {
  readonly hashes: FieldHashes;
  /** core/match.ts matchKeys(), one for each rule in order and one for the name alone; null where the record lacks a part. */
  readonly matchKeys: readonly (string | null)[];
}

/** A shadow as decisions need it. */
export interface Shadow {
  readonly id: string;
  readonly document: JsonObject;
  readonly fields: CanonicalFields;
  readonly hashes: FieldHashes;
  readonly modifiedAt: number | null;
  readonly externalReference: string | null;
}

export interface StoringShadows {
  /** Marks them as seen by that scan's pass. */
  readonly seenBy?: { readonly scanId: number; readonly pass: number };
  /**
   * What they may replace: `any`; `gone`: only what was read and is proven gone since; or what was last stored, or proven gone, until a
   * moment, by the database's clock: a reading that was stored while this one was on its way may be the younger. Told in the statement
   * that replaces, which waits for whoever is storing the same record: to look first and replace then would miss them.
   */
  readonly replaces?: 'any' | 'gone' | { readonly storedUntil: string };
}

/**
 * Inserts or replaces shadows, all in one statement. A record that is read again after it was taken for gone is back.
 *
 * @returns ids of those that were not stored, because they would replace what they may not
 */
export async function upsertShadows(
  sql: Sql | Transaction,
  connectionId: string,
  system: SystemName,
  rows: readonly ShadowRow[],
  { seenBy, replaces = 'any' }: StoringShadows = {},
): Promise<string[]> {
  if (rows.length === 0) return [];
  // A list that moves can show one id twice on a page; the later row is the newer.
  const byId = new Map(rows.map((row) => [row.id, row]));
  const rowsById = [...byId.values()];
  const payload = rowsById.map((row) => ({
    external_id: row.id,
    fields: row.fields,
    hashes: row.hashes,
    match_keys: row.matchKeys,
    external_reference: row.externalReference,
    modified_at: row.modifiedAt === null ? null : new Date(row.modifiedAt).toISOString(),
  }));
  const replaced =
    replaces === 'any'
      ? sql``
      : replaces === 'gone'
        ? sql`where s.gone_at > s.read_at`
        : sql`where greatest(s.read_at, s.gone_at) <= ${replaces.storedUntil}::timestamptz`;
  const stored = await sql<{ id: string }[]>`
    insert into shadow as s (connection_id, system, external_id, document, fields, hashes, match_keys, external_reference,
                             modified_at, scan_id, scan_pass)
    select ${connectionId}, ${system}, r.external_id, r.document::json, r.fields, r.hashes,
           array(select json_array_elements_text(r.match_keys)), r.external_reference, r.modified_at,
           ${seenBy?.scanId ?? null}::bigint, ${seenBy?.pass ?? null}::int
      from rows from (
             json_to_recordset(${JSON.stringify(payload)}::text::json) as (
               external_id text, fields jsonb, hashes jsonb, match_keys json, external_reference text, modified_at timestamptz),
             unnest(${jsonTexts(rowsById.map((row) => row.document))}::text[])
           ) as r(external_id, fields, hashes, match_keys, external_reference, modified_at, document)
    on conflict (connection_id, system, external_id) do update
       set document = excluded.document, fields = excluded.fields, hashes = excluded.hashes, match_keys = excluded.match_keys,
           external_reference = excluded.external_reference, modified_at = excluded.modified_at,
           scan_id = coalesce(excluded.scan_id, s.scan_id), scan_pass = coalesce(excluded.scan_pass, s.scan_pass),
           read_at = now(), gone_at = null
     ${replaced}
    ${replaces === 'any' ? sql`` : sql`returning external_id as id`}`;
  if (replaces === 'any' || stored.length === rowsById.length) return [];
  const ids = new Set(stored.map((row) => row.id));
  return rowsById.flatMap(({ id }) => (ids.has(id) ? [] : [id]));
}

/**
 * Whether something was stored of a record since a moment, by the database's clock. Nobody else stores anything of it until the
 * transaction ends: where somebody is about to, waits for them.
 */
export async function wasStoredSince(
  tx: Transaction,
  { connectionId, system, id }: { readonly connectionId: string; readonly system: SystemName; readonly id: string },
  since: string,
): Promise<boolean> {
  const [row] = await tx<{ younger: boolean }[]>`
    select greatest(read_at, gone_at) > ${since}::timestamptz as younger from shadow
     where connection_id = ${connectionId} and system = ${system} and external_id = ${id} for update`;
  return row?.younger ?? false;
}

/** Hashes of what is stored of these records, those proven gone included. */
export async function hashesByIds(
  sql: Sql | Transaction,
  { connectionId, system }: { readonly connectionId: string; readonly system: SystemName },
  ids: readonly string[],
): Promise<Map<string, FieldHashes>> {
  if (ids.length === 0) return new Map();
  const rows = await sql<{ id: string; hashes: FieldHashes }[]>`
    select external_id as id, hashes from shadow
     where connection_id = ${connectionId} and system = ${system} and external_id = any(${ids as string[]})`;
  return new Map(rows.map(({ id, hashes }) => [id, hashes]));
}

/** Marks records as seen by a scan's pass, without replacing what is known of them. */
export async function markSeen(
  sql: Sql | Transaction,
  by: { readonly connectionId: string; readonly system: SystemName; readonly scanId: number; readonly pass: number },
  ids: readonly string[],
): Promise<void> {
  if (ids.length === 0) return;
  await sql`
    update shadow set scan_id = ${by.scanId}, scan_pass = ${by.pass}
     where connection_id = ${by.connectionId} and system = ${by.system} and external_id = any(${ids as string[]})`;
}

/**
 * Marks a record as gone: a read by id was answered 404. The shadow is kept, so that nothing is lost. Of a record that was never read it
 * is remembered too, while creations are under way whose effect is not known, or a list is read: it may be one of them, removed before we
 * heard of it, or stand on a page that is on its way.
 */
export async function markGone(
  sql: Sql | Transaction,
  connectionId: string,
  system: SystemName,
  id: string,
): Promise<void> {
  await sql`
    with marked as (
      update shadow set gone_at = coalesce(gone_at, now())
       where connection_id = ${connectionId} and system = ${system} and external_id = ${id}
      returning 1
    )
    insert into shadow (connection_id, system, external_id, document, fields, hashes, match_keys, read_at, gone_at)
    select ${connectionId}, ${system}, ${id}, '{}', '{}', '{}', '{}', now(), now()
     where not exists (select 1 from marked)
       and (exists (select 1 from intent where connection_id = ${connectionId} and system = ${system} and status = 'sent')
         or exists (select 1 from scan where connection_id = ${connectionId} and system = ${system} and status = 'reading'))
    on conflict do nothing`;
}

/** A record that no link claims. */
export interface UnlinkedShadow {
  readonly id: string;
  readonly hashes: FieldHashes;
  readonly externalReference: string | null;
  /** By the database's clock. */
  readonly firstSeenAtMs: number;
}

/** Shadows by id; those proven gone are left out. */
export async function shadowsByIds(
  sql: Sql | Transaction,
  connectionId: string,
  system: SystemName,
  ids: readonly string[],
): Promise<Map<string, Shadow>> {
  const rows = await sql<Shadow[]>`
    select external_id as id, document, fields, hashes, external_reference as "externalReference",
           floor(extract(epoch from modified_at) * 1000)::float8 as "modifiedAt" from shadow
     where connection_id = ${connectionId} and system = ${system} and external_id = any(${ids as string[]})
       and gone_at is null`;
  return new Map(rows.map((row) => [row.id, row]));
}

/** A record, as `unlinkedShadows` has them; null where it is not there. Whether a link claims it is for the caller to know. */
export async function unlinkedShadow(
  sql: Sql | Transaction,
  connectionId: string,
  system: SystemName,
  id: string,
): Promise<UnlinkedShadow | null> {
  const [row] = await sql<UnlinkedShadow[]>`
    select s.external_id as id, s.hashes, s.external_reference as "externalReference",
           floor(extract(epoch from s.first_seen_at) * 1000)::float8 as "firstSeenAtMs" from shadow s
     where s.connection_id = ${connectionId} and s.system = ${system} and s.external_id = ${id} and s.gone_at is null`;
  return row ?? null;
}

/** Records of a system that are there and that no link claims, oldest id first. Meant for the few after a bulk sync. */
export async function unlinkedShadows(sql: Sql, connectionId: string, system: SystemName): Promise<UnlinkedShadow[]> {
  return await sql<UnlinkedShadow[]>`
    select s.external_id as id, s.hashes, s.external_reference as "externalReference",
           floor(extract(epoch from s.first_seen_at) * 1000)::float8 as "firstSeenAtMs" from shadow s
     where s.connection_id = ${connectionId} and s.system = ${system} and s.gone_at is null
       and not exists (select 1 from link l where l.connection_id = s.connection_id
                        and l.${sql(`${system}_id`)} = s.external_id)
     order by s.first_seen_at, s.external_id`;
}
