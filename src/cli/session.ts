/** What a command needs of a running Passerelle: its database and its Temporal, configured or started by `passerelle start`. */
import type { Client, Connection } from '@temporalio/client';
import type { Config } from '../config/schema.js';
import { openDatabase, type Sql } from '../store/database.js';
import { connectTemporal } from '../temporal.js';
import { UsageError } from './program.js';
import { announced } from './running.js';

export interface Session {
  readonly sql: Sql;
  readonly client: Client;
  readonly temporal: Connection;
  close(): Promise<void>;
}

/** Connects to the configured servers, or to those that `passerelle start` runs. @throws {UsageError} when there are none. */
export async function openSession(config: Config): Promise<Session> {
  const stack = announced(config.dataDirectory);
  const databaseUrl = config.database.url ?? stack?.databaseUrl;
  const address = config.temporal.address ?? stack?.temporalAddress;
  if (databaseUrl === undefined || address === undefined) {
    const missing = databaseUrl === undefined ? 'database.url' : 'temporal.address';
    throw new UsageError(
      `nothing runs on ${config.dataDirectory}, and ${missing} is not configured: start it with "passerelle start" in another terminal`,
    );
  }
  const sql = openDatabase(databaseUrl, { maxConnections: 4, applicationName: 'passerelle-cli' });
  const { connection, client } = await connectTemporal({ ...config.temporal, address });
  return {
    sql,
    client,
    temporal: connection,
    close: async () => {
      await Promise.all([sql.end({ timeout: 5 }), connection.close()]);
    },
  };
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
