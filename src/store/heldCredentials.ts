/** Which credentials may not be used now: stopped by a refusal, told by the server to wait (429), or held by the breaker. */
import type { Sql } from './database.js';

/** A credential, and with how many failures its breaker is open. */
export interface WatchedCredential {
  readonly credential: string;
  readonly failuresInARow: number;
}

/** @returns those that are held */
export async function heldCredentials(sql: Sql, watched: readonly WatchedCredential[]): Promise<ReadonlySet<string>> {
  const rows = await sql<{ credential: string }[]>`
    select b.credential
      from budget b
      join unnest(${watched.map((one) => one.credential)}::text[], ${watched.map((one) => one.failuresInARow)}::integer[])
           as watched(credential, failures) on watched.credential = b.credential
     where b.stopped_at is not null or b.closed_until > clock_timestamp() or b.failures >= watched.failures`;
  return new Set(rows.map(({ credential }) => credential));
}
