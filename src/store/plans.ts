/** The table `plan`: a stored, numbered set of decisions, which a person or a rule approves before it is applied. */
import { type Scope, systemNames } from '../core/record.js';
import { noteDeed } from './audit.js';
import type { Sql, Transaction } from './database.js';
import { lookAgain } from './inbox.js';
import { lockFirstSights } from './links.js';

/**
 * - `expired`: nobody approved it in time (`bulk.maxPlanAgeMs`);
 * - `superseded`: a newer bulk sync was started while it waited.
 */
export type PlanStatus =
  'drafting' | 'ready' | 'approved' | 'applied' | 'rejected' | 'cancelled' | 'expired' | 'superseded' | 'notConfigured';

export type PlanEnd = Exclude<PlanStatus, 'drafting' | 'ready' | 'approved'>;

export interface Plan<Totals = unknown, Cost = unknown, Guard = unknown> {
  readonly id: number;
  readonly number: number;
  readonly status: PlanStatus;
  readonly totals: Totals;
  readonly cost: Cost;
  readonly guard: Guard;
  readonly createdAt: Date;
  /** Who approved it, or which rule; null where nobody did. */
  readonly approvedBy: string | null;
}

/** Opens the plan of a workflow run and empties it: an attempt cut off half-way starts over. */
export async function draftPlan(sql: Sql, scope: Scope, runId: string): Promise<{ id: number; number: number }> {
  return await sql.begin(async (tx) => {
    // Numbers are counted by scope: only one draft at a time may take the next.
    await tx`select 1 from connection where id = ${scope.connectionId} for update`;
    const [plan] = await tx<{ id: number; number: number }[]>`
      insert into plan (connection_id, kind, number, run_id)
      values (${scope.connectionId}, ${scope.kind}, (
                select coalesce(max(number), 0) + 1 from plan
                 where connection_id = ${scope.connectionId} and kind = ${scope.kind}), ${runId})
      on conflict (connection_id, kind, run_id) do update set status = 'drafting'
      returning id::int as id, number`;
    await tx`delete from plan_item where plan_id = ${plan!.id}`;
    return plan!;
  });
}

/** Completes a draft. */
export async function readyPlan(
  sql: Sql,
  planId: number,
  what: { totals: unknown; cost: unknown; guard: unknown },
): Promise<void> {
  await sql`
    update plan set status = 'ready', totals = ${sql.json(what.totals)}, cost = ${sql.json(what.cost)},
           guard = ${sql.json(what.guard)}
     where id = ${planId}`;
}

/** Whether a plan of the connection was ever approved. Before, nothing is linked, created or written, by live work neither. */
export async function hasBegun(sql: Sql | Transaction, scope: Scope): Promise<boolean> {
  const [row] = await sql<{ begun: boolean }[]>`
    select exists (select 1 from plan where connection_id = ${scope.connectionId} and kind = ${scope.kind} and approved_at is not null) as begun`;
  return row!.begun;
}

/**
 * Approves a plan. With the first of its connection live work begins: what was read since the plan was drawn is looked at again, because
 * nobody acted on it (see `hasBegun`). Repeatable.
 *
 * @param by who approved it, or which rule
 */
export async function approvePlan(sql: Sql, scope: Scope, planId: number, by: string | null): Promise<void> {
  await sql.begin(async (tx) => {
    // Anyone who read a record before this one, and found that nothing has begun, has recorded it by now; anyone who comes later finds it begun.
    await lockFirstSights(tx, scope);
    if (!(await hasBegun(tx, scope))) {
      for (const system of systemNames) {
        const read = await tx<{ id: string }[]>`
          select s.external_id as id from reading s join plan p on p.id = ${planId}
           where s.connection_id = ${scope.connectionId} and s.kind = ${scope.kind} and s.system = ${system}
             and s.read_at > p.created_at and s.gone_at is null`;
        await lookAgain(
          tx,
          scope,
          system,
          read.map(({ id }) => id),
        );
      }
    }
    await tx`update plan set status = 'approved', approved_at = now(), approved_by = ${by} where id = ${planId}`;
  });
}

/** Ends a plan. */
export async function endPlan(sql: Sql, planId: number, status: PlanEnd): Promise<void> {
  await sql`update plan set status = ${status}, ended_at = now() where id = ${planId}`;
}

/** The connection's newest plan, or the one numbered `number`. */
export async function findPlan<T, C, G>(sql: Sql, scope: Scope, number?: number): Promise<Plan<T, C, G> | null> {
  const rows = await sql<Plan<T, C, G>[]>`
    select id::int as id, number, status, totals, cost, guard, created_at as "createdAt",
           approved_by as "approvedBy"
      from plan where connection_id = ${scope.connectionId} and kind = ${scope.kind} ${number === undefined ? sql`` : sql`and number = ${number}`}
     order by number desc limit 1`;
  return rows[0] ?? null;
}

/**
 * Notes that somebody is about to approve or to reject a plan (the table `audit`). What becomes of it, the workflow says: it is told the
 * note's id, so that no name stands in a history.
 *
 * @returns the note's id; null: the connection has no such plan
 */
export async function notePlanDecision(
  sql: Sql,
  scope: Scope,
  number: number,
  verb: 'approve' | 'reject',
  by: string,
): Promise<number | null> {
  const plan = await findPlan(sql, scope, number);
  return plan === null ? null : await noteDeed(sql, { ...scope, verb, by, about: { plan: number } });
}

/** Who decided about this plan; null: there is no such note about it. */
export async function deciderOf(sql: Sql, planId: number, decisionId: number): Promise<string | null> {
  const [row] = await sql<{ by: string }[]>`
    select a.done_by as by from plan p
      join audit a on a.connection_id = p.connection_id and a.kind = p.kind and a.verb in ('approve', 'reject')
                  and a.about = jsonb_build_object('plan', p.number)
     where p.id = ${planId} and a.id = ${decisionId}`;
  return row?.by ?? null;
}
