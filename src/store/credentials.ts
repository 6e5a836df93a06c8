/** Credentials in the database (budget, request_log): how they are called, which connections use them, which may not be used now. Secrets stay out. */
import { createHmac, randomBytes } from 'node:crypto';
import { type SystemName, systemNames } from '../core/record.js';
import type { Sql } from './database.js';

export type Credentials = Readonly<Record<SystemName, string>>;

/**
 * The names of a connection's credentials (config/credentials.ts says what makes one): a hash of server and token, so that connections that share a token share its budget, keyed by
 * this installation's own key, so that nobody can try tokens on it.
 */
export async function credentialNames(sql: Sql, secrets: Readonly<Record<SystemName, string>>): Promise<Credentials> {
  const key = await installationKey(sql);
  const name = (system: SystemName) =>
    `${system}:${createHmac('sha256', key).update(secrets[system], 'utf8').digest().toString('base64url', 0, 16)}`;
  return { yapla: name('yapla'), yoplanning: name('yoplanning') };
}

/** For anyone who reads the tables: which connections a credential serves. Repeatable. */
export async function noteUse(sql: Sql, connectionId: string, credentials: Credentials): Promise<void> {
  for (const system of systemNames) {
    await sql`
      insert into budget as known (credential, connections) values (${credentials[system]}, array[${connectionId}])
      on conflict (credential) do update set connections = known.connections || excluded.connections
       where not known.connections @> excluded.connections`;
  }
}

/** Made once, here, and never leaves the database. */
async function installationKey(sql: Sql): Promise<Uint8Array> {
  const find = async () => (await sql<{ key: Uint8Array }[]>`select credential_key as key from installation`)[0]?.key;
  const known = await find();
  if (known !== undefined) return known;
  await sql`insert into installation (credential_key) values (${randomBytes(32)}) on conflict do nothing`;
  return (await find())!;
}

// Which credentials may not be used now: stopped by a refusal, told by the server to wait (429), or held by the breaker.

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
  /** Why a person must mend something before it is written again; it is read meanwhile. */
  readonly writesStoppedReason: string | null;
  /** Until when the server told us to wait (429). */
  readonly closedUntilMs: number | null;
  /** When one request tries whether the server answers again. */
  readonly triedAtMs: number | null;
}

/** Of each, in the order given. */
export async function credentialHolds(sql: Sql, watched: readonly WatchedCredential[]): Promise<CredentialHold[]> {
  const rows = await sql<CredentialHold[]>`
    select watched.credential, b.stopped_reason as "stoppedReason", b.writes_stopped_reason as "writesStoppedReason",
           case when b.closed_until > clock_timestamp() then (extract(epoch from b.closed_until) * 1000)::float8 end as "closedUntilMs",
           case when b.failures >= watched.failures and b.failing_record is null
                then (extract(epoch from b.probe_at) * 1000)::float8 end as "triedAtMs"
      from unnest(${watched.map((one) => one.credential)}::text[], ${watched.map((one) => one.failuresInARow)}::integer[])
           with ordinality as watched(credential, failures, n)
      left join budget b on b.credential = watched.credential
     order by watched.n`;
  return [...rows];
}

/** What of a credential is held: all that is sent, or what is written. */
export type Held = 'all' | 'writes';

/** @returns those that are held */
export async function heldCredentials(
  sql: Sql,
  watched: readonly WatchedCredential[],
): Promise<ReadonlyMap<string, Held>> {
  const rows = await sql<{ credential: string; isAll: boolean }[]>`
    select credential, is_all as "isAll"
      from (select b.credential, b.writes_stopped_at is not null as writes,
                   b.stopped_at is not null or coalesce(b.closed_until > clock_timestamp(), false) or b.failures >= watched.failures as is_all
              from budget b
              join unnest(${watched.map((one) => one.credential)}::text[], ${watched.map((one) => one.failuresInARow)}::integer[])
                   as watched(credential, failures) on watched.credential = b.credential) as held
     where writes or is_all`;
  return new Map(rows.map(({ credential, isAll }) => [credential, isAll ? 'all' : 'writes']));
}
