/** The table `link`: one person across both systems, and the base on which both last agreed. */
import { rememberedForm } from '../core/alike.js';
import {
  type CanonicalFields,
  type FieldHash,
  type FieldHashes,
  type FieldName,
  type Scope,
  scopeName,
  type SystemName,
} from '../core/record.js';
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
  /** Increased by whatever changes what is decided about the link: its ids, its base, the hashes of its records, a person's answer. */
  readonly version: number;
  /** The version at which nothing was left to do; null: none so far. */
  readonly settledVersion: number | null;
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
  version: number;
  settledVersion: number | null;
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
    version: row.version,
    settledVersion: row.settledVersion,
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
  // What is derived of a record stands among what it shows (store/facts.ts).
  const withFacts = (of: Fragment, column: Fragment) =>
    sql`coalesce(${of}.${column} || ${of}.fact_${column}, ${of}.${column})`;
  const values =
    depth === 'hashes'
      ? sql`'document', '{}'::json, 'fields', '{}'::json,`
      : depth === 'values'
        ? sql`'document', '{}'::json, 'fields', ${withFacts(s, sql`fields`)},`
        : sql`'document', ${s}.document, 'fields', ${withFacts(s, sql`fields`)},`;
  return sql`case when ${s}.external_id is null or ${s}.gone_at is not null then null else json_build_object('id', ${s}.external_id, ${values}
    'hashes', ${withFacts(s, sql`hashes`)}, 'derived', (select json_agg(name) from jsonb_object_keys(${s}.fact_hashes) as d(name)), 'forms', ${s}.forms, 'times', ${s}.times, 'modifiedAt', extract(epoch from ${s}.modified_at) * 1000, 'externalReference', ${s}.external_reference, 'readAt', ${s}.read_at::text) end`;
};

/**
 * "offset 0" keeps this a look-up by the whole key for each link: PostgreSQL, whose plan may have been made for an empty table, would else
 * go through all records for each of them.
 */
const recordOf = (sql: Sql | Transaction, scope: Scope, system: SystemName, alias: string) => sql`
  left join lateral (select k.*, f.fields as fact_fields, f.hashes as fact_hashes
                       from known_record k
                       left join person_fact f on f.connection_id = k.connection_id and f.kind = k.kind and f.system = k.system and f.external_id = k.external_id
                      where k.connection_id = ${scope.connectionId} and k.kind = ${scope.kind} and k.system = ${system}
                        and k.external_id = l.${sql(`${system}_id`)} offset 0) ${sql(alias)} on true`;

/** @param links the rows of the table `link` wanted; chosen before anything is joined to them, or a page of links could cost the whole table */
export function selectPairs(sql: Sql | Transaction, scope: Scope, depth: Depth, links: Fragment) {
  return sql`
    select l.link_id as "linkId", l.yapla_id as "yaplaId", l.yoplanning_id as "yoplanningId", l.state, l.version,
           l.settled_version as "settledVersion", l.base, l.base_fields as "baseFields", l.equal,
           ${shadowColumns(sql, 'a', depth)} as yapla, ${shadowColumns(sql, 'b', depth)} as yoplanning,
           (l.yapla_id is not null and coalesce(a.read_at < ca.started_at, false)) as "yaplaUnseen",
           (l.yoplanning_id is not null and coalesce(b.read_at < cb.started_at, false)) as "yoplanningUnseen"
      from (${links}) l
      ${recordOf(sql, scope, 'yapla', 'a')}
      ${recordOf(sql, scope, 'yoplanning', 'b')}
      left join lateral (select max(started_at) as started_at from scan
        where connection_id = ${scope.connectionId} and kind = ${scope.kind} and system = 'yapla' and status = 'complete') ca on true
      left join lateral (select max(started_at) as started_at from scan
        where connection_id = ${scope.connectionId} and kind = ${scope.kind} and system = 'yoplanning' and status = 'complete') cb on true`;
}

/** The links named, in one statement. */
export async function pairsByIds(
  sql: Sql | Transaction,
  scope: Scope,
  linkIds: readonly string[],
  depth: Depth = 'documents',
): Promise<Map<string, LinkedPair>> {
  const rows = await sql<PairRow[]>`
    ${selectPairs(
      sql,
      scope,
      depth,
      sql`select * from link where connection_id = ${scope.connectionId} and kind = ${scope.kind} and link_id = any(${linkIds})`,
    )}`;
  return new Map(rows.map((row) => [row.linkId, pairOf(row)]));
}

export interface Proposal {
  readonly linkId: string;
  readonly yaplaId: string | null;
  readonly yoplanningId: string | null;
  readonly matchedBy: string;
}

/** Proposes links for a plan. A record that already has one keeps it: the proposal is dropped. */
export async function proposeLinks(
  sql: Sql,
  scope: Scope,
  proposals: readonly Proposal[],
  planId: number | null = null,
): Promise<number> {
  if (proposals.length === 0) return 0;
  const rows = await sql`
    insert into link (connection_id, kind, link_id, yapla_id, yoplanning_id, state, matched_by, plan_id)
    select ${scope.connectionId}, ${scope.kind}, r."linkId", r."yaplaId", r."yoplanningId", 'proposed', r."matchedBy", ${planId}::bigint
      from json_to_recordset(${JSON.stringify(proposals)}::text::json)
        as r("linkId" text, "yaplaId" text, "yoplanningId" text, "matchedBy" text)
     -- Said while they were matched.
     where not exists (select 1 from apart a where a.connection_id = ${scope.connectionId} and a.kind = ${scope.kind}
                          and a.yapla_id = r."yaplaId" and a.yoplanning_id = r."yoplanningId")
    on conflict do nothing returning 1`;
  return rows.length;
}

/**
 * Proposes a link of one side only for each record that has none and is in no open doubt: people to be created on the other side.
 *
 * @param among looks at these only, where those without a link are known and few; null: at all records
 */
export async function proposeUnmatched(
  sql: Sql,
  scope: Scope,
  doubtful: Readonly<Record<SystemName, readonly string[]>>,
  among: Readonly<Record<SystemName, readonly string[]>> | null,
  planId: number | null = null,
): Promise<void> {
  for (const system of ['yapla', 'yoplanning'] as const) {
    const column = sql(`${system}_id`);
    await sql`
      insert into link (connection_id, kind, link_id, ${column}, state, matched_by, plan_id)
      select ${scope.connectionId}, ${scope.kind}, ${`${system}:`} || s.external_id, s.external_id, 'proposed', 'unmatched', ${planId}::bigint
        from reading s
       where s.connection_id = ${scope.connectionId} and s.kind = ${scope.kind} and s.system = ${system} and s.gone_at is null
         and s.external_id <> all(${doubtful[system]}) ${among === null ? sql`` : sql`and s.external_id = any(${among[system]})`}
         and not exists (select 1 from link l where l.connection_id = s.connection_id and l.kind = s.kind and l.${column} = s.external_id)
      on conflict do nothing`;
  }
}

/**
 * Forgets what plans proposed and nobody applied, but for what a creation may have taken effect of already. What live work linked or asked
 * about is no plan's, and stays.
 *
 * @param planId the plan whose proposals go; `all`: of every plan, before another is drawn
 */
export async function dropProposals(sql: Sql, scope: Scope, planId: number | 'all'): Promise<void> {
  await sql`
    delete from link l where l.connection_id = ${scope.connectionId} and l.kind = ${scope.kind} and l.state = 'proposed'
       and ${planId === 'all' ? sql`l.plan_id is not null` : sql`l.plan_id = ${planId}`}
       and not exists (select 1 from intent i where i.connection_id = l.connection_id and i.kind = l.kind
                          and i.link_id = l.link_id and i.status = 'sent')`;
}

/** Links about which a person was asked are no plan's any more: they outlive it, and whose record is gone is not made again by the next. */
export async function keepProposals(tx: Transaction, scope: Scope, linkIds: readonly string[]): Promise<void> {
  if (linkIds.length === 0) return;
  await tx`
    update link set plan_id = null
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and link_id = any(${linkIds}) and plan_id is not null`;
}

export interface Agreement {
  readonly linkId: string;
  /** New base of the fields that both systems now agree on; others keep theirs. */
  readonly base: FieldHashes;
  readonly baseFields: CanonicalFields;
  /** The record's id in a system where it was just created. */
  readonly ids?: Partial<Record<SystemName, string>>;
  readonly equal?: EqualValues;
  /** Nothing is left to do about the link once this is recorded; `heldBack`: but its records differ in what may not be written. */
  readonly settles?: 'agreed' | 'heldBack' | null;
}

/**
 * Records what both systems agree on, set-wise, and makes proposals active. It does not look what the base was: anyone who calls it has
 * locked the links and compared their versions (`lockLinks`).
 */
export async function agree(sql: Sql | Transaction, scope: Scope, agreements: readonly Agreement[]): Promise<void> {
  if (agreements.length === 0) return;
  const rows = agreements.map((one) => ({
    link_id: one.linkId,
    base: one.base,
    base_fields: one.baseFields,
    yapla_id: one.ids?.yapla ?? null,
    yoplanning_id: one.ids?.yoplanning ?? null,
    equal: one.equal ?? null,
    settles: one.settles ?? null,
  }));
  await sql`
    update link l
       set base = coalesce(l.base, '{}') || r.base, base_fields = coalesce(l.base_fields, '{}') || r.base_fields,
           yapla_id = coalesce(r.yapla_id, l.yapla_id), yoplanning_id = coalesce(r.yoplanning_id, l.yoplanning_id),
           equal = coalesce(r.equal, l.equal), state = 'active', agreed_at = now(), version = l.version + 1,
           settled_version = case when r.settles is null then l.settled_version else l.version + 1 end,
           held_back = coalesce(r.settles = 'heldBack', l.held_back)
      from json_to_recordset(${JSON.stringify(rows)}::text::json)
        as r(link_id text, base jsonb, base_fields jsonb, yapla_id text, yoplanning_id text, equal jsonb, settles text)
     where l.connection_id = ${scope.connectionId} and l.kind = ${scope.kind} and l.link_id = r.link_id`;
}

/** A link as it is found before it is committed to. */
export interface LockedLink extends Pick<Link, 'linkId' | 'ids' | 'version' | 'base' | 'equal'> {
  /** When its records were read last (`Shadow.readAt`); null where there is none. */
  readonly readAt: Readonly<Record<SystemName, string | null>>;
}

/**
 * Holds these links, and what is stored of their records, until the transaction ends: nothing changes them meanwhile. Records first and in
 * one order, as everyone who stores a page holds them; a change of theirs then waits for the link.
 */
export async function lockLinks(
  tx: Transaction,
  scope: Scope,
  linkIds: readonly string[],
): Promise<Map<string, LockedLink>> {
  if (linkIds.length === 0) return new Map();
  const lockRecords = async (system: SystemName) =>
    await tx<{ linkId: string; readAt: string }[]>`
      select l.link_id as "linkId", s.read_at::text as "readAt" from link l join reading s
          on s.connection_id = l.connection_id and s.kind = l.kind and s.system = ${system} and s.external_id = l.${tx(`${system}_id`)}
       where l.connection_id = ${scope.connectionId} and l.kind = ${scope.kind} and l.link_id = any(${linkIds})
       order by s.external_id for update of s`;
  const lockThem = async () =>
    await tx<Omit<LockedLink, 'readAt'>[]>`
      select link_id as "linkId", json_build_object('yapla', yapla_id, 'yoplanning', yoplanning_id) as ids, version, base, equal
        from link where connection_id = ${scope.connectionId} and kind = ${scope.kind} and link_id = any(${linkIds})
       order by link_id for update`;
  // Sent in this order, without waiting in between.
  const [yapla, yoplanning, links] = await Promise.all([lockRecords('yapla'), lockRecords('yoplanning'), lockThem()]);
  const readAt = { yapla: new Map<string, string>(), yoplanning: new Map<string, string>() };
  for (const one of yapla) readAt.yapla.set(one.linkId, one.readAt);
  for (const one of yoplanning) readAt.yoplanning.set(one.linkId, one.readAt);
  const of = (system: SystemName, linkId: string) => readAt[system].get(linkId) ?? null;
  return new Map(
    links.map((link) => [
      link.linkId,
      { ...link, readAt: { yapla: of('yapla', link.linkId), yoplanning: of('yoplanning', link.linkId) } },
    ]),
  );
}

/** At this version nothing was left to do about a link, but what waits for a person. */
export interface Settlement {
  readonly linkId: string;
  readonly version: number;
  /** Its records differ in what may not be written. */
  readonly heldBack: boolean;
}

/** Settles links, unless they have changed since. */
export async function settleLinks(sql: Sql | Transaction, scope: Scope, settled: readonly Settlement[]): Promise<void> {
  if (settled.length === 0) return;
  await sql`
    update link l set settled_version = r.version, held_back = r."heldBack"
      from json_to_recordset(${JSON.stringify(settled)}::text::json) as r("linkId" text, version bigint, "heldBack" boolean)
     where l.connection_id = ${scope.connectionId} and l.kind = ${scope.kind} and l.link_id = r."linkId" and l.version = r.version`;
}

/** Under other rules, something may be left to do about every link. */
export async function unsettleAll(tx: Transaction, scope: Scope): Promise<void> {
  await tx`
    update link set settled_version = null where connection_id = ${scope.connectionId} and kind = ${scope.kind} and settled_version is not null`;
}

/** A base that was made again for another field map. */
export interface RemadeLink {
  readonly linkId: string;
  readonly base: FieldHashes;
  readonly baseFields: CanonicalFields;
  readonly equal: EqualValues;
}

/** Replaces bases and forms, where there was a base. */
export async function remakeLinks(tx: Transaction, scope: Scope, links: readonly RemadeLink[]): Promise<void> {
  if (links.length === 0) return;
  await tx`
    update link l set base = r.base, base_fields = r."baseFields", equal = r.equal, version = l.version + 1
      from json_to_recordset(${JSON.stringify(links)}::text::json)
        as r("linkId" text, base jsonb, "baseFields" jsonb, equal jsonb)
     where l.connection_id = ${scope.connectionId} and l.kind = ${scope.kind} and l.link_id = r."linkId" and l.base is not null`;
}

/** How the links of a connection stand. Both records known, and active, but for `heldBack`. */
export interface LinkCounts {
  readonly linked: number;
  /** Settled, and differing in what may not be written. */
  readonly heldBack: number;
}

/** @param proposed counts links of both sides that a plan proposes as well */
export async function countLinkStates(
  sql: Sql,
  scope: Scope,
  { proposed }: { readonly proposed: boolean },
): Promise<LinkCounts> {
  const [row] = await sql<LinkCounts[]>`
    select count(*) filter (where yapla_id is not null and yoplanning_id is not null
                                  and (state = 'active' or ${proposed}::boolean))::int as linked,
           count(*) filter (where held_back and version = settled_version)::int as "heldBack"
      from link where connection_id = ${scope.connectionId} and kind = ${scope.kind}`;
  return row!;
}

/** The ids of every active link of which both records are known. */
export async function linkedIds(
  sql: Sql,
  scope: Scope,
): Promise<readonly { readonly linkId: string; readonly yapla: string; readonly yoplanning: string }[]> {
  return await sql`
    select link_id as "linkId", yapla_id as yapla, yoplanning_id as yoplanning from link
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and state = 'active'
       and yapla_id is not null and yoplanning_id is not null`;
}

/**
 * One at a time matches a record of the connection and makes or completes its link, until the transaction ends: two records of one person
 * that are seen at the same moment meet.
 */
export async function lockFirstSights(tx: Transaction, scope: Scope): Promise<void> {
  await tx`select pg_advisory_xact_lock(hashtextextended(${`passerelle/first-sight/${scopeName(scope)}`}, 0))`;
}

/** The link that holds this record, if one does. */
export async function linkOfRecord(
  sql: Sql | Transaction,
  scope: Scope,
  system: SystemName,
  id: string,
): Promise<string | null> {
  const [row] = await sql<{ linkId: string }[]>`
    select link_id as "linkId" from link
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and ${sql(`${system}_id`)} = ${id}`;
  return row?.linkId ?? null;
}

/** A link without its values. */
export type BareLink = Pick<Link, 'linkId' | 'ids' | 'state'>;

/** @returns null where there is no such link */
export async function bareLink(sql: Sql | Transaction, scope: Scope, linkId: string): Promise<BareLink | null> {
  const [row] = await sql<BareLink[]>`
    select link_id as "linkId", json_build_object('yapla', yapla_id, 'yoplanning', yoplanning_id) as ids, state from link
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and link_id = ${linkId}`;
  return row ?? null;
}

/** Makes a link, of one side or of both, where a record was seen for the first time outside of a bulk sync. */
export async function addLink(
  tx: Transaction,
  scope: Scope,
  { linkId, yaplaId, yoplanningId, matchedBy }: Proposal,
): Promise<void> {
  await tx`
    insert into link (connection_id, kind, link_id, yapla_id, yoplanning_id, state, matched_by)
    values (${scope.connectionId}, ${scope.kind}, ${linkId}, ${yaplaId}, ${yoplanningId}, 'proposed', ${matchedBy})`;
}

/** Gives a link of one side its other side. The caller has claimed it and has seen that the side is free. */
export async function completeLink(
  tx: Transaction,
  scope: Scope,
  linkId: string,
  side: { readonly system: SystemName; readonly id: string },
  matchedBy: string,
): Promise<void> {
  await tx`
    update link set ${tx(`${side.system}_id`)} = ${side.id}, matched_by = ${matchedBy}, version = version + 1
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and link_id = ${linkId}`;
}

/** Forgets a link whose record now belongs to another one. */
export async function deleteLink(tx: Transaction, scope: Scope, linkId: string): Promise<void> {
  await tx`delete from link where connection_id = ${scope.connectionId} and kind = ${scope.kind} and link_id = ${linkId}`;
}
