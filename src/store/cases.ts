/**
 * The table `cases`: questions for a person. An open question is asked once, however often it comes up. What kinds there are, and what
 * they mean, is said in src/cases: here a kind is a code.
 */
import type { Scope } from '../core/record.js';
import { jsonTexts, type Sql, type Transaction } from './database.js';
import type { PairHashes } from './pairHashes.js';

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

/** A case in full, open or closed. */
export interface Case extends OpenCase {
  readonly scope: Scope;
  /** What was known when the question came up last. Holds values: for the eyes of whoever answers. */
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
