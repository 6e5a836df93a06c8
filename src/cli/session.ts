/** What a command needs of a running Passerelle: its database and its Temporal, configured or started by `passerelle start`. */
import type { Client, Connection } from '@temporalio/client';
import type { Config } from '../config/schema.js';
import { openDatabase, withoutValues, type Sql } from '../store/database.js';
import { connectTemporal, TemporalSetupError } from '../temporal.js';
import { UsageError } from './program.js';
import { announced } from './running.js';

export interface StoreSession {
  readonly sql: Sql;
  close(): Promise<void>;
}

export interface Session extends StoreSession {
  readonly client: Client;
  readonly temporal: Connection;
}

/**
 * Connects to the configured database, or to that which `passerelle start` runs.
 *
 * @throws {UsageError} when there is none, or when what was announced runs no more
 */
export async function openStore(config: Config): Promise<StoreSession> {
  const databaseUrl = config.database.url ?? announced(config.dataDirectory)?.databaseUrl;
  if (databaseUrl === undefined) throw nothingRuns(config, 'database.url');
  const sql = openDatabase(databaseUrl, { maxConnections: 4, applicationName: 'passerelle-cli' });
  try {
    await sql`select 1`;
  } catch (error) {
    await sql.end({ timeout: 5 });
    if (!isUnreachable(error)) throw withoutValues(error);
    if (config.database.url === undefined) throw runsNoMore(config, 'PostgreSQL', new URL(databaseUrl).host, error);
    throw new Error(
      `No PostgreSQL answers at ${new URL(databaseUrl).host} (${error.code}). Check database.url, and that the server runs.`,
      { cause: error },
    );
  }
  return { sql, close: () => sql.end({ timeout: 5 }) };
}

/**
 * Connects to the configured Temporal, or to that which `passerelle start` runs.
 *
 * @throws {UsageError} when there is none, or when what was announced runs no more
 * @throws {TemporalSetupError} when the configured one does not answer, or refuses us
 */
export async function openTemporal(config: Config): Promise<Pick<Session, 'client' | 'temporal'>> {
  const address = config.temporal.address ?? announced(config.dataDirectory)?.temporalAddress;
  if (address === undefined) throw nothingRuns(config, 'temporal.address');
  try {
    const { connection, client } = await connectTemporal({ ...config.temporal, address });
    return { client, temporal: connection };
  } catch (error) {
    if (config.temporal.address !== undefined || !(error instanceof TemporalSetupError)) throw error;
    throw runsNoMore(config, 'Temporal', address, error);
  }
}

/** Both. @throws as {@link openStore} and {@link openTemporal} */
export async function openSession(config: Config): Promise<Session> {
  const store = await openStore(config);
  try {
    const temporal = await openTemporal(config);
    return {
      ...store,
      ...temporal,
      close: async () => {
        await Promise.all([store.close(), temporal.temporal.close()]);
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

function nothingRuns(config: Config, missing: string): UsageError {
  return new UsageError(
    `nothing runs on ${config.dataDirectory}, and ${missing} is not configured: start it with "passerelle start" in another terminal`,
  );
}

/** A stack that was killed could not take its announcement back. */
function runsNoMore(config: Config, what: string, address: string, cause: unknown): UsageError {
  return new UsageError(
    `nothing runs on ${config.dataDirectory} any more (no ${what} answers at ${address}): start it with "passerelle start" in another terminal`,
    { cause },
  );
}

/** Codes of Node.js and of the PostgreSQL client for a server that cannot be reached, or that is not up yet (57P03) or any more (57P01). */
const unreachable: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'ETIMEDOUT',
  'CONNECTION_CLOSED',
  '57P01',
  '57P03',
]);

/** By the code alone: an error of Node.js itself is none of our `Error` where a test runs in a context of its own. */
function isUnreachable(error: unknown): error is { readonly code: string } {
  return typeof error === 'object' && error !== null && 'code' in error && unreachable.has(error.code);
}

/** The connection's settings. @throws {UsageError} naming those that exist. */
export function connectionOf(config: Config, id: string): Config['connections'][string] {
  const settings = config.connections[id];
  if (settings === undefined) {
    throw new UsageError(
      `there is no connection "${id}"; the configuration has: ${Object.keys(config.connections).join(', ')}`,
    );
  }
  return settings;
}
