/** Reading the request log: what a sync cost. It is written by the budget, one row for each request (002.do.budget.sql). */
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
     where credential = ${credential} and purpose = any(${purposes as string[]})`;
  return row!;
}
