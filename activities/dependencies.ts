/** What activities are made with: see createActivities() in index.ts. */
import type { RetentionConfig } from '../src/config/retention.js';
import type { OpenConnection } from '../src/connection.js';
import { personsOf, type Scope } from '../src/core/record.js';
import type { Sql } from '../src/store/database.js';
import type { LinkClaims } from '../src/link/claims.js';

export interface Dependencies {
  readonly sql: Sql;
  /** The same database for statements that find rows by their keys: their plans are kept. */
  readonly keyedSql: Sql;
  readonly claims: LinkClaims;
  /**
   * The connection for records of one kind, opened once for the worker, with the rules that persons made so far.
   *
   * @throws {UnknownConnection} {@link KindNotOffered}
   */
  readonly connection: (scope: Scope) => Promise<OpenConnection>;
  /**
   * The same as it is configured: for those who read the persons' rules together with a link (`LinkState`).
   *
   * @throws {UnknownConnection} {@link KindNotOffered}
   */
  readonly configured: (scope: Scope) => Promise<OpenConnection>;
}

/** For what concerns the database as a whole. */
export interface RetentionDependencies {
  readonly sql: Sql;
  readonly retention: RetentionConfig;
  /** Of all limits of all connections: requests count for so long. */
  readonly longestWindowMs: number;
}

/** What a bulk sync is about. It covers one kind today, people: its workflow's id and its input name a connection only. */
export function scopeOfBulk({ connectionId }: { readonly connectionId: string }): Scope {
  return personsOf(connectionId);
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
