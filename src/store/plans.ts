/** The table `plan`: a stored, numbered set of decisions, which a person or a rule approves before it is applied. */
import type { Sql } from './database.js';

export type PlanStatus = 'drafting' | 'ready' | 'approved' | 'applied' | 'rejected' | 'cancelled';

export interface Plan<Totals = unknown, Cost = unknown, Guard = unknown> {
  readonly id: number;
  readonly number: number;
  readonly status: PlanStatus;
  readonly totals: Totals;
  readonly cost: Cost;
  readonly guard: Guard;
  readonly createdAt: Date;
}

/** Opens the plan of a workflow run and empties it: an attempt cut off half-way starts over. */
export async function draftPlan(
  sql: Sql,
  connectionId: string,
  runId: string,
): Promise<{ id: number; number: number }> {
  return await sql.begin(async (tx) => {
    // Numbers are counted per connection: only one draft at a time may take the next.
    await tx`select 1 from connection where id = ${connectionId} for update`;
    const [plan] = await tx<{ id: number; number: number }[]>`
      insert into plan (connection_id, number, run_id)
      values (${connectionId}, (select coalesce(max(number), 0) + 1 from plan where connection_id = ${connectionId}), ${runId})
      on conflict (connection_id, run_id) do update set status = 'drafting'
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
    update plan set status = 'ready', totals = ${sql.json(what.totals as never)}, cost = ${sql.json(what.cost as never)},
           guard = ${sql.json(what.guard as never)}
     where id = ${planId}`;
}

/** Moves a plan on. */
export async function markPlan(sql: Sql, planId: number, status: PlanStatus, by?: string): Promise<void> {
  await sql`
    update plan set status = ${status},
           approved_at = case when ${status} = 'approved' then now() else approved_at end,
           approved_by = case when ${status} = 'approved' then ${by ?? null}::text else approved_by end,
           ended_at = case when ${status} in ('applied', 'rejected', 'cancelled') then now() else ended_at end
     where id = ${planId}`;
}

/** The connection's newest plan, or the one numbered `number`. */
export async function findPlan<T, C, G>(
  sql: Sql,
  connectionId: string,
  number?: number,
): Promise<Plan<T, C, G> | null> {
  const rows = await sql<Plan<T, C, G>[]>`
    select id::int as id, number, status, totals, cost, guard, created_at as "createdAt"
      from plan where connection_id = ${connectionId} ${number === undefined ? sql`` : sql`and number = ${number}`}
     order by number desc limit 1`;
  return rows[0] ?? null;
}
