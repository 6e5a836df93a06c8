/** The table `cases`: questions for a person. An open question is asked once, however often it comes up. */
import type { FieldHashes, SystemName } from '../core/record.js';
import { jsonTexts, type Sql, type Transaction } from './database.js';

/**
 * - `conflict`: both systems changed one field differently, and the field's rule is `ask`;
 * - `doubt`: records that may be one person, or two;
 * - `removal`: a linked record is proven gone in one system;
 * - `refused`: a system does not take a record;
 * - `notTaken`: a system accepted a write and kept its old value;
 * - `frozen`: our own writes moved a field to and fro between the same values, and it is held until a person answers;
 * - `canary`: a write changed something that is not mapped;
 * - `guard`: a plan is larger than the thresholds allow, or live work is (then it holds what goes beyond, see guard.ts);
 * - `create`: a person is known to one system only, and the rule is to ask.
 */
export type CaseKind =
  'conflict' | 'doubt' | 'removal' | 'refused' | 'notTaken' | 'frozen' | 'canary' | 'guard' | 'create';

export interface NewCase {
  readonly kind: CaseKind;
  /** What it is about, by id. */
  readonly subject: string;
  readonly field?: string;
  readonly linkId?: string;
  /** May hold values: it stays in Postgres. */
  readonly details: unknown;
  /** Hashes of both sides now; see `heldLinks`. */
  readonly saw?: Readonly<Record<SystemName, FieldHashes | null>>;
}

/** Opens cases, all in one statement; one that is open already gets the new details. */
export async function openCases(
  sql: Sql | Transaction,
  connectionId: string,
  planId: number | null,
  cases: readonly NewCase[],
): Promise<void> {
  if (cases.length === 0) return;
  const rows = cases.map((one) => ({
    kind: one.kind,
    subject: one.subject,
    field: one.field ?? '',
    link_id: one.linkId ?? null,
    saw: one.saw ?? null,
  }));
  const details = new Map(cases.map((one, at) => [rows[at]!, one.details ?? {}]));
  // One statement must not meet the same open case twice.
  const unique = [...new Map(rows.map((row) => [JSON.stringify([row.kind, row.subject, row.field]), row])).values()];
  await sql`
    insert into cases (connection_id, kind, subject, field, link_id, details, saw, plan_id)
    select ${connectionId}, r.kind, r.subject, r.field, r.link_id, r.details::json, r.saw, ${planId}::bigint
      from rows from (
             json_to_recordset(${JSON.stringify(unique)}::text::json) as (kind text, subject text, field text, link_id text, saw jsonb),
             unnest(${jsonTexts(unique.map((row) => details.get(row)))}::text[])
           ) as r(kind, subject, field, link_id, saw, details)
    on conflict (connection_id, kind, subject, field) where status = 'open'
      do update set details = excluded.details, saw = excluded.saw, plan_id = excluded.plan_id`;
}

/** Closes the guard's questions about a plan. @param by who answered, or how the plan ended */
export async function closeGuardCases(sql: Sql, connectionId: string, planId: number, by: string): Promise<void> {
  await sql`
    update cases set status = 'closed', closed_at = now(), closed_by = ${by}
     where connection_id = ${connectionId} and kind = 'guard' and subject = ${`plan/${planId}`} and status = 'open'`;
}

/**
 * Closes cases whose question no longer stands: of these links, every open one of these kinds but for the fields named. A value of a
 * person's own is still to be carried out where both systems agree on another one.
 */
export async function closeSettledCases(
  sql: Sql | Transaction,
  connectionId: string,
  settled: readonly { readonly linkId: string; readonly openFields: readonly string[] }[],
): Promise<void> {
  if (settled.length === 0) return;
  const rows = settled.map((one) => ({ link_id: one.linkId, open_fields: one.openFields }));
  await sql`
    update cases c set status = 'closed', closed_at = now(), closed_by = 'settled'
      from json_to_recordset(${JSON.stringify(rows)}::text::json) as r(link_id text, open_fields jsonb)
     where c.connection_id = ${connectionId} and c.link_id = r.link_id and c.status = 'open'
       and c.kind in ('conflict', 'notTaken') and not r.open_fields ? c.field
       and c.answer->>'take' is distinct from 'value'`;
}

/** What of a link still needs something: fields, and kinds of questions about the link as a whole. */
export interface StillOpen {
  readonly linkId: string;
  readonly fields: readonly string[];
  readonly kinds: readonly ('refused' | 'removal' | 'create')[];
}

/**
 * Closes questions about these links that answered themselves: whoever edited one of the two systems has said what holds. A frozen
 * field only once it is answered, too; and a value of a person's own is still to be carried out.
 */
export async function closeAnsweredCases(
  sql: Sql | Transaction,
  connectionId: string,
  links: readonly StillOpen[],
): Promise<void> {
  if (links.length === 0) return;
  await sql`
    update cases c set status = 'closed', closed_at = now(), closed_by = 'settled'
      from json_to_recordset(${JSON.stringify(links)}::text::json) as r("linkId" text, fields jsonb, kinds jsonb)
     where c.connection_id = ${connectionId} and c.status = 'open' and coalesce(c.link_id, c.subject) = r."linkId"
       and ((not r.fields ? c.field and c.answer->>'take' is distinct from 'value'
             and (c.kind in ('conflict', 'notTaken') or (c.kind = 'frozen' and c.answer is not null)))
         or (c.kind in ('refused', 'removal', 'create') and not r.kinds ? c.kind))`;
}

/**
 * An open case that holds writes back: of the whole link (`refused`), or of one field (`notTaken`, `frozen`); what the guard of live work
 * holds is one for each field, or with no field for a creation.
 */
export interface HoldingCase {
  readonly kind: 'refused' | 'notTaken' | 'frozen' | 'guard';
  readonly linkId: string;
  readonly field: string;
  readonly saw: Readonly<Record<SystemName, FieldHashes | null>>;
}

/** Open cases that hold writes of these links back: a frozen field until it is answered, the others while nothing has changed since. */
export async function holdingCases(sql: Sql, connectionId: string, linkIds: readonly string[]): Promise<HoldingCase[]> {
  return await sql<HoldingCase[]>`
    select kind, link_id as "linkId", field, saw from cases
     where connection_id = ${connectionId} and status = 'open' and kind in ('refused', 'notTaken', 'frozen')
       and saw is not null and link_id = any(${linkIds as string[]})
    union all
    select 'guard', h.link_id, h.field, '{"yapla": null, "yoplanning": null}'::jsonb from guard_hold h
      join cases c on c.id = h.case_id and c.status = 'open'
     where h.connection_id = ${connectionId} and h.released_at is null and h.link_id = any(${linkIds as string[]})`;
}

/** Of these links, those with open cases, and on which fields: the empty string stands for the whole link. */
export async function linksInQuestion(
  sql: Sql,
  connectionId: string,
  linkIds: readonly string[],
): Promise<Map<string, Set<string>>> {
  const rows = await sql<{ linkId: string; fields: string[] }[]>`
    select "linkId", json_agg(field) as fields
      from (select coalesce(link_id, subject) as "linkId", field from cases
             where connection_id = ${connectionId} and status = 'open' and kind not in ('guard', 'doubt', 'canary')
               and (link_id = any(${linkIds as string[]}) or subject = any(${linkIds as string[]}))
            union all
            select h.link_id, h.field from guard_hold h join cases c on c.id = h.case_id and c.status = 'open'
             where h.connection_id = ${connectionId} and h.released_at is null and h.link_id = any(${linkIds as string[]})) each
     group by 1`;
  return new Map(rows.map((row) => [row.linkId, new Set(row.fields)]));
}

/** Every `<link>/<field>` with an open case about that field, and every `<link>` of which a system refuses the record as a whole. */
export async function fieldsInQuestion(sql: Sql, connectionId: string): Promise<Set<string>> {
  const rows = await sql<{ name: string }[]>`
    select case when field = '' then link_id else link_id || '/' || field end as name from cases
     where connection_id = ${connectionId} and status = 'open' and link_id is not null and (field <> '' or kind = 'refused')
    union
    select case when h.field = '' then h.link_id else h.link_id || '/' || h.field end from guard_hold h
      join cases c on c.id = h.case_id and c.status = 'open'
     where h.connection_id = ${connectionId} and h.released_at is null`;
  return new Set(rows.map((row) => row.name));
}

export interface OpenCase {
  readonly id: number;
  readonly kind: CaseKind;
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
  c.id::int as id, c.kind, c.subject, c.field, c.link_id as "linkId", c.opened_at as "openedAt",
  c.answered_by as "answeredBy", p.number as "planNumber"`;

/** Open cases, oldest first, without their values. */
export async function listOpenCases(sql: Sql, connectionId: string): Promise<OpenCase[]> {
  return await sql<OpenCase[]>`
    select ${openColumns(sql)} from cases c left join plan p on p.id = c.plan_id
     where c.connection_id = ${connectionId} and c.status = 'open' order by c.id`;
}

/** A case in full, open or closed. */
export interface Case extends OpenCase {
  readonly connectionId: string;
  /** What was known when the question came up last. Holds values: for the eyes of whoever answers. */
  readonly details: unknown;
  /** Hashes of both sides at that time, where the case was given them. */
  readonly saw: Readonly<Record<SystemName, FieldHashes | null>> | null;
  /** What was answered; `close` with a reason where the case was closed by a person. Holds a value where the answer is one. */
  readonly answer: { readonly take: string; readonly value?: string | null; readonly why?: string } | null;
  readonly answeredAt: Date | null;
  readonly closedAt: Date | null;
  readonly closedBy: string | null;
}

/** The case with that id; null: there is none. */
export async function findCase(sql: Sql, id: number): Promise<Case | null> {
  const [row] = await sql<Case[]>`
    select ${openColumns(sql)}, c.connection_id as "connectionId", c.details, c.saw, c.answer, c.answered_at as "answeredAt",
           c.closed_at as "closedAt", c.closed_by as "closedBy"
      from cases c left join plan p on p.id = c.plan_id where c.id = ${id}`;
  return row ?? null;
}

/** Open cases by kind. */
export async function countOpenCases(sql: Sql, connectionId: string): Promise<Record<string, number>> {
  const rows = await sql<{ kind: string; n: number }[]>`
    select kind, count(*)::int as n from cases where connection_id = ${connectionId} and status = 'open' group by kind`;
  return Object.fromEntries(rows.map((row) => [row.kind, row.n]));
}
