/** The table `plan_item`: what a plan does to each link, and what became of it. */
import type { Scope } from '../core/record.js';
import type { PlanItemKind } from '../core/plan.js';
import type { Sql, Transaction } from './database.js';

/** `local` items need no request; `remote` ones do, and are applied in chunks. */
export type PlanPart = 'local' | 'remote';

export interface PlanItem<D = unknown> {
  readonly n: number;
  readonly kind: PlanItemKind;
  readonly linkId: string | null;
  readonly decision: D;
  /** Of the link, at which the decision was made; null: it is not about a link. */
  readonly version: number | null;
  readonly status: 'pending' | 'done' | 'failed';
  readonly attempts: number;
}

export type NewPlanItem = Pick<PlanItem, 'n' | 'kind' | 'linkId' | 'decision' | 'version'>;

/** Inserts items of one part, all in one statement. */
export async function addItems(sql: Sql, planId: number, part: PlanPart, items: readonly NewPlanItem[]): Promise<void> {
  if (items.length === 0) return;
  await sql`
    insert into plan_item (plan_id, part, n, decision_kind, link_id, decision, version)
    select ${planId}, ${part}, r.n, r.kind, r."linkId", r.decision, r.version
      from json_to_recordset(${JSON.stringify(items)}::text::json)
        as r(n int, kind text, "linkId" text, decision jsonb, version bigint)`;
}

/** Empties a plan, or all of it but the items of one kind. */
export async function clearItems(sql: Sql, planId: number, except?: { readonly keep: PlanItemKind }): Promise<void> {
  await sql`delete from plan_item where plan_id = ${planId} and decision_kind is distinct from ${except?.keep ?? null}::text`;
}

/** Items of a part. */
export async function countItems(sql: Sql, planId: number, part: PlanPart): Promise<number> {
  const [row] = await sql<{ n: number }[]>`
    select count(*)::int as n from plan_item where plan_id = ${planId} and part = ${part}`;
  return row!.n;
}

/** Pending items of a part with `from <= n < to`, in order. */
export async function pendingItems<D>(
  sql: Sql,
  planId: number,
  part: PlanPart,
  from: number,
  to: number,
): Promise<PlanItem<D>[]> {
  return await sql<PlanItem<D>[]>`
    select n, decision_kind as kind, link_id as "linkId", decision, version, status, attempts from plan_item
     where plan_id = ${planId} and part = ${part} and n >= ${from} and n < ${to} and status = 'pending' order by n`;
}

/** The first pending items of a part after the `after`-th, in order. */
export async function nextPending<D>(
  sql: Sql,
  planId: number,
  part: PlanPart,
  after: number,
  limit: number,
): Promise<PlanItem<D>[]> {
  return await sql<PlanItem<D>[]>`
    select n, decision_kind as kind, link_id as "linkId", decision, version, status, attempts from plan_item
     where plan_id = ${planId} and part = ${part} and n > ${after} and status = 'pending' order by n limit ${limit}`;
}

/** Ends items. An item that is ended already keeps its first end. */
export async function endItems(
  sql: Sql | Transaction,
  planId: number,
  part: PlanPart,
  ends: readonly { readonly n: number; readonly status: 'done' | 'failed'; readonly outcome: string }[],
): Promise<void> {
  if (ends.length === 0) return;
  await sql`
    update plan_item i set status = r.status, outcome = r.outcome, finished_at = now()
      from json_to_recordset(${JSON.stringify(ends)}::text::json) as r(n int, status text, outcome text)
     where i.plan_id = ${planId} and i.part = ${part} and i.n = r.n and i.status = 'pending'`;
}

/** How many items with `from <= n < to` are ended, by outcome. */
export async function endedItems(
  sql: Sql,
  planId: number,
  part: PlanPart,
  from: number,
  to: number,
): Promise<Record<string, number>> {
  const rows = await sql<{ outcome: string; n: number }[]>`
    select outcome, count(*)::int as n from plan_item
     where plan_id = ${planId} and part = ${part} and n >= ${from} and n < ${to} and status <> 'pending' group by outcome`;
  return Object.fromEntries(rows.map((row) => [row.outcome, row.n]));
}

/** Links whose items came to this outcome, in the order of their ids, at most `limit`. */
export async function linksByOutcome(sql: Sql, planId: number, outcome: string, limit: number): Promise<string[]> {
  const rows = await sql<{ linkId: string }[]>`
    select distinct link_id as "linkId" from plan_item
     where plan_id = ${planId} and outcome = ${outcome} and link_id is not null order by 1 limit ${limit}`;
  return rows.map(({ linkId }) => linkId);
}

/** Counts an attempt that failed while the server answered others; returns how many there are now. */
export async function countAttempt(sql: Sql, planId: number, n: number): Promise<number> {
  const [row] = await sql<{ attempts: number }[]>`
    update plan_item set attempts = attempts + 1 where plan_id = ${planId} and part = 'remote' and n = ${n} returning attempts`;
  return row?.attempts ?? 0;
}

/**
 * Items whose decision is to be carried out once more (re-issued creations), at the version that their links have now: it is the same
 * decision, and what changed the link since was the attempt at it.
 */
export async function reopenItems(
  sql: Sql | Transaction,
  planId: number,
  outcome: string,
  linkIds: readonly string[],
): Promise<number> {
  const rows = await sql`
    update plan_item i set status = 'pending', outcome = null, finished_at = null, version = l.version
      from plan p join link l on l.connection_id = p.connection_id and l.kind = p.kind
     where p.id = ${planId} and i.plan_id = p.id and i.part = 'remote' and i.outcome = ${outcome}
       and i.link_id = any(${linkIds}) and l.link_id = i.link_id returning 1`;
  return rows.length;
}

/** A part of these items is done, which has changed their links: what is left of them is to be done at the version of now. */
export async function advanceItems(
  sql: Sql | Transaction,
  planId: number,
  part: PlanPart,
  items: readonly number[],
): Promise<void> {
  if (items.length === 0) return;
  await sql`
    update plan_item i set version = l.version
      from plan p join link l on l.connection_id = p.connection_id and l.kind = p.kind
     where p.id = ${planId} and i.plan_id = p.id and i.part = ${part} and i.n = any(${items}) and l.link_id = i.link_id`;
}

/** A link's ended item turns out to have ended otherwise. */
export async function renameOutcome(
  sql: Sql | Transaction,
  planId: number,
  linkId: string,
  { from, to }: { readonly from: string; readonly to: string },
): Promise<void> {
  await sql`
    update plan_item set outcome = ${to}
     where plan_id = ${planId} and part = 'remote' and outcome = ${from} and link_id = ${linkId}`;
}

/** Pending items of a part. */
export async function countPending(sql: Sql, planId: number, part: PlanPart): Promise<number> {
  const [row] = await sql<{ n: number }[]>`
    select count(*)::int as n from plan_item where plan_id = ${planId} and part = ${part} and status = 'pending'`;
  return row!.n;
}

/** How far a plan is: items by part and status, and outcomes by name. */
export async function planProgress(
  sql: Sql,
  planId: number,
): Promise<
  {
    readonly part: PlanPart;
    readonly kind: PlanItemKind;
    readonly status: string;
    readonly outcome: string | null;
    readonly n: number;
  }[]
> {
  return await sql`
    select part, decision_kind as kind, status, outcome, count(*)::int as n from plan_item where plan_id = ${planId}
     group by part, decision_kind, status, outcome order by 1, 2, 3, 4`;
}

/** A few items of each kind, with the values that a person needs to judge them. For the terminal only: it prints personal data. */
export async function sampleItems(
  sql: Sql,
  scope: Scope,
  planId: number,
  perKind: number,
): Promise<
  {
    readonly kind: PlanItemKind;
    readonly linkId: string | null;
    readonly decision: unknown;
    readonly yapla: Record<string, string | null> | null;
    readonly yoplanning: Record<string, string | null> | null;
  }[]
> {
  return await sql`
    select i.decision_kind as kind, i.link_id as "linkId", i.decision, a.fields as yapla, b.fields as yoplanning
      from (select *, row_number() over (partition by decision_kind order by part, n) as nth from plan_item where plan_id = ${planId}) i
      left join link l on l.connection_id = ${scope.connectionId} and l.kind = ${scope.kind} and l.link_id = i.link_id
      left join shadow a on a.connection_id = l.connection_id and a.kind = l.kind and a.system = 'yapla' and a.external_id = l.yapla_id
      left join shadow b on b.connection_id = l.connection_id and b.kind = l.kind and b.system = 'yoplanning' and b.external_id = l.yoplanning_id
     where i.nth <= ${perKind} order by i.decision_kind, i.nth`;
}
