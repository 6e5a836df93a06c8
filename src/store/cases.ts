/**
 * The table `cases`: questions for a person. An open question is asked once, however often it comes up. What kinds there are, and what
 * they mean, is said in src/cases: here a kind is a code.
 */
import type { BookingAnswer } from '../core/events/bookings.js';
import type { FieldName, FieldValue, Scope, SystemName } from '../core/record.js';
import { type Fragment, jsonTexts, type Sql, type Transaction } from './database.js';
import type { PairHashes } from './linkState.js';

/** @typeParam Details may hold values: they stay in Postgres */
export interface NewCase<Details = unknown> {
  /** The code of a kind (src/cases). */
  readonly kind: string;
  /** What it is about, by id: a link, or the records of a question that is about none. */
  readonly subject: string;
  readonly field?: string;
  /** The link that it is about, where it is about one. */
  readonly linkId?: string;
  readonly details: Details;
  /** Hashes of both sides now, for kinds that hold back while these stand. */
  readonly saw?: PairHashes;
}

/** Opens cases, all in one statement; one that is open already gets the new details. */
export async function openCases(
  sql: Sql | Transaction,
  scope: Scope,
  planId: number | null,
  cases: readonly NewCase[],
): Promise<void> {
  if (cases.length === 0) return;
  const rows = cases.map((one) => ({
    code: one.kind,
    subject: one.subject,
    field: one.field ?? '',
    link_id: one.linkId ?? null,
    saw: one.saw ?? null,
  }));
  const details = new Map(cases.map((one, at) => [rows[at]!, one.details ?? {}]));
  // One statement must not meet the same open case twice.
  const unique = [...new Map(rows.map((row) => [JSON.stringify([row.code, row.subject, row.field]), row])).values()];
  await sql`
    insert into cases (connection_id, kind, code, subject, field, link_id, details, saw, plan_id)
    select ${scope.connectionId}, ${scope.kind}, r.code, r.subject, r.field, r.link_id, r.details::json, r.saw, ${planId}::bigint
      from rows from (
             json_to_recordset(${JSON.stringify(unique)}::text::json) as (code text, subject text, field text, link_id text, saw jsonb),
             unnest(${jsonTexts(unique.map((row) => details.get(row)))}::text[])
           ) as r(code, subject, field, link_id, saw, details)
    on conflict (connection_id, kind, code, subject, field) where status = 'open'
      do update set details = excluded.details, saw = excluded.saw, plan_id = excluded.plan_id`;
}

/** Closes the open cases of a kind about one subject. @param by who answered, or how it ended */
export async function closeCasesOn(
  sql: Sql | Transaction,
  scope: Scope,
  kind: string,
  subject: string,
  by: string,
): Promise<void> {
  await sql`
    update cases set status = 'closed', closed_at = now(), closed_by = ${by}
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and code = ${kind} and subject = ${subject} and status = 'open'`;
}

/** The link about which an open case of a kind was asked, whose subject this is; null: none is open. */
export async function linkAskedAbout(
  sql: Sql | Transaction,
  scope: Scope,
  kind: string,
  subject: string,
): Promise<string | null> {
  const [row] = await sql<{ linkId: string | null }[]>`
    select link_id as "linkId" from cases
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and code = ${kind} and subject = ${subject} and status = 'open'`;
  return row?.linkId ?? null;
}

/** Links with an open case of these kinds, and those of which an open case of the guard holds something. */
export async function countInQuestion(sql: Sql, scope: Scope, kinds: readonly string[]): Promise<number> {
  const [row] = await sql<{ n: number }[]>`
    select count(distinct link_id)::int as n
      from (select link_id from cases
             where connection_id = ${scope.connectionId} and kind = ${scope.kind} and status = 'open' and code = any(${kinds})
            union all
            select h.link_id from guard_hold h join cases c on c.id = h.case_id and c.status = 'open'
             where h.connection_id = ${scope.connectionId} and h.kind = ${scope.kind} and h.released_at is null) each`;
  return row!.n;
}

export interface OpenCase {
  readonly id: number;
  /** The code of a kind (src/cases). */
  readonly kind: string;
  readonly subject: string;
  readonly field: string;
  readonly linkId: string | null;
  readonly openedAt: Date;
  /** Who answered, where the answer is not carried out yet. */
  readonly answeredBy: string | null;
  /** Number of the plan that asked; null: no plan did. */
  readonly planNumber: number | null;
}

const openColumns = (sql: Sql | Transaction) => sql`
  c.id::int as id, c.code as kind, c.subject, c.field, c.link_id as "linkId", c.opened_at as "openedAt",
  c.answered_by as "answeredBy", p.number as "planNumber"`;

/** Open cases, oldest first, without their values. */
export async function listOpenCases(sql: Sql, scope: Scope): Promise<OpenCase[]> {
  return await sql<OpenCase[]>`
    select ${openColumns(sql)} from cases c left join plan p on p.id = c.plan_id
     where c.connection_id = ${scope.connectionId} and c.kind = ${scope.kind} and c.status = 'open' order by c.id`;
}

/** Ids of the records that a case is about, by system. */
export type CaseRecords = Readonly<Record<SystemName, readonly string[]>>;

/** The records of each open case that is about a link or names records itself (a doubt), by the case's id. */
export async function recordsOfOpenCases(sql: Sql, scope: Scope): Promise<ReadonlyMap<number, CaseRecords>> {
  const rows = await sql<({ id: number } & CaseRecords)[]>`
    select c.id::int as id,
           array_remove(array[l.yapla_id], null) || coalesce(named.yapla, '{}') as yapla,
           array_remove(array[l.yoplanning_id], null) || coalesce(named.yoplanning, '{}') as yoplanning
      from cases c
      left join link l on l.connection_id = c.connection_id and l.kind = c.kind and l.link_id = c.link_id
      left join lateral (
             select case when json_typeof(c.details -> 'yapla') = 'array' and c.link_id is null
                         then array(select json_array_elements_text(c.details -> 'yapla')) end as yapla,
                    case when json_typeof(c.details -> 'yoplanning') = 'array' and c.link_id is null
                         then array(select json_array_elements_text(c.details -> 'yoplanning')) end as yoplanning) named on true
     where c.connection_id = ${scope.connectionId} and c.kind = ${scope.kind} and c.status = 'open'`;
  return new Map(rows.map(({ id, yapla, yoplanning }) => [id, { yapla, yoplanning }]));
}

/** A case in full, open or closed. */
export interface Case extends OpenCase {
  readonly scope: Scope;
  /** What was known when the question came up last. Holds values: for the eyes of the one who answers. */
  readonly details: unknown;
  /** Hashes of both sides at that time, where the case was given them. */
  readonly saw: PairHashes | null;
  /** What was answered; `close` with a reason where the case was closed by a person. Holds a value where the answer is one. */
  readonly answer: { readonly take: string; readonly value?: string | null; readonly why?: string } | null;
  readonly answeredAt: Date | null;
  readonly closedAt: Date | null;
  readonly closedBy: string | null;
}

/** The case with that id; null: there is none. */
export async function findCase(sql: Sql, id: number): Promise<Case | null> {
  const [row] = await sql<Case[]>`
    select ${openColumns(sql)}, json_build_object('connectionId', c.connection_id, 'kind', c.kind) as scope, c.details, c.saw,
           c.answer, c.answered_at as "answeredAt",
           c.closed_at as "closedAt", c.closed_by as "closedBy"
      from cases c left join plan p on p.id = c.plan_id where c.id = ${id}`;
  return row ?? null;
}

/** Open cases by kind. */
export async function countOpenCases(sql: Sql, scope: Scope): Promise<Record<string, number>> {
  const rows = await sql<{ kind: string; n: number }[]>`
    select code as kind, count(*)::int as n from cases
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and status = 'open' group by code`;
  return Object.fromEntries(rows.map((row) => [row.kind, row.n]));
}

/*
 * What persons answer to cases. An answer is stored first and carried out afterwards, by the link's workflow: so it outlives
 * whatever is down at that moment. Values stand here, in Postgres; signals carry the case's id.
 */

/**
 * - a system's name: its value is taken, in the other system too;
 * - `value`: a value of the person's own, normalised, goes to both; null clears the field;
 * - `create`: the person may be created in the system that does not know them;
 * - of a registration: what shall become of its order (core/events/bookings.ts).
 */
export type Answer =
  | { readonly take: SystemName | 'create' | BookingAnswer; readonly value?: never }
  | { readonly take: 'value'; readonly value: FieldValue };

/** An answer that is not carried out yet. */
export type CaseAnswer = Answer & {
  readonly caseId: number;
  readonly kind: string;
  /** The empty string for `create`. */
  readonly field: FieldName;
};

/** No case has that id. */
export class UnknownCase extends Error {
  override readonly name = 'UnknownCase';
  constructor(readonly caseId: number) {
    super(`there is no case ${caseId}`);
  }
}

/** The case was closed before the answer came. */
export class CaseClosed extends Error {
  override readonly name = 'CaseClosed';
  constructor(
    readonly caseId: number,
    readonly closedAt: Date,
    /** A person, or `settled` where the question answered itself. */
    readonly closedBy: string,
  ) {
    super(`case ${caseId} was closed on ${closedAt.toISOString()} by ${closedBy}: nothing is left to answer`);
  }
}

/** Cases of this kind are not answered so. */
export class UnfitAnswer extends Error {
  override readonly name = 'UnfitAnswer';
  constructor(
    readonly caseId: number,
    readonly kind: string,
    readonly take: Answer['take'] | 'close' | 'goOn',
  ) {
    super(`case ${caseId} is of kind "${kind}", which "${take}" does not answer`);
  }
}

/**
 * Stores an answer to an open case. A second answer, before the first is carried out, replaces it.
 *
 * @param by who answers. @param kinds those that it can answer
 * @throws {UnknownCase} {@link CaseClosed} {@link UnfitAnswer}
 */
export async function storeAnswer(
  sql: Sql | Transaction,
  caseId: number,
  answer: Answer,
  by: string,
  kinds: readonly string[],
): Promise<void> {
  const stored = answer.take === 'value' ? { take: answer.take, value: answer.value } : { take: answer.take };
  const rows = await sql`
    update cases set answer = ${sql.json(stored)}, answered_at = now(), answered_by = ${by}
     where id = ${caseId} and status = 'open' and code = any(${kinds}) returning 1`;
  if (rows.length === 0) throw await unanswerable(sql, caseId, answer.take);
}

/**
 * Closes a case without a value: the matter is settled, or is to be left as it is. What was answered is `close`, with the reason.
 *
 * @param kinds those that a person may close
 * @throws {UnknownCase} {@link CaseClosed} {@link UnfitAnswer}
 */
export async function storeClosing(
  sql: Sql | Transaction,
  caseId: number,
  by: string,
  why: string | null,
  kinds: readonly string[],
): Promise<void> {
  const stored = why === null ? { take: 'close' } : { take: 'close', why };
  const rows = await sql`
    update cases set status = 'closed', closed_at = now(), closed_by = ${by},
           answer = ${sql.json(stored)}, answered_at = now(), answered_by = ${by}
     where id = ${caseId} and status = 'open' and code = any(${kinds}) returning 1`;
  if (rows.length === 0) throw await unanswerable(sql, caseId, 'close');
}

async function unanswerable(
  sql: Sql | Transaction,
  caseId: number,
  take: Answer['take'] | 'close',
): Promise<UnknownCase | CaseClosed | UnfitAnswer> {
  const [row] = await sql<{ kind: string; closedAt: Date | null; closedBy: string | null }[]>`
    select code as kind, closed_at as "closedAt", closed_by as "closedBy" from cases where id = ${caseId}`;
  if (row === undefined) return new UnknownCase(caseId);
  if (row.closedAt !== null) return new CaseClosed(caseId, row.closedAt, row.closedBy ?? 'nobody named');
  return new UnfitAnswer(caseId, row.kind, take);
}

/**
 * Closes cases whose answers were carried out, in the name of the one who answered. A case that was answered anew meanwhile stays open:
 * its new answer is still to be carried out.
 */
export async function closeCarriedOut(sql: Sql | Transaction, answers: readonly CaseAnswer[]): Promise<void> {
  if (answers.length === 0) return;
  const rows = answers.map(({ caseId, take, value }) => ({
    id: caseId,
    answer: take === 'value' ? { take, value } : { take },
  }));
  await sql`
    update cases c set status = 'closed', closed_at = now(), closed_by = c.answered_by
      from jsonb_to_recordset(${sql.json(rows)}) as r(id bigint, answer jsonb)
     where c.id = r.id and c.status = 'open' and c.answer = r.answer`;
}

/**
 * Of a row `c` of `cases`: a person closed the question without more. Whether that means that it is not to be asked again, its kind
 * says. A record that came back and was removed once more is a new question, and so is one that took the place of a record that was gone.
 */
export const isDeclined = (sql: Sql | Transaction): Fragment => sql`
  c.status = 'closed' and c.answer->>'take' = 'close'
  and (c.details->>'system' is null or not exists (
         select 1 from link l where l.connection_id = c.connection_id and l.kind = c.kind and l.link_id = c.link_id
            and c.subject is distinct from 'yapla:' || l.yapla_id and c.subject is distinct from 'yoplanning:' || l.yoplanning_id))
  and not exists (select 1 from reading s
                   where s.connection_id = c.connection_id and s.kind = c.kind and s.system || ':' || s.external_id = c.subject
                     and s.gone_at > c.closed_at)`;

/** Of these links, the kinds of questions that a person closed (see `isDeclined`). */
export async function declinedQuestions(
  sql: Sql | Transaction,
  scope: Scope,
  linkIds: readonly string[],
): Promise<Map<string, Set<string>>> {
  if (linkIds.length === 0) return new Map();
  const rows = await sql<{ linkId: string; kinds: string[] }[]>`
    select c.link_id as "linkId", json_agg(distinct c.code) as kinds from cases c
     where c.connection_id = ${scope.connectionId} and c.kind = ${scope.kind} and c.link_id = any(${linkIds}) and ${isDeclined(sql)}
     group by 1`;
  return new Map(rows.map((row) => [row.linkId, new Set(row.kinds)]));
}

/** An open case of a link, as those who decide about the link need it: without values. */
export interface LinkCase {
  readonly id: number;
  readonly kind: string;
  /** What it is about, by id: the link, or one of its records (`removal`). */
  readonly subject: string;
  /** The empty string: about no field in particular. */
  readonly field: string;
  /** Hashes of both sides when the question came up; null where the case was not given them. */
  readonly saw: PairHashes | null;
  /** What a person answered and nobody has carried out yet: a system's name, `value` or `create`. Null: no answer yet. */
  readonly take: string | null;
}

/** Open cases by the link that they are about, each link's oldest first. Links without any are left out. */
export async function openCasesOf(
  sql: Sql | Transaction,
  scope: Scope,
  linkIds: readonly string[],
): Promise<Map<string, LinkCase[]>> {
  if (linkIds.length === 0) return new Map();
  const rows = await sql<(LinkCase & { readonly linkId: string })[]>`
    select link_id as "linkId", id::int as id, code as kind, subject, field, saw, answer->>'take' as take from cases
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and status = 'open' and link_id = any(${linkIds}) order by cases.id`;
  const byLink = new Map<string, LinkCase[]>();
  for (const { linkId, ...one } of rows) {
    const cases = byLink.get(linkId);
    if (cases === undefined) byLink.set(linkId, [one]);
    else cases.push(one);
  }
  return byLink;
}

/**
 * Closes cases that answered themselves, all in one statement. One that a person answered in another way since it was looked at stays
 * open: whether it still is a question depends on that.
 */
export async function closeSettled(
  sql: Sql | Transaction,
  cases: readonly Pick<LinkCase, 'id' | 'take'>[],
): Promise<void> {
  if (cases.length === 0) return;
  const rows = cases.map(({ id, take }) => ({ id, take }));
  await sql`
    update cases c set status = 'closed', closed_at = now(), closed_by = 'settled'
      from json_to_recordset(${JSON.stringify(rows)}::text::json) as r(id bigint, take text)
     where c.id = r.id and c.status = 'open' and c.answer->>'take' is not distinct from r.take`;
}

/** Closes the open cases of these kinds about a link that ends with nobody in its place. */
export async function closeCasesAbout(
  tx: Transaction,
  scope: Scope,
  linkId: string,
  kinds: readonly string[],
): Promise<void> {
  await tx`
    update cases set status = 'closed', closed_at = now(), closed_by = 'settled'
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and link_id = ${linkId} and code = any(${kinds})
       and status = 'open'`;
}

/** A person said that these two are one: questions about them and nobody else have their answer. */
export async function closeDoubtsWithin(
  tx: Transaction,
  scope: Scope,
  { yapla, yoplanning }: Readonly<Record<SystemName, string>>,
  by: string,
): Promise<void> {
  await tx`
    update cases set status = 'closed', closed_at = now(), closed_by = ${by}
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and status = 'open' and code = 'doubt'
       and string_to_array(subject, ' ') <@ ${[`yapla:${yapla}`, `yoplanning:${yoplanning}`]}::text[]`;
}

/**
 * Moves the open cases of a link that became part of another. One that stands there already is closed here.
 *
 * @param ended kinds whose question is over when two links become one
 */
export async function moveCases(
  tx: Transaction,
  scope: Scope,
  from: string,
  to: string,
  ended: readonly string[],
): Promise<void> {
  await tx`
    update cases c set status = 'closed', closed_at = now(), closed_by = 'merged'
     where c.connection_id = ${scope.connectionId} and c.kind = ${scope.kind} and c.status = 'open' and c.link_id = ${from}
       and (c.code = any(${ended}) or exists (
             select 1 from cases o where o.connection_id = c.connection_id and o.kind = c.kind and o.status = 'open' and o.code = c.code
                and o.subject = ${to} and o.field = c.field and c.subject = ${from}))`;
  await tx`
    update cases c set link_id = ${to}, subject = case when c.subject = ${from} then ${to} else c.subject end
     where c.connection_id = ${scope.connectionId} and c.kind = ${scope.kind} and c.status = 'open' and c.link_id = ${from}`;
}

/** Whether a record is named in an open doubt. */
export async function inOpenDoubt(
  sql: Sql | Transaction,
  scope: Scope,
  system: SystemName,
  id: string,
): Promise<boolean> {
  const rows = await sql`
    select 1 from cases
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} and status = 'open' and code = 'doubt'
       and ${`${system}:${id}`} = any(string_to_array(subject, ' ')) limit 1`;
  return rows.length > 0;
}

/**
 * Records without a link that an open doubt ties to somebody who is linked, directly or by way of further doubts: a bulk sync, which looks
 * at records without a link only, would not see the question, and would make the person a second time.
 */
export async function doubtedTwins(
  sql: Sql,
  scope: Scope,
): Promise<readonly { readonly system: SystemName; readonly id: string }[]> {
  return await sql<{ system: SystemName; id: string }[]>`
    with recursive named as (
      select c.id as case_id, split_part(n.name, ':', 1) as system, substr(n.name, position(':' in n.name) + 1) as id
        from cases c cross join lateral unnest(string_to_array(c.subject, ' ')) as n(name)
       where c.connection_id = ${scope.connectionId} and c.kind = ${scope.kind} and c.status = 'open' and c.code = 'doubt'),
    known as (
      select n.*, exists (
               select 1 from link l
                 join reading a on a.connection_id = l.connection_id and a.kind = l.kind and a.system = 'yapla' and a.external_id = l.yapla_id
                 join reading b on b.connection_id = l.connection_id and b.kind = l.kind and b.system = 'yoplanning' and b.external_id = l.yoplanning_id
                where l.connection_id = ${scope.connectionId} and l.kind = ${scope.kind} and a.gone_at is null and b.gone_at is null
                  and ((n.system = 'yapla' and l.yapla_id = n.id) or (n.system = 'yoplanning' and l.yoplanning_id = n.id))) as is_linked
        from named n),
    tied as (
      select case_id, system, id, is_linked from known where is_linked
      union
      select k.case_id, k.system, k.id, k.is_linked
        from tied t join known k on k.case_id = t.case_id or (k.system = t.system and k.id = t.id))
    select distinct system, id from tied where not is_linked`;
}
