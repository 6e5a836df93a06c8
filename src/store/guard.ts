/**
 * What the guard of live work counts and holds: the writes of the last hour and day, from the journal and the plans, and the table
 * `guard_hold`. One open case stands for all that is held of a kind in a system.
 */
import { type GuardedKind, guardWindowMs, type PeopleCounts, type Tally, type WriteAsk } from '../core/guard.js';
import type { FieldName, Scope, SystemName } from '../core/record.js';
import { CaseClosed, findCase, type NewCase, openCases, UnfitAnswer, UnknownCase } from './cases.js';
import type { Fragment, Sql, Transaction } from './database.js';
import { countLinkStates } from './links.js';
import { countPeople } from './scans.js';

/** Of the cases under which writes are held: their kind (src/cases/massChange.ts), and what they are all about. */
export const heldUnder = { kind: 'massChange', subject: 'live' } as const;

/** Names what is counted, held and asked about together: a kind of write to one system. */
export function guardedName(kind: GuardedKind, system: SystemName): string {
  return `${kind}/${system}`;
}

/** Of something that was let go on but is not in the journal yet. */
export interface Pending {
  readonly kind: GuardedKind;
  readonly system: SystemName;
  readonly key: string;
}

/**
 * Counts the writes of the last hour and day, by name (see `guardedName`); what never happened is left out. Counted is what live work sent
 * or is about to send, from the journal, and what plans that a rule approved were to write, from their totals: such a plan counts until it
 * has been over for as long as the window. Not counted is what a person has looked at: plans that they approved, what an answered case had
 * held, and all that came before the answer.
 *
 * It costs some microseconds for each value that live work wrote in a day; bulk entries of the journal are not read.
 *
 * @param pending is counted, too, once. @param asked keys to be looked up in `Tally.known`
 */
export async function countWrites(
  sql: Sql | Transaction,
  scope: Scope,
  pending: readonly Pending[],
  asked: readonly string[],
): Promise<Map<string, Tally>> {
  const rows = await sql<({ name: string; known: Record<string, boolean> | null } & Pick<Tally, 'hour' | 'day'>)[]>`
    with answered as materialized (
      select field as name, max(closed_at) as at from cases
       where connection_id = ${scope.connectionId} and kind = ${scope.kind} and code = ${heldUnder.kind} and status = 'closed'
         and closed_at > now() - ${lookBack(sql)}
       group by field),
    -- Each "not in" is a small set that is read once; to look every entry up by itself costs most of the time.
    entry as materialized (
      select j.system, j.link_id, j.field, j.at, j.write_id like '%/create' as creates,
             coalesce(j.new_value, '') = '' and coalesce(j.old_value::text, 'null') not in ('null', '""', '[]', '{}') as blanks
        from journal j
       where j.connection_id = ${scope.connectionId} and j.kind = ${scope.kind} and j.write_id like 'live/%' and j.at > now() - ${lookBack(sql)}
         and j.id not in (select o.journal_id from journal_outcome o where o.outcome = 'abandoned' and o.at > now() - ${lookBack(sql)})
         and j.link_id || '/' || j.system || '/' || case when j.write_id like '%/create' then '' else j.field end not in (
               select h.link_id || '/' || h.system || '/' || h.field from guard_hold h
                where h.connection_id = ${scope.connectionId} and h.kind = ${scope.kind} and h.released_at is not null)),
    counted as (
      select name, key, max(at) as at
        from (select 'blanked/' || system as name, link_id || '/' || field as key, at from entry where blanks and not creates
              union all
              select case when creates then 'created/' else 'changed/' end || system, link_id, at from entry
              union all
              select p.kind || '/' || p.system, p.key, now()
                from json_to_recordset(${JSON.stringify(pending)}::text::json) as p(kind text, system text, key text)) each
       group by name, key),
    alone as (
      select c.name, count(*) filter (where c.at > now() - ${hour(sql)}) as hour, count(*) as day,
             json_object_agg(c.key, c.at > now() - ${hour(sql)}) filter (where c.key = any(${asked})) as known
        from counted c
       where c.at > coalesce((select a.at from answered a where a.name = c.name), '-infinity')
       group by c.name),
    ruled as (
      select n.name, coalesce(sum(n.writes) filter (where p.over_at > now() - ${hour(sql)}), 0) as hour, sum(n.writes) as day
        from (select totals, coalesce(ended_at, now()) as over_at from plan
               where connection_id = ${scope.connectionId} and kind = ${scope.kind} and approved_by like 'rule:%') p
        cross join lateral (
          select k.kind || '/' || t.system as name, coalesce(t.writes::int, 0) as writes
            from (values ('blanked', 'blanked'), ('changed', 'changes'), ('created', 'creations')) as k(kind, total)
            cross join lateral jsonb_each_text(p.totals -> k.total) as t(system, writes)) n
       where p.over_at > now() - ${lookBack(sql)}
         and p.over_at > coalesce((select a.at from answered a where a.name = n.name), '-infinity')
       group by n.name)
    select name, sum(hour)::int as hour, sum(day)::int as day, (json_agg(known) filter (where known is not null)) -> 0 as known
      from (select name, hour, day, known from alone
            union all
            select name, hour, day, null::json from ruled where day > 0) each
     group by name`;
  return new Map(rows.map(({ name, known, ...counts }) => [name, { ...counts, known: known ?? {} }]));
}

const hour = (sql: Sql | Transaction): Fragment => sql`${guardWindowMs.hour} * interval '1 millisecond'`;
const lookBack = (sql: Sql | Transaction): Fragment => sql`${guardWindowMs.day} * interval '1 millisecond'`;

/** Values cleared in the last day without a person, by system. */
export async function blankedInDay(sql: Sql, scope: Scope): Promise<Record<SystemName, number>> {
  const tallies = await countWrites(sql, scope, [], []);
  const of = (system: SystemName) => tallies.get(guardedName('blanked', system))?.day ?? 0;
  return { yapla: of('yapla'), yoplanning: of('yoplanning') };
}

/** People of whom the guard's thresholds are shares. */
export async function guardedPeople(sql: Sql, scope: Scope): Promise<PeopleCounts> {
  const [{ linked }, yapla, yoplanning] = await Promise.all([
    countLinkStates(sql, scope, { proposed: false }),
    countPeople(sql, scope, 'yapla'),
    countPeople(sql, scope, 'yoplanning'),
  ]);
  return { linked, known: { yapla, yoplanning } };
}

/** Names of which an open case holds live writes. */
export async function heldNames(sql: Sql | Transaction, scope: Scope): Promise<Set<string>> {
  const rows = await sql<{ name: string }[]>`
    select field as name from cases
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and code = ${heldUnder.kind} and status = 'open'`;
  return new Set(rows.map(({ name }) => name));
}

/** Of these writes, what a person has let go on: `<link>/<system>/<field>`, with no field for a creation. */
export async function releasedWrites(
  sql: Sql | Transaction,
  scope: Scope,
  asks: readonly Pick<WriteAsk, 'linkId'>[],
): Promise<Set<string>> {
  const rows = await sql<{ name: string }[]>`
    select link_id || '/' || system || '/' || field as name from guard_hold
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and link_id = any(${asks.map((one) => one.linkId)})
       and released_at > now() - ${lookBack(sql)}`;
  return new Set(rows.map(({ name }) => name));
}

/** Something that may not be written. */
export interface Hold {
  /** Field of the case that holds it (see `guardedName`). */
  readonly name: string;
  readonly linkId: string;
  readonly system: SystemName;
  /** The empty string: the creation. */
  readonly field: FieldName;
}

/**
 * Opens these cases, and records what is held under them or under those that stand, in one transaction. What is held by a case that was
 * answered at this moment is not recorded: it is asked for again.
 *
 * @param cases of `heldUnder`, one for each name at most
 */
export async function holdWrites(
  sql: Sql,
  scope: Scope,
  cases: readonly NewCase[],
  holds: readonly Hold[],
): Promise<void> {
  const unique = [...new Map(holds.map((one) => [JSON.stringify(one), one])).values()];
  await sql.begin(async (tx) => {
    // In one order, as anyone else opens some of them at this moment.
    await openCases(
      tx,
      scope,
      null,
      [...cases].sort((a, b) => ((a.field ?? '') < (b.field ?? '') ? -1 : 1)),
    );
    await tx`
      insert into guard_hold (connection_id, kind, link_id, system, field, case_id)
      select distinct on (h."linkId", h.system, h.field) ${scope.connectionId}, ${scope.kind}, h."linkId", h.system, h.field, c.id
        from json_to_recordset(${JSON.stringify(unique)}::text::json) as h(name text, "linkId" text, system text, field text)
        join cases c on c.connection_id = ${scope.connectionId} and c.kind = ${scope.kind} and c.code = ${heldUnder.kind}
                    and c.field = h.name and c.status = 'open'
       order by h."linkId", h.system, h.field, c.id
      on conflict (connection_id, kind, link_id, system, field)
        do update set case_id = excluded.case_id, held_at = now(), released_at = null`;
  });
}

/** What an open guard case holds of these links. */
export async function heldByGuard(
  sql: Sql | Transaction,
  scope: Scope,
  linkIds: readonly string[],
): Promise<{ readonly linkId: string; readonly system: SystemName; readonly field: FieldName }[]> {
  return await sql<{ linkId: string; system: SystemName; field: string }[]>`
    select h.link_id as "linkId", h.system, h.field from guard_hold h join cases c on c.id = h.case_id and c.status = 'open'
     where h.connection_id = ${scope.connectionId} and h.kind = ${scope.kind} and h.link_id = any(${linkIds}) and h.released_at is null`;
}

export interface HoldSize {
  readonly links: number;
  /** Fields of these links; a creation is one. */
  readonly fields: number;
}

/** How much a case holds, or held until it was answered. */
export async function sizeOfHold(sql: Sql, caseId: number): Promise<HoldSize> {
  const [row] = await sql<HoldSize[]>`
    select count(distinct link_id)::int as links, count(*)::int as fields from guard_hold where case_id = ${caseId}`;
  return row!;
}

/** - `goOn`: what is held may be written; `close`: the matter is settled where it began. In both cases what still differs is written. */
export interface GuardAnswer {
  readonly take: 'goOn' | 'close';
  readonly why?: string;
}

/**
 * Answers a case under which writes are held: they go on, and are counted no more; the count begins anew, so the next crossing is a new
 * case. The receiver's forwarder tells the links.
 *
 * @returns links that are told
 * @throws {UnknownCase} {@link CaseClosed} {@link UnfitAnswer} it is a case of another kind
 */
export async function releaseHold(sql: Sql, caseId: number, answer: GuardAnswer, by: string): Promise<number> {
  const told = await sql.begin(async (tx) => {
    const [row] = await tx<Scope[]>`
      update cases set status = 'closed', closed_at = now(), closed_by = ${by},
             answer = ${sql.json({ ...answer })}, answered_at = now(), answered_by = ${by}
       where id = ${caseId} and status = 'open' and code = ${heldUnder.kind}
      returning connection_id as "connectionId", kind`;
    if (row === undefined) return null;
    // To release them changes their links (a trigger says so): held in the order in which everybody holds links.
    await tx`
      select 1 from link where connection_id = ${row.connectionId} and kind = ${row.kind}
         and link_id in (select link_id from guard_hold where case_id = ${caseId}) order by link_id for update`;
    const links = await tx<{ linkId: string }[]>`
      with released as (
        update guard_hold set released_at = now() where case_id = ${caseId} returning link_id),
      -- What was let through longer ago than the guard looks back says nothing any more.
      over as (
        delete from guard_hold where connection_id = ${row.connectionId} and kind = ${row.kind} and released_at < now() - ${lookBack(tx)}),
      told as (select distinct link_id from released order by link_id)
      select link_id as "linkId", look_at_link(${row.connectionId}, ${row.kind}, link_id, now()) from told`;
    return links.length;
  });
  if (told !== null) return told;
  const found = await findCase(sql, caseId);
  if (found === null) throw new UnknownCase(caseId);
  if (found.closedAt !== null) throw new CaseClosed(caseId, found.closedAt, found.closedBy ?? 'nobody named');
  throw new UnfitAnswer(caseId, found.kind, answer.take);
}
