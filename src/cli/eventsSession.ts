/** What the commands about events need: the database, and the connection opened for its registrations. */
import { loadConfig } from '../config/load.js';
import { openConnection } from '../connection.js';
import { personsOf } from '../core/record.js';
import { eventsOf, type OpenEvents } from '../link/bookings/open.js';
import type { Sql } from '../store/database.js';
import { UsageError } from './program.js';
import { connectionOf, openStore } from './session.js';

export interface EventsSession {
  readonly connectionId: string;
  readonly sql: Sql;
  readonly events: OpenEvents;
  close(): Promise<void>;
}

/** @throws {UsageError} the configuration has no such connection, or it has no events */
export async function openEventsSession(configFile: string | undefined, connectionId: string): Promise<EventsSession> {
  const config = loadConfig(configFile);
  const settings = connectionOf(config, connectionId);
  if (settings.events === undefined)
    throw new UsageError(
      `registrations of ${connectionId} are not booked: set connections.${connectionId}.events ("events: {}" for all defaults)`,
    );
  const store = await openStore(config);
  try {
    const connection = await openConnection(store.sql, personsOf(connectionId), settings);
    const close = async () => {
      await connection.close();
      await store.close();
    };
    return { connectionId, sql: store.sql, events: eventsOf(connection), close };
  } catch (error) {
    await store.close();
    throw error;
  }
}
