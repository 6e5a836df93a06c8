/**
 * The tables `shadow` and `reading`: our last copy of each record, as its system returned it, and when that was. The view `known_record` has
 * both. Anyone who stores anything of a record holds its reading first.
 */
import type { CanonicalFields, FieldHashes, FieldName, FieldTimes, Scope, SystemName } from '../core/record.js';
import type { JsonObject, SystemRecord } from '../core/document.js';
import { endUnreadable } from './unreadable.js';
import { jsonTexts, type Fragment, type Sql, type Transaction } from './database.js';

/** A record as it is stored. */
export interface ShadowRow extends Omit<SystemRecord, 'phoneForms'> {
  readonly hashes: FieldHashes;
  /** By field, the hash of what is left when spelling is set aside (core/alike.ts). */
  readonly forms?: FieldHashes;
  /**
   * Where the record is what a write of ours left: when the values that we wrote were entered where they came from, epoch milliseconds by
   * field (null: not known). All other fields keep their times, whatever the server made of them. Absent: a reading.
   */
  readonly times?: FieldTimes;
  /** core/match.ts matchKeys(), one for each rule in order and one for the name alone; null where the record lacks a part. */
  readonly matchKeys: readonly (string | null)[];
}

/** A shadow as decisions need it. */
export interface Shadow {
  /** When it was read, by the database's clock: names the reading, for who asks whether another one came. Only of a link's records. */
  readonly readAt?: string;
  readonly id: string;
  readonly document: JsonObject;
  readonly fields: CanonicalFields;
  readonly hashes: FieldHashes;
  /** As in `ShadowRow`. */
  readonly forms?: FieldHashes;
  /** When each field's value was entered, as nearly as is known (`entered`). */
  readonly times?: FieldTimes;
  readonly modifiedAt: number | null;
  readonly externalReference: string | null;
  /** Fields that are facts (store/facts.ts): they stand among `fields` and `hashes`, and nothing of the record shows them. Only of a link's records. */
  readonly derived?: readonly FieldName[] | null;
}

/** The record as its system shows it: without what is derived of it. For whoever compares it with a reading, or hands it to its system. */
export function shownOf<Known extends Pick<Shadow, 'fields' | 'hashes' | 'derived'>>(known: Known): Known {
  if (!known.derived) return known;
  const derived = new Set(known.derived);
  const shown = <Value>(values: Readonly<Record<FieldName, Value>>) =>
    Object.fromEntries(Object.entries(values).filter(([field]) => !derived.has(field)));
  return { ...known, fields: shown(known.fields), hashes: shown(known.hashes), derived: null };
}

/** A reading of a record with what is derived of it, as it was known. */
export function withDerived<Read extends Pick<Shadow, 'fields' | 'hashes'>>(
  read: Read,
  known: Shadow | null,
): Read & Pick<Shadow, 'derived'> {
  const derived = known?.derived ?? null;
  if (known === null || derived === null) return read;
  const of = <Value>(values: Readonly<Record<FieldName, Value>>) =>
    Object.fromEntries(derived.flatMap((field) => (field in values ? [[field, values[field]!] as const] : [])));
  return {
    ...read,
    fields: { ...read.fields, ...of(known.fields) },
    hashes: { ...read.hashes, ...of(known.hashes) },
    derived,
  };
}

export interface StoringShadows {
  /** Marks them as seen by that scan's pass. */
  readonly seenBy?: { readonly scanId: number; readonly pass: number };
  /**
   * What they may replace: `any`; `gone`: only what was read and is proven gone since; or what was last stored, or proven gone, until a
   * moment, by the database's clock: a reading that was stored while this one was on its way may be the younger. Told in the statement
   * that notes the reading, which waits for anyone who is storing the same record: to look first and replace then would miss them.
   */
  readonly replaces?: 'any' | 'gone' | { readonly storedUntil: string };
  /** When what is stored was so, by the database's clock; left out: now. Of a file: what was read since must not seem older than it. */
  readonly readAt?: string;
}

const readNow = (sql: Sql | Transaction, { readAt }: StoringShadows): Fragment =>
  readAt === undefined ? sql`now()` : sql`${readAt}::timestamptz`;

/**
 * Of a shadow `s`: it is not proven gone. Asked of those who are, for which there is an index of their own: they are few, whatever
 * PostgreSQL knows of the tables, and nothing has to be joined.
 */
export const isThere = (sql: Sql | Transaction): Fragment => sql`
  not exists (select 1 from reading g where g.connection_id = s.connection_id and g.kind = s.kind and g.system = s.system
                 and g.external_id = s.external_id and g.gone_at is not null)`;

/** Of what is read at once each record once: a list that moves can show one id twice on a page; the later row is the newer. */
function eachOnce(rows: readonly ShadowRow[]): ShadowRow[] {
  // In one order, as anyone else who holds several of them (`lockLinks`): two that meet on the same records wait for each other in no circle.
  return [...new Map(rows.map((row) => [row.id, row])).values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** Notes that these records were read, and are there, where that may be stored; gives their ids. Its rows are held from then on. */
function noting(
  sql: Sql | Transaction,
  scope: Scope,
  system: SystemName,
  rows: readonly ShadowRow[],
  how: StoringShadows,
) {
  const { seenBy, replaces = 'any' } = how;
  const replaced =
    replaces === 'any'
      ? sql``
      : replaces === 'gone'
        ? sql`where n.gone_at > n.read_at`
        : sql`where greatest(n.read_at, n.gone_at) <= ${replaces.storedUntil}::timestamptz`;
  return sql<{ id: string }[]>`
    insert into reading as n (connection_id, kind, system, external_id, scan_id, scan_pass, read_at, file_at)
    select ${scope.connectionId}, ${scope.kind}, ${system}, id, ${seenBy?.scanId ?? null}::bigint, ${seenBy?.pass ?? null}::int, ${readNow(sql, how)},
           ${how.readAt ?? null}::timestamptz
      from unnest(${rows.map(({ id }) => id)}::text[]) as r(id)
    on conflict (connection_id, kind, system, external_id) do update
       set read_at = excluded.read_at, read_before = n.read_at, gone_at = null, scan_id = coalesce(excluded.scan_id, n.scan_id),
           scan_pass = coalesce(excluded.scan_pass, n.scan_pass), file_at = coalesce(excluded.file_at, n.file_at)
     ${replaced}
    returning external_id as id`;
}

/**
 * Inserts or replaces shadows, all in one statement. A record that is read again after it was taken for gone is back.
 *
 * "offset 0" keeps what was stored before a look-up by the whole key for each row (as in store/links.ts): while a first list fills the
 * table, PostgreSQL takes it for empty, and would go through all of it for every page.
 *
 * @returns ids of those that were not stored, because they would replace what they may not
 */
export async function upsertShadows(
  sql: Sql | Transaction,
  scope: Scope,
  system: SystemName,
  rows: readonly ShadowRow[],
  how: StoringShadows = {},
): Promise<string[]> {
  if (rows.length === 0) return [];
  const rowsById = eachOnce(rows);
  const noted = noting(sql, scope, system, rowsById, how);
  const storing = replacing(sql, scope, system, rowsById, {
    before: sql`with noted as (${noted})`,
    among: sql`join noted n on n.id = r.external_id`,
    // Within one statement what it notes is not to be seen yet.
    readBefore: sql`o.read_at`,
    readNow: readNow(sql, how),
  });
  // Sent behind it without waiting for its answer: anyone who sends several statements so relies on their order.
  const [stored] = await Promise.all([storing, endUnreadable(sql, scope, system, idsOf(rowsById))]);
  const ids = new Set(stored.map(({ id }) => id));
  return idsOf(rowsById).filter((id) => !ids.has(id));
}

/**
 * The same of a page of a list, within the transaction that stores it: shadows are written only where something else is shown than was,
 * which is known once their readings are held. In most nights that is nobody's.
 */
export async function storeListed(
  tx: Transaction,
  scope: Scope,
  system: SystemName,
  rows: readonly ShadowRow[],
  how: StoringShadows,
): Promise<string[]> {
  if (rows.length === 0) return [];
  const rowsById = eachOnce(rows);
  const noted = new Set((await noting(tx, scope, system, rowsById, how)).map(({ id }) => id));
  const toStore = rowsById.filter(({ id }) => noted.has(id));
  const what = { among: onlyOther(tx), readBefore: tx`o.read_before`, readNow: readNow(tx, how) };
  await Promise.all([
    toStore.length > 0 ? replacing(tx, scope, system, toStore, what) : null,
    endUnreadable(tx, scope, system, idsOf(rowsById)),
  ]);
  return idsOf(rowsById).filter((id) => !noted.has(id));
}

function idsOf(rows: readonly ShadowRow[]): string[] {
  return rows.map(({ id }) => id);
}

/** Where a row `r` would not be stored just as it is in `o`, the row that is there. */
function onlyOther(sql: Transaction): Fragment {
  return sql`
     where o.external_id is null
        or (o.document::text, o.hashes, o.forms, o.fields, o.match_keys, o.external_reference, o.modified_at)
           is distinct from (r.document, r.hashes, r.forms, r.fields, ${matchKeysOf(sql)}, r.external_reference, r.modified_at)`;
}

const matchKeysOf = (sql: Sql | Transaction) => sql`array(select json_array_elements_text(r.match_keys))`;

/** Inserts or replaces shadows `r`, whose readings are held; `o` is what was stored of each before. Gives the ids of those written. */
function replacing(
  sql: Sql | Transaction,
  scope: Scope,
  system: SystemName,
  rows: readonly ShadowRow[],
  {
    before = sql``,
    among,
    readBefore,
    readNow,
  }: Record<'among' | 'readBefore' | 'readNow', Fragment> & { readonly before?: Fragment },
) {
  const payload = rows.map((row) => ({
    external_id: row.id,
    fields: row.fields,
    hashes: row.hashes,
    forms: row.forms ?? {},
    times: row.times ?? null,
    match_keys: row.matchKeys,
    external_reference: row.externalReference,
    modified_at: row.modifiedAt === null ? null : new Date(row.modifiedAt).toISOString(),
  }));
  return sql<{ id: string }[]>`
    ${before}
    insert into shadow as s (connection_id, kind, system, external_id, document, fields, hashes, forms, times, match_keys, external_reference,
                             modified_at)
    select ${scope.connectionId}, ${scope.kind}, ${system}, r.external_id, r.document::json, r.fields, r.hashes, r.forms, ${entered(sql, readBefore, readNow)},
           ${matchKeysOf(sql)}, r.external_reference, r.modified_at
      from rows from (
             json_to_recordset(${JSON.stringify(payload)}::text::json) as (
               external_id text, fields jsonb, hashes jsonb, forms jsonb, times jsonb, match_keys json, external_reference text, modified_at timestamptz),
             unnest(${jsonTexts(rows.map((row) => row.document))}::text[])
           ) as r(external_id, fields, hashes, forms, times, match_keys, external_reference, modified_at, document)
      left join lateral (select * from known_record where connection_id = ${scope.connectionId} and kind = ${scope.kind} and system = ${system}
                            and external_id = r.external_id offset 0) o on true
      ${among}
    on conflict (connection_id, kind, system, external_id) do update
       set document = excluded.document, fields = excluded.fields, hashes = excluded.hashes, forms = excluded.forms, times = excluded.times, match_keys = excluded.match_keys,
           external_reference = excluded.external_reference, modified_at = excluded.modified_at
    returning external_id as id`;
}

/**
 * When each field's value of a row `r` was entered, where `o` is what was stored of the record before. It is what the rule `newest`
 * compares, so no time that our own write made may get in.
 *
 * - A value that was there at the last reading keeps its time.
 * - A new one was entered between the last reading and this one: at the record's modification time where the system tells one that has
 *   moved, and else it counts from now, when it was first seen. A time outside of that span (another clock, whole seconds) is brought
 *   into it.
 * - Of a record that is read for the first time nothing better is known than when it was last modified; without that, nothing.
 */
function entered(sql: Sql | Transaction, readBefore: Fragment, readNow: Fragment): Fragment {
  const ms = (time: Fragment) => sql`floor(extract(epoch from ${time}) * 1000)`;
  const between = sql`case when r.modified_at > o.modified_at then greatest(${readBefore}, least(r.modified_at, ${readNow})) else ${readNow} end`;
  return sql`case
    when r.times is not null then coalesce(o.times, '{}') || r.times
    when o.hashes = r.hashes then o.times
    when o.external_id is null and r.modified_at is null then '{}'
    else (select coalesce(jsonb_object_agg(f.name, case
                   when o.external_id is null then to_jsonb(${ms(sql`r.modified_at`)})
                   when o.hashes -> f.name = f.hash then coalesce(o.times -> f.name, 'null')
                   else to_jsonb(${ms(between)}) end), '{}')
            from jsonb_each(r.hashes) as f(name, hash)) end`;
}

/**
 * Whether something was stored of a record since a moment, by the database's clock. Nobody else stores anything of it until the
 * transaction ends: where somebody is about to, waits for them.
 */
export async function wasStoredSince(
  tx: Transaction,
  { scope, system, id }: { readonly scope: Scope; readonly system: SystemName; readonly id: string },
  since: string,
): Promise<boolean> {
  const [row] = await tx<{ younger: boolean }[]>`
    select greatest(read_at, gone_at) > ${since}::timestamptz as younger from reading
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and system = ${system} and external_id = ${id} for update`;
  return row?.younger ?? false;
}

/** Of these records, those of which something was stored, or that were proven gone, since a moment. */
export async function storedSince(
  sql: Sql | Transaction,
  { scope, system }: { readonly scope: Scope; readonly system: SystemName },
  ids: readonly string[],
  since: string,
): Promise<Set<string>> {
  const rows = await sql<{ id: string }[]>`
    select external_id as id from reading
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and system = ${system} and external_id = any(${ids})
       and greatest(read_at, gone_at) > ${since}::timestamptz`;
  return new Set(rows.map(({ id }) => id));
}

/** Documents as they were read, in the order of their records' ids, from just after `after`; of records that were never read there is none. */
export async function shadowDocuments(
  sql: Sql | Transaction,
  scope: Scope,
  system: SystemName,
  after: string,
  limit: number,
): Promise<{ readonly id: string; readonly document: JsonObject }[]> {
  return await sql<{ id: string; document: JsonObject }[]>`
    select external_id as id, document from shadow
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and system = ${system} and external_id > ${after}
       and document::text <> '{}'
     order by external_id limit ${limit}`;
}

/** Replaces what was made of documents that are stored already: nothing was read. */
export async function remakeShadows(
  tx: Transaction,
  scope: Scope,
  system: SystemName,
  rows: readonly ShadowRow[],
): Promise<void> {
  if (rows.length === 0) return;
  const payload = rows.map(({ id, fields, hashes, forms, matchKeys, externalReference }) => ({
    id,
    fields,
    hashes,
    forms: forms ?? {},
    keys: matchKeys,
    reference: externalReference,
  }));
  // Their readings first, as everybody.
  await tx`
    select count(*) from (
      select 1 from reading
       where connection_id = ${scope.connectionId} and kind = ${scope.kind} and system = ${system} and external_id = any(${rows.map(({ id }) => id)})
       order by external_id for update) held`;
  await tx`
    update shadow s set fields = r.fields, hashes = r.hashes, forms = r.forms, external_reference = r.reference,
           match_keys = array(select json_array_elements_text(r.keys))
      from json_to_recordset(${JSON.stringify(payload)}::text::json)
        as r(id text, fields jsonb, hashes jsonb, forms jsonb, keys json, reference text)
     where s.connection_id = ${scope.connectionId} and s.kind = ${scope.kind} and s.system = ${system} and s.external_id = r.id`;
}

/** Hashes of what is stored of these records, those proven gone included. */
export async function hashesByIds(
  sql: Sql | Transaction,
  { scope, system }: { readonly scope: Scope; readonly system: SystemName },
  ids: readonly string[],
): Promise<Map<string, FieldHashes>> {
  if (ids.length === 0) return new Map();
  const rows = await sql<{ id: string; hashes: FieldHashes }[]>`
    select external_id as id, hashes from shadow
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and system = ${system} and external_id = any(${ids})`;
  return new Map(rows.map(({ id, hashes }) => [id, hashes]));
}

/** Marks records as seen by a scan's pass, without replacing what is known of them. */
export async function markSeen(
  sql: Sql | Transaction,
  by: { readonly scope: Scope; readonly system: SystemName; readonly scanId: number; readonly pass: number },
  ids: readonly string[],
): Promise<void> {
  if (ids.length === 0) return;
  await sql`
    update reading set scan_id = ${by.scanId}, scan_pass = ${by.pass}
     where connection_id = ${by.scope.connectionId} and kind = ${by.scope.kind} and system = ${by.system} and external_id = any(${ids})`;
}

/**
 * Marks a record as gone: a read by id was answered 404. The shadow is kept, so that nothing is lost. Of a record that was never read it
 * is remembered too, while creations are under way whose effect is not known, or a list is read: it may be one of them, removed before we
 * heard of it, or stand on a page that is on its way.
 */
export async function markGone(sql: Sql | Transaction, scope: Scope, system: SystemName, id: string): Promise<void> {
  const marking = sql`
    with marked as (
      update reading set gone_at = coalesce(gone_at, now())
       where connection_id = ${scope.connectionId} and kind = ${scope.kind} and system = ${system} and external_id = ${id}
      returning 1
    ), unread as (
      insert into reading (connection_id, kind, system, external_id, read_at, gone_at)
      select ${scope.connectionId}, ${scope.kind}, ${system}, ${id}, now(), now()
       where not exists (select 1 from marked)
         and (exists (select 1 from intent
                      where connection_id = ${scope.connectionId} and kind = ${scope.kind} and system = ${system} and status = 'sent')
           or exists (select 1 from scan
                      where connection_id = ${scope.connectionId} and kind = ${scope.kind} and system = ${system} and status = 'reading'))
      on conflict do nothing
      returning 1
    )
    insert into shadow (connection_id, kind, system, external_id, document, fields, hashes, match_keys)
    select ${scope.connectionId}, ${scope.kind}, ${system}, ${id}, '{}', '{}', '{}', '{}' from unread
    on conflict do nothing`;
  await Promise.all([marking, endUnreadable(sql, scope, system, [id])]);
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
  scope: Scope,
  system: SystemName,
  ids: readonly string[],
): Promise<Map<string, Shadow>> {
  const rows = await sql<Shadow[]>`
    select external_id as id, document, fields, hashes, forms, times, external_reference as "externalReference",
           floor(extract(epoch from modified_at) * 1000)::float8 as "modifiedAt" from known_record
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and system = ${system} and external_id = any(${ids})
       and gone_at is null`;
  return new Map(rows.map((row) => [row.id, row]));
}

/** A record, as `unlinkedShadows` has them; null where it is not there. Whether a link claims it is for the caller to know. */
export async function unlinkedShadow(
  sql: Sql | Transaction,
  scope: Scope,
  system: SystemName,
  id: string,
): Promise<UnlinkedShadow | null> {
  const [row] = await sql<UnlinkedShadow[]>`
    select s.external_id as id, s.hashes, s.external_reference as "externalReference",
           floor(extract(epoch from s.first_seen_at) * 1000)::float8 as "firstSeenAtMs" from known_record s
     where s.connection_id = ${scope.connectionId} and s.kind = ${scope.kind} and s.system = ${system} and s.external_id = ${id}
       and s.gone_at is null`;
  return row ?? null;
}

/** Records of a system that are there and that no link claims, oldest id first. Meant for the few after a bulk sync. */
export async function unlinkedShadows(sql: Sql, scope: Scope, system: SystemName): Promise<UnlinkedShadow[]> {
  return await sql<UnlinkedShadow[]>`
    select s.external_id as id, s.hashes, s.external_reference as "externalReference",
           floor(extract(epoch from s.first_seen_at) * 1000)::float8 as "firstSeenAtMs" from known_record s
     where s.connection_id = ${scope.connectionId} and s.kind = ${scope.kind} and s.system = ${system} and s.gone_at is null
       and not exists (select 1 from link l where l.connection_id = s.connection_id and l.kind = s.kind
                        and l.${sql(`${system}_id`)} = s.external_id)
     order by s.first_seen_at, s.external_id`;
}
