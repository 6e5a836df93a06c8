/** What activities are made with: see createActivities() in index.ts. */
import type { OpenConnection } from '../src/connection.js';
import type { Sql } from '../src/store/database.js';
import type { LinkClaims } from '../src/sync/claims.js';

export interface Dependencies {
  readonly sql: Sql;
  readonly claims: LinkClaims;
  /** The connection with this id, opened once for the worker. @throws {UnknownConnection} */
  readonly connection: (connectionId: string) => Promise<OpenConnection>;
}

/** The worker's configuration has no such connection. */
export class UnknownConnection extends Error {
  override readonly name = 'UnknownConnection';
  constructor(connectionId: string) {
    super(
      `this worker's configuration has no connection "${connectionId}": add it under "connections", or start the workflow with another name`,
    );
  }
}
