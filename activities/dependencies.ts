/** What activities are made with: see createActivities() in index.ts. */
import type { OpenConnection } from '../src/connection.js';
import type { Sql } from '../src/store/database.js';
import type { LinkClaims } from '../src/link/claims.js';

export interface Dependencies {
  readonly sql: Sql;
  /** The same database for statements that find rows by their keys: their plans are kept. */
  readonly keyedSql: Sql;
  readonly claims: LinkClaims;
  /** The connection with this id, opened once for the worker, with the rules that persons made so far. @throws {UnknownConnection} */
  readonly connection: (connectionId: string) => Promise<OpenConnection>;
  /** The same as it is configured: for those who read the persons' rules together with a link (`LinkState`). @throws {UnknownConnection} */
  readonly configured: (connectionId: string) => Promise<OpenConnection>;
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
