/** The table `link`: one person across both systems, and the base on which both last agreed. */
import { rememberedForm } from '../core/alike.js';
import type { CanonicalFields, FieldHash, FieldHashes, FieldName, SystemName } from '../core/record.js';
import type { Fragment, Sql, Transaction } from './database.js';
import type { Shadow } from './shadows.js';

/**
 * What counts as the base's value in a system, by system and field: hash there -> hash of the base. What the system turned our value into,
 * the spelling that it had when both sides first agreed, and the digits of a phone number without a country (`rememberedForm`).
 */
export type EqualValues = Partial<Record<SystemName, Record<FieldName, Record<FieldHash, FieldHash>>>>;

export interface Link {
  readonly linkId: string;
  readonly ids: Readonly<Record<SystemName, string | null>>;
  readonly state: 'proposed' | 'active';
  readonly base: FieldHashes | null;
  readonly baseFields: CanonicalFields | null;
  readonly equal: EqualValues;
}

/** A link with what we last saw on both sides. A side is null where the link has no record there, or its shadow is proven gone. */
export interface LinkedPair extends Link {
  readonly shadows: Readonly<Record<SystemName, Shadow | null>>;
  /** True where the last complete scan did not show the record. */
  readonly unseen: Readonly<Record<SystemName, boolean>>;
}

/** A row of `selectPairs`. */
export interface PairRow {
  linkId: string;
  yaplaId: string | null;
  yoplanningId: string | null;
  state: 'proposed' | 'active';
  base: FieldHashes | null;
  baseFields: CanonicalFields | null;
  equal: EqualValues;
  yapla: Shadow | null;
  yoplanning: Shadow | null;
  yaplaUnseen: boolean;
  yoplanningUnseen: boolean;
}

export function pairOf(row: PairRow): LinkedPair {
  return {
    linkId: row.linkId,
    ids: { yapla: row.yaplaId, yoplanning: row.yoplanningId },
    state: row.state,
    base: row.base,
    baseFields: row.baseFields,
    equal: row.equal,
    shadows: { yapla: row.yapla, yoplanning: row.yoplanning },
    unseen: { yapla: row.yaplaUnseen, yoplanning: row.yoplanningUnseen },
  };
}

/**
 * Hashes as decisions see them: a value that the system made of ours counts as ours, as long as ours is the base. Once the base has
 * moved on, the same spelling entered again is somebody's own change.
 */
export function settledHashes(
  pair: Pick<Link, 'equal' | 'base'>,
  system: SystemName,
  hashes: FieldHashes,
  forms: FieldHashes = {},
): FieldHashes {
  const equal = pair.equal[system];
  if (!equal) return hashes;
  const settled = (field: FieldName, hash: FieldHash) => {
    const form = rememberedForm(forms[field]);
    const sent = equal[field]?.[hash] ?? (form === null ? undefined : equal[field]?.[form]);
    return sent !== undefined && sent === pair.base?.[field] ? sent : hash;
  };
  return Object.fromEntries(Object.entries(hashes).map(([field, hash]) => [field, settled(field, hash)]));
}

/** How much of the two shadows is read: values are needed for questions and bases, whole documents only where something is written. */
export type Depth = 'hashes' | 'values' | 'documents';

const shadowColumns = (sql: Sql | Transaction, alias: string, depth: Depth) => {
  const s = sql(alias);
  const values =
    depth === 'hashes'
      ? sql`'document', '{}'::json, 'fields', '{}'::json,`
      : depth === 'values'
        ? sql`'document', '{}'::json, 'fields', ${s}.fields,`
        : sql`'document', ${s}.document, 'fields', ${s}.fields,`;
  return sql`case when ${s}.external_id is null or ${s}.gone_at is not null then null else json_build_object('id', ${s}.external_id, ${values}
    'hashes', ${s}.hashes, 'forms', ${s}.forms, 'times', ${s}.times, 'modifiedAt', extract(epoch from ${s}.modified_at) * 1000, 'externalReference', ${s}.external_reference) end`;
};

/** @param links the rows of the table `link` wanted; chosen before anything is joined to them, or a page of links could cost the whole table */
export function selectPairs(sql: Sql | Transaction, connectionId: string, depth: Depth, links: Fragment) {
  return sql`
    select l.link_id as "linkId", l.yapla_id as "yaplaId", l.yoplanning_id as "yoplanningId", l.state, l.base,
           l.base_fields as "baseFields", l.equal,
           ${shadowColumns(sql, 'a', depth)} as yapla, ${shadowColumns(sql, 'b', depth)} as yoplanning,
           (l.yapla_id is not null and coalesce(a.read_at < ca.started_at, false)) as "yaplaUnseen",
           (l.yoplanning_id is not null and coalesce(b.read_at < cb.started_at, false)) as "yoplanningUnseen"
      from (${links}) l
      left join shadow a on a.connection_id = l.connection_id and a.system = 'yapla' and a.external_id = l.yapla_id
      left join shadow b on b.connection_id = l.connection_id and b.system = 'yoplanning' and b.external_id = l.yoplanning_id
      left join lateral (select max(started_at) as started_at from scan
        where connection_id = ${connectionId} and system = 'yapla' and status = 'complete') ca on true
      left join lateral (select max(started_at) as started_at from scan
        where connection_id = ${connectionId} and system = 'yoplanning' and status = 'complete') cb on true`;
}

/** Links in the order of their ids, from just after `after` (the empty string: from the first), at most `limit`. */
export async function pairsAfter(
  sql: Sql,
  connectionId: string,
  after: string,
  limit: number,
  depth: Depth,
): Promise<LinkedPair[]> {
  const rows = await sql<PairRow[]>`
    ${selectPairs(
      sql,
      connectionId,
      depth,
      sql`select * from link where connection_id = ${connectionId} and link_id > ${after} order by link_id limit ${limit}`,
    )} order by l.link_id`;
  return rows.map(pairOf);
}

/** The links named, in one statement. */
export async function pairsByIds(
  sql: Sql | Transaction,
  connectionId: string,
  linkIds: readonly string[],
  depth: Depth = 'documents',
): Promise<Map<string, LinkedPair>> {
  const rows = await sql<PairRow[]>`
    ${selectPairs(
      sql,
      connectionId,
      depth,
      sql`select * from link where connection_id = ${connectionId} and link_id = any(${linkIds as string[]})`,
    )}`;
  return new Map(rows.map((row) => [row.linkId, pairOf(row)]));
}

export interface Proposal {
  readonly linkId: string;
  readonly yaplaId: string | null;
  readonly yoplanningId: string | null;
  readonly matchedBy: string;
}

/** Proposes links. A record that already has one keeps it: the proposal is dropped. */
export async function proposeLinks(sql: Sql, connectionId: string, proposals: readonly Proposal[]): Promise<number> {
  if (proposals.length === 0) return 0;
  const rows = await sql`
    insert into link (connection_id, link_id, yapla_id, yoplanning_id, state, matched_by)
    select ${connectionId}, r."linkId", r."yaplaId", r."yoplanningId", 'proposed', r."matchedBy"
      from json_to_recordset(${JSON.stringify(proposals)}::text::json)
        as r("linkId" text, "yaplaId" text, "yoplanningId" text, "matchedBy" text)
    on conflict do nothing returning 1`;
  return rows.length;
}

/** Proposes a link of one side only for each record that has none and is in no open doubt: people to be created on the other side. */
export async function proposeUnmatched(
  sql: Sql,
  connectionId: string,
  doubtful: Readonly<Record<SystemName, readonly string[]>>,
): Promise<void> {
  for (const system of ['yapla', 'yoplanning'] as const) {
    const column = sql(`${system}_id`);
    await sql`
      insert into link (connection_id, link_id, ${column}, state, matched_by)
      select ${connectionId}, ${`${system}:`} || s.external_id, s.external_id, 'proposed', 'unmatched'
        from shadow s
       where s.connection_id = ${connectionId} and s.system = ${system} and s.gone_at is null
         and s.external_id <> all(${doubtful[system] as string[]})
         and not exists (select 1 from link l where l.connection_id = s.connection_id and l.${column} = s.external_id)
      on conflict do nothing`;
  }
}

/** Forgets the proposals of a plan that was never applied, but for those of which a creation may have taken effect already. */
export async function dropProposals(sql: Sql, connectionId: string): Promise<void> {
  await sql`
    delete from link l where l.connection_id = ${connectionId} and l.state = 'proposed'
       and not exists (select 1 from intent i where i.connection_id = l.connection_id and i.link_id = l.link_id and i.status = 'sent')`;
}

export interface Agreement {
  readonly linkId: string;
  /** New base of the fields that both systems now agree on; others keep theirs. */
  readonly base: FieldHashes;
  readonly baseFields: CanonicalFields;
  /** The record's id in a system where it was just created. */
  readonly ids?: Partial<Record<SystemName, string>>;
  readonly equal?: EqualValues;
}

/** Records what both systems agree on, set-wise, and makes proposals active. */
export async function agree(
  sql: Sql | Transaction,
  connectionId: string,
  agreements: readonly Agreement[],
): Promise<void> {
  if (agreements.length === 0) return;
  const rows = agreements.map((one) => ({
    link_id: one.linkId,
    base: one.base,
    base_fields: one.baseFields,
    yapla_id: one.ids?.yapla ?? null,
    yoplanning_id: one.ids?.yoplanning ?? null,
    equal: one.equal ?? null,
  }));
  await sql`
    update link l
       set base = coalesce(l.base, '{}') || r.base, base_fields = coalesce(l.base_fields, '{}') || r.base_fields,
           yapla_id = coalesce(r.yapla_id, l.yapla_id), yoplanning_id = coalesce(r.yoplanning_id, l.yoplanning_id),
           equal = coalesce(r.equal, l.equal), state = 'active', agreed_at = now()
      from json_to_recordset(${JSON.stringify(rows)}::text::json)
        as r(link_id text, base jsonb, base_fields jsonb, yapla_id text, yoplanning_id text, equal jsonb)
     where l.connection_id = ${connectionId} and l.link_id = r.link_id`;
}

/** Active links of which both records are known. */
export async function countLinks(sql: Sql, connectionId: string): Promise<number> {
  const [row] = await sql<{ n: number }[]>`
    select count(*)::int as n from link where connection_id = ${connectionId} and state = 'active'
       and yapla_id is not null and yoplanning_id is not null`;
  return row!.n;
}

/** The ids of every active link of which both records are known. */
export async function linkedIds(
  sql: Sql,
  connectionId: string,
): Promise<readonly { readonly linkId: string; readonly yapla: string; readonly yoplanning: string }[]> {
  return await sql`
    select link_id as "linkId", yapla_id as yapla, yoplanning_id as yoplanning from link
     where connection_id = ${connectionId} and state = 'active' and yapla_id is not null and yoplanning_id is not null`;
}

/** A linked record that carries no reference to its counterpart. */
export interface Unreferenced {
  readonly linkId: string;
  readonly id: string;
  readonly otherId: string;
  /** Of the record as we last saw it. */
  readonly hashes: FieldHashes;
  readonly equal: EqualValues;
}

/** Linked records of a system without a reference, but for those that a system refuses anyway, in the order of their links, from just after `after`. */
export async function linksLackingReference(
  sql: Sql,
  connectionId: string,
  system: SystemName,
  after: string,
  limit: number,
): Promise<Unreferenced[]> {
  const [own, other] = system === 'yapla' ? ['yapla_id', 'yoplanning_id'] : ['yoplanning_id', 'yapla_id'];
  return await sql<Unreferenced[]>`
    select l.link_id as "linkId", s.external_id as id, l.${sql(other)} as "otherId", s.hashes, l.equal
      from link l join shadow s on s.connection_id = l.connection_id and s.system = ${system} and s.external_id = l.${sql(own)}
     where l.connection_id = ${connectionId} and l.state = 'active' and l.${sql(other)} is not null
       and s.gone_at is null and s.external_reference is null and l.link_id > ${after}
       and not exists (select 1 from cases c where c.connection_id = l.connection_id and c.link_id = l.link_id
                          and c.kind = 'refused' and c.status = 'open')
     order by l.link_id limit ${limit}`;
}

/**
 * One at a time matches a record of the connection and makes or completes its link, until the transaction ends: two records of one person
 * that are seen at the same moment meet.
 */
export async function lockFirstSights(tx: Transaction, connectionId: string): Promise<void> {
  await tx`select pg_advisory_xact_lock(hashtextextended(${`passerelle/first-sight/${connectionId}`}, 0))`;
}

/** The link that holds this record, if one does. */
export async function linkOfRecord(
  sql: Sql | Transaction,
  connectionId: string,
  system: SystemName,
  id: string,
): Promise<string | null> {
  const [row] = await sql<{ linkId: string }[]>`
    select link_id as "linkId" from link
     where connection_id = ${connectionId} and ${sql(`${system}_id`)} = ${id}`;
  return row?.linkId ?? null;
}

/** A link without its values. */
export type BareLink = Pick<Link, 'linkId' | 'ids' | 'state'>;

/** @returns null where there is no such link */
export async function bareLink(sql: Sql | Transaction, connectionId: string, linkId: string): Promise<BareLink | null> {
  const [row] = await sql<BareLink[]>`
    select link_id as "linkId", json_build_object('yapla', yapla_id, 'yoplanning', yoplanning_id) as ids, state from link
     where connection_id = ${connectionId} and link_id = ${linkId}`;
  return row ?? null;
}

/** Makes a link, of one side or of both, where a record was seen for the first time outside of a bulk sync. */
export async function addLink(
  tx: Transaction,
  connectionId: string,
  { linkId, yaplaId, yoplanningId, matchedBy }: Proposal,
): Promise<void> {
  await tx`
    insert into link (connection_id, link_id, yapla_id, yoplanning_id, state, matched_by)
    values (${connectionId}, ${linkId}, ${yaplaId}, ${yoplanningId}, 'proposed', ${matchedBy})`;
}

/** Gives a link of one side its other side. The caller has claimed it and has seen that the side is free. */
export async function completeLink(
  tx: Transaction,
  connectionId: string,
  linkId: string,
  side: { readonly system: SystemName; readonly id: string },
  matchedBy: string,
): Promise<void> {
  await tx`
    update link set ${tx(`${side.system}_id`)} = ${side.id}, matched_by = ${matchedBy}
     where connection_id = ${connectionId} and link_id = ${linkId}`;
}

/** Forgets a link whose record now belongs to another one. */
export async function deleteLink(tx: Transaction, connectionId: string, linkId: string): Promise<void> {
  await tx`delete from link where connection_id = ${connectionId} and link_id = ${linkId}`;
}
