/** All that the store holds about links, for one or for a thousand, in one statement: what `src/link` decides on and carries out. */
import type { FieldHash, FieldHashes, FieldName, FieldValue, Scope, SystemName } from '../core/record.js';
import { type CaseAnswer, isDeclined, type LinkCase } from './cases.js';
import type { Fragment, Sql, Transaction } from './database.js';
import type { Intent } from './intents.js';
import { type Depth, type LinkedPair, pairOf, type PairRow, selectPairs, settledHashes } from './links.js';
import { alikeAs } from '../core/alike.js';
import type { WaitingValue } from '../core/waiting.js';

export interface LinkState {
  readonly pair: LinkedPair;
  /** Open ones about the link or its records. */
  readonly cases: readonly LinkCase[];
  /** What persons answered and nobody has carried out yet, oldest case first. */
  readonly answers: readonly CaseAnswer[];
  /** Fields of which an open case of the guard holds the write, towards one system or both; the empty string: the creation. */
  readonly guarded: readonly FieldName[];
  /** Creations whose effect is not known. */
  readonly intents: readonly Intent[];
  /** Values that a system takes from a file (core/waiting.ts), oldest first. */
  readonly waiting: readonly WaitingValue[];
  /** Questions that a person closed without more (see `isDeclined`): `<kind> <subject>`. */
  readonly declined: ReadonlySet<string>;
  /** The connection's rules that persons made of their answers, by field. */
  readonly rules: Readonly<Record<FieldName, SystemName>>;
  /** What stands in the journal about it. Only where it was asked for. */
  readonly writes: JournalledWrites;
}

export interface JournalledWrites {
  /** Names of writes of which nobody recorded what became of them: an attempt that was cut off may have sent them. */
  readonly open: readonly string[];
  /** Values that our own writes gave fields, whatever the system, within the window that ends now. */
  readonly lately: readonly { readonly field: FieldName; readonly value: FieldValue; readonly times: number }[];
}

/** Which links, and how much of them. */
export interface LoadingLinks {
  readonly depth: Depth;
  /** Asks for the journalled writes as well, the latest of them within so long. */
  readonly writesWithinMs?: number;
}

interface Row extends PairRow {
  readonly cases: readonly (Omit<LinkCase, 'take'> & { readonly answer: { readonly take: string } | null })[] | null;
  readonly guarded: readonly FieldName[] | null;
  readonly intents: readonly Intent[] | null;
  readonly waiting: readonly WaitingValue[] | null;
  readonly declined: readonly string[] | null;
  readonly rules: Readonly<Record<FieldName, SystemName>> | null;
  readonly openWrites: readonly string[] | null;
  readonly lately: JournalledWrites['lately'] | null;
}

/** The links named; those that do not exist are left out. */
export async function findLinkStates(
  sql: Sql | Transaction,
  scope: Scope,
  linkIds: readonly string[],
  loading: LoadingLinks,
): Promise<Map<string, LinkState>> {
  if (linkIds.length === 0) return new Map();
  const wanted = sql`select * from link where connection_id = ${scope.connectionId} and kind = ${scope.kind} and link_id = any(${linkIds})`;
  const states = await select(sql, scope, wanted, loading);
  return new Map(states.map((state) => [state.pair.linkId, state]));
}

/** @returns null where there is no such link */
export async function findLinkState(
  sql: Sql | Transaction,
  scope: Scope,
  linkId: string,
  loading: LoadingLinks,
): Promise<LinkState | null> {
  return (await findLinkStates(sql, scope, [linkId], loading)).get(linkId) ?? null;
}

/**
 * Links that something may have to be done about: their version is not the one at which nothing was left to do. In the order of their ids,
 * from just after `after` (the empty string: from the first), at most `limit`.
 */
export async function unsettledLinks(
  sql: Sql,
  scope: Scope,
  { after, limit, ...loading }: LoadingLinks & { readonly after: string; readonly limit: number },
): Promise<LinkState[]> {
  const wanted = sql`
    select * from link
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and link_id > ${after} and version is distinct from settled_version
     order by link_id limit ${limit}`;
  return await select(sql, scope, wanted, loading);
}

async function select(
  sql: Sql | Transaction,
  scope: Scope,
  wanted: Fragment,
  { depth, writesWithinMs }: LoadingLinks,
): Promise<LinkState[]> {
  const isAbout = sql`c.connection_id = ${scope.connectionId} and c.kind = ${scope.kind} and c.link_id = p."linkId"`;
  const rows = await sql<Row[]>`
    select p.*,
           (select json_agg(json_build_object('id', c.id, 'kind', c.code, 'subject', c.subject, 'field', c.field, 'saw', c.saw, 'answer', c.answer) order by c.id)
              from cases c where ${isAbout} and c.status = 'open') as cases,
           (select json_agg(distinct h.field) from guard_hold h join cases c on c.id = h.case_id and c.status = 'open'
             where h.connection_id = ${scope.connectionId} and h.kind = ${scope.kind} and h.link_id = p."linkId"
               and h.released_at is null) as guarded,
           (select json_agg(json_build_object('linkId', i.link_id, 'system', i.system, 'externalId', i.external_id,
                            'hashes', i.hashes, 'fields', i.fields, 'sends', i.sends,
                            'recordedAtMs', floor(extract(epoch from i.recorded_at) * 1000)))
              from intent i where i.connection_id = ${scope.connectionId} and i.kind = ${scope.kind} and i.link_id = p."linkId" and i.status = 'sent') as intents,
           (select json_agg(json_build_object('system', w.system, 'field', w.field, 'valueHash', w.value_hash, 'valueForm', w.value_form,
                            'seenHash', w.seen_hash, 'batch', w.batch) order by w.id)
              from waiting w where w.connection_id = ${scope.connectionId} and w.kind = ${scope.kind} and w.link_id = p."linkId" and w.ended is null) as waiting,
           (select json_agg(distinct c.code || ' ' || c.subject) from cases c where ${isAbout} and ${isDeclined(sql)}) as declined,
           (select json_object_agg(r.field, r.rule) from field_rule r where r.connection_id = ${scope.connectionId} and r.kind = ${scope.kind}) as rules
           ${writesWithinMs === undefined ? sql`` : writeColumns(sql, scope, writesWithinMs)}
      from (${selectPairs(sql, scope, depth, wanted)}) p
     order by p."linkId"`;
  return rows.map(stateOf);
}

function writeColumns(sql: Sql | Transaction, scope: Scope, withinMs: number): Fragment {
  const journalled = sql`
    from journal j left join journal_outcome o on o.journal_id = j.id
   where j.connection_id = ${scope.connectionId} and j.kind = ${scope.kind} and j.link_id = p."linkId"`;
  return sql`,
           (select json_agg(distinct j.write_id) ${journalled} and o.journal_id is null) as "openWrites",
           (select json_agg(w) from (
              select j.field, j.new_value as value, count(*)::int as times
                ${journalled} and o.outcome = 'written' and o.request_id is not null
                 and j.at > now() - ${withinMs} * interval '1 millisecond'
               group by j.field, j.new_value) w) as lately`;
}

function stateOf(row: Row): LinkState {
  const cases = row.cases ?? [];
  return {
    pair: pairOf(row),
    cases: cases.map(({ answer, ...one }) => ({ ...one, take: answer?.take ?? null })),
    answers: cases.flatMap(({ id, kind, field, answer }) =>
      answer === null ? [] : [{ caseId: id, kind, field, ...answer } as CaseAnswer],
    ),
    guarded: row.guarded ?? [],
    intents: row.intents ?? [],
    waiting: row.waiting ?? [],
    declined: new Set(row.declined ?? []),
    rules: row.rules ?? {},
    writes: { open: row.openWrites ?? [], lately: row.lately ?? [] },
  };
}

/**
 * Hashes of both sides as decisions see them, and as a case remembers them of the moment at which it was asked; null where there is no
 * record.
 */
export type PairHashes = Readonly<Record<SystemName, FieldHashes | null>>;

export function pairHashes(pair: Pick<LinkedPair, 'equal' | 'base' | 'shadows'>): PairHashes {
  const { yapla, yoplanning } = pair.shadows;
  const settled = (system: SystemName) => {
    const shadow = pair.shadows[system];
    return shadow === null ? null : settledHashes(pair, system, shadow.hashes, shadow.forms);
  };
  const sides = { yapla: settled('yapla'), yoplanning: settled('yoplanning') };
  if (yapla === null || yoplanning === null || sides.yapla === null || sides.yoplanning === null) return sides;
  const a: Record<FieldName, FieldHash> = { ...sides.yapla };
  const b: Record<FieldName, FieldHash> = { ...sides.yoplanning };
  for (const field of Object.keys(yapla.hashes)) {
    if (a[field] === b[field] || b[field] === undefined) continue;
    const spelled = (hash: FieldHash, forms: FieldHashes = {}) => ({ hash, form: forms[field] });
    // Where both hold the same there is nothing to settle: somebody entered the server's form of our value on the other side too.
    const one =
      yapla.hashes[field] === yoplanning.hashes[field]
        ? yapla.hashes[field]!
        : alikeAs(pair.base?.[field], spelled(a[field]!, yapla.forms), spelled(b[field], yoplanning.forms));
    if (one !== null) a[field] = b[field] = one;
  }
  return { yapla: a, yoplanning: b };
}
