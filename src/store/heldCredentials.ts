/** Which credentials may not be used now: stopped by a refusal, told by the server to wait (429), or held by the breaker. */
import type { Sql } from './database.js';

/** A credential, and with how many failures its breaker is open. */
export interface WatchedCredential {
  readonly credential: string;
  readonly failuresInARow: number;
}

/** How a credential is held; all null: it may be used. Times are epoch milliseconds. */
export interface CredentialHold {
  readonly credential: string;
  /** Why a person must mend something first. */
  readonly stoppedReason: string | null;
  /** Until when the server told us to wait (429). */
  readonly closedUntilMs: number | null;
  /** When one request tries whether the server answers again. */
  readonly triedAtMs: number | null;
}

/** Of each, in the order given. */
export async function credentialHolds(sql: Sql, watched: readonly WatchedCredential[]): Promise<CredentialHold[]> {
  const rows = await sql<CredentialHold[]>`
    select watched.credential, b.stopped_reason as "stoppedReason",
           case when b.closed_until > clock_timestamp() then (extract(epoch from b.closed_until) * 1000)::float8 end as "closedUntilMs",
           case when b.failures >= watched.failures and b.failing_record is null
                then (extract(epoch from b.probe_at) * 1000)::float8 end as "triedAtMs"
      from unnest(${watched.map((one) => one.credential)}::text[], ${watched.map((one) => one.failuresInARow)}::integer[])
           with ordinality as watched(credential, failures, n)
      left join budget b on b.credential = watched.credential
     order by watched.n`;
  return [...rows];
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
