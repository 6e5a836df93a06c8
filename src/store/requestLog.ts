/** Reading the request log: what a sync cost. It is written by the budget, one row for each request (006.do.budget.sql). */
import type { Sql } from './database.js';

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

/**
 * Whether it is the record, or the server: how often the server failed at this record within the window that ends now, and whether it
 * answered anything else meanwhile.
 */
export async function failuresOfRecord(
  sql: Sql,
  credential: string,
  record: string,
  windowMs: number,
): Promise<{ readonly failed: number; readonly answersOthers: boolean }> {
  const [row] = await sql<{ failed: number; answersOthers: boolean }[]>`
    select count(*) filter (where record = ${record} and method <> 'GET' and (status >= 500 or status is null))::int as failed,
           coalesce(bool_or(status < 500 and (record is distinct from ${record} or method = 'GET')), false) as "answersOthers"
      from request_log
     where credential = ${credential} and counts_from > now() - ${windowMs} * interval '1 millisecond'
       and answered_at is not null`;
  return row!;
}
