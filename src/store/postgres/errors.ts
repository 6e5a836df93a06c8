/** How the database fails, without the server's words: they quote people's data. */
import pg from 'pg';

/** A database error without the server's words. Matched by `code` (SQLSTATE). */
export class DatabaseError extends Error {
  override readonly name = 'DatabaseError';
  constructor(
    /** SQLSTATE, for example `23505`. */
    readonly code: string,
    readonly table: string | undefined,
    readonly constraint: string | undefined,
    readonly routine: string | undefined,
  ) {
    const where = [table && `table ${table}`, constraint && `constraint ${constraint}`, routine && `in ${routine}`];
    super(`PostgreSQL refused a statement: SQLSTATE ${code} (${where.filter(Boolean).join(', ') || 'no place named'})`);
  }
}

/**
 * PostgreSQL's messages and details quote the offending row (`Key (email)=(…) already exists`, `invalid input syntax …: "…"`).
 * Returns a `DatabaseError` with the code and the place only; any other error comes back as it is.
 */
export function withoutValues(error: unknown): unknown {
  if (!(error instanceof pg.DatabaseError)) return error;
  return new DatabaseError(error.code ?? 'unknown', error.table, error.constraint, error.routine);
}

/**
 * The connection broke, or could not be opened. What was under way on it may have been carried out, or not; a transaction was carried
 * out whole or not at all.
 */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost';
  readonly code = 'CONNECTION_CLOSED';
  constructor(cause?: unknown) {
    super('the connection to PostgreSQL is lost', { cause });
  }
}

/** A statement was given to a transaction that was over already. It was not sent. */
export class TransactionOver extends Error {
  override readonly name = 'TransactionOver';
  constructor() {
    super('the transaction is over: a statement that belongs to it was not sent');
  }
}
