/** What the database knows of a credential: what it has used and sent, and what holds it. */
import type { LimitsConfig } from '../config/limits.js';
import type { Sql } from './database.js';

/** What a credential has used and whether it may send, as of now. Times are epoch milliseconds of the database's clock. */
export interface BudgetState {
  readonly second: WindowState;
  readonly day: WindowState;
  /** Requests of the day window that came from lanes other than `live`. */
  readonly dayUsedByOthers: number;
  readonly closedUntilMs: number | null;
  readonly closedReason: string | null;
  readonly stoppedAtMs: number | null;
  readonly stoppedReason: string | null;
  /** Why nothing is written, though it is read. */
  readonly writesStoppedReason: string | null;
}

export interface WindowState {
  readonly used: number;
  /** null: not limited. */
  readonly limit: number | null;
  readonly windowMs: number;
  /** When the oldest request leaves the window, if all that are under way were answered now; null: none is in it. */
  readonly nextFreeAtMs: number | null;
}

interface Row {
  used_second: number;
  used_day: number;
  used_others: number;
  second_free: number | null;
  day_free: number | null;
  closed_until: number | null;
  closed_reason: string | null;
  stopped_at: number | null;
  stopped_reason: string | null;
  writes_stopped_reason: string | null;
}

export async function readBudgetState(sql: Sql, credential: string, limits: LimitsConfig): Promise<BudgetState> {
  const { secondWindowMs, dayWindowMs } = limits;
  const [row] = await sql<[Row]>`
    WITH at AS MATERIALIZED (SELECT clock_timestamp() AS now),
    counted AS (
      SELECT lane, least(counts_from, now) AS leaves,
             counts_from > now - ${secondWindowMs}::float8 * interval '1 millisecond' AS in_second,
             counts_from > now - ${dayWindowMs}::float8 * interval '1 millisecond' AS in_day
        FROM at, request_log
       WHERE credential = ${credential}
         AND counts_from > now - ${Math.max(secondWindowMs, dayWindowMs)}::float8 * interval '1 millisecond')
    SELECT count(*) FILTER (WHERE in_second) AS used_second,
           count(*) FILTER (WHERE in_day) AS used_day,
           count(*) FILTER (WHERE in_day AND lane <> 'live') AS used_others,
           (extract(epoch FROM min(leaves) FILTER (WHERE in_second)) * 1000)::float8 + ${secondWindowMs}::float8 AS second_free,
           (extract(epoch FROM min(leaves) FILTER (WHERE in_day)) * 1000)::float8 + ${dayWindowMs}::float8 AS day_free,
           (SELECT (extract(epoch FROM closed_until) * 1000)::float8 FROM budget, at
             WHERE credential = ${credential} AND closed_until > now) AS closed_until,
           (SELECT closed_reason FROM budget, at WHERE credential = ${credential} AND closed_until > now) AS closed_reason,
           (SELECT (extract(epoch FROM stopped_at) * 1000)::float8 FROM budget WHERE credential = ${credential}) AS stopped_at,
           (SELECT stopped_reason FROM budget WHERE credential = ${credential}) AS stopped_reason,
           (SELECT writes_stopped_reason FROM budget WHERE credential = ${credential}) AS writes_stopped_reason
      FROM counted`;
  return {
    second: {
      used: row.used_second,
      limit: limits.requestsPerSecond,
      windowMs: secondWindowMs,
      nextFreeAtMs: row.second_free,
    },
    day: { used: row.used_day, limit: limits.requestsPerDay, windowMs: dayWindowMs, nextFreeAtMs: row.day_free },
    dayUsedByOthers: row.used_others,
    closedUntilMs: row.closed_until,
    closedReason: row.closed_reason,
    stoppedAtMs: row.stopped_at,
    stoppedReason: row.stopped_reason,
    writesStoppedReason: row.writes_stopped_reason,
  };
}

/**
 * Deletes log rows that stopped counting more than `olderThanMs` ago.
 * @param olderThanMs at least the longest window of any credential, or requests would be forgotten while they count
 * @returns how many were deleted
 */
export async function pruneRequestLog(sql: Sql, olderThanMs: number): Promise<number> {
  const result = await sql`
    DELETE FROM request_log WHERE counts_from < clock_timestamp() - ${olderThanMs}::float8 * interval '1 millisecond'`;
  return result.count;
}

/** Until when the server told us to wait; null: it does not. */
export async function closedUntil(sql: Sql, credential: string): Promise<Date | null> {
  const [row] = await sql<{ closedUntil: Date }[]>`
    SELECT closed_until AS "closedUntil" FROM budget
     WHERE credential = ${credential} AND closed_until > clock_timestamp()`;
  return row?.closedUntil ?? null;
}

export interface RequestCounts {
  readonly sent: number;
  /** Answered 429. */
  readonly refused: number;
}

/** Requests of a credential for these purposes. */
export async function requestsOf(sql: Sql, credential: string, purposes: readonly string[]): Promise<RequestCounts> {
  const [row] = await sql<RequestCounts[]>`
    select count(*)::int as sent, count(*) filter (where status = 429)::int as refused from request_log
     where credential = ${credential} and purpose = any(${purposes})`;
  return row!;
}

/** Requests of a credential within the last 24 hours that were sent for a purpose, or for one below it (`booking/club/yapla:1` of `booking/club`). */
export async function requestsInDay(sql: Sql, credential: string, purpose: string): Promise<number> {
  // A request counts from its answer on at the latest, so none is missed by the index.
  const [row] = await sql<{ n: number }[]>`
    select count(*)::int as n from request_log
     where credential = ${credential} and counts_from > now() - interval '24 hours' and sent_at > now() - interval '24 hours'
       and (purpose = ${purpose} or starts_with(purpose, ${`${purpose}/`}))`;
  return row!.n;
}

/**
 * How often in a row the server failed at this record (5xx, or no answer) while it answered others: since it last answered about the record,
 * those failures are counted before which it had answered somebody else. While it fails at everybody none is.
 *
 * @param of which requests about the record: those that read it, or those that change it (then a reading of it counts as somebody else's)
 */
export async function failuresWhileOthersPass(
  sql: Sql,
  credential: string,
  { record, of, windowMs }: { readonly record: string; readonly of: 'reads' | 'writes'; readonly windowMs: number },
): Promise<number> {
  const isRead = of === 'reads';
  const [row] = await sql<{ failed: number }[]>`
    with ended as (
      select answered_at, coalesce(status, 599) >= 500 as failed,
             coalesce(record = ${record} and (access = 'read') = ${isRead}, false) as own
        from request_log
       where credential = ${credential} and counts_from > now() - ${windowMs}::float8 * interval '1 millisecond' and answered_at is not null),
    failure as (
      select answered_at from ended
       where own and failed and answered_at > coalesce((select max(answered_at) from ended where own and not failed), '-infinity'))
    select count(*)::int as failed from failure
     where answered_at > (select min(answered_at) from ended
                           where not own and not failed and answered_at > (select min(answered_at) from failure))`;
  return row!.failed;
}
