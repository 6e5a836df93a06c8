/**
 * Stops of a credential: set by a refusal, lifted by a person. A refusal of a write (403) stops writes alone, because an account that may
 * only read is read on; any other stops all that is sent. Both may stand at once, and each is lifted for itself.
 */
import type { Stopped } from './budgetLine.js';
import type { Sql } from './database.js';

/** A stop as somebody saw it. */
export interface SeenStop {
  readonly stopped: Stopped;
  /** When it was set: tells it from any later one. As the database writes it, to the microsecond. */
  readonly at: string;
  readonly reason: string;
}

/** The first reason stays: what comes after it is often only its consequence. */
export async function setStop(sql: Sql, credential: string, reason: string, stopped: Stopped): Promise<void> {
  if (stopped === 'all') {
    await sql`
      INSERT INTO budget (credential, stopped_at, stopped_reason) VALUES (${credential}, clock_timestamp(), ${reason})
      ON CONFLICT (credential) DO UPDATE
        SET stopped_at = excluded.stopped_at, stopped_reason = excluded.stopped_reason
        WHERE budget.stopped_at IS NULL`;
  } else {
    await sql`
      INSERT INTO budget (credential, writes_stopped_at, writes_stopped_reason) VALUES (${credential}, clock_timestamp(), ${reason})
      ON CONFLICT (credential) DO UPDATE
        SET writes_stopped_at = excluded.writes_stopped_at, writes_stopped_reason = excluded.writes_stopped_reason
        WHERE budget.writes_stopped_at IS NULL`;
  }
}

/** @returns those that stand: none, one or both */
export async function seenStops(sql: Sql, credential: string): Promise<readonly SeenStop[]> {
  return await sql<SeenStop[]>`
    SELECT s.stopped, s.at::text AS at, s.reason
      FROM budget AS b
     CROSS JOIN LATERAL (VALUES ('all', b.stopped_at, b.stopped_reason), ('writes', b.writes_stopped_at, b.writes_stopped_reason))
           AS s (stopped, at, reason)
     WHERE b.credential = ${credential} AND s.at IS NOT NULL
     ORDER BY s.stopped`;
}

/** Lifts that stop: neither one that was set since, nor the time for which the server told us to wait. @returns whether it still stood */
export async function liftStop(sql: Sql, credential: string, { stopped, at }: SeenStop): Promise<boolean> {
  const { count } =
    stopped === 'all'
      ? await sql`
          UPDATE budget SET stopped_at = NULL, stopped_reason = NULL
           WHERE credential = ${credential} AND stopped_at = ${at}::text::timestamptz`
      : await sql`
          UPDATE budget SET writes_stopped_at = NULL, writes_stopped_reason = NULL
           WHERE credential = ${credential} AND writes_stopped_at = ${at}::text::timestamptz`;
  return count > 0;
}

/** Lifts the stops of a credential, but for those that were set after that moment (epoch milliseconds). */
export async function liftStopsBefore(sql: Sql, credential: string, beforeMs: number): Promise<void> {
  await sql`
    UPDATE budget SET stopped_at = NULL, stopped_reason = NULL
     WHERE credential = ${credential} AND stopped_at <= to_timestamp(${beforeMs}::float8 / 1000)`;
  await sql`
    UPDATE budget SET writes_stopped_at = NULL, writes_stopped_reason = NULL
     WHERE credential = ${credential} AND writes_stopped_at <= to_timestamp(${beforeMs}::float8 / 1000)`;
}
