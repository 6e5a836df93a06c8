/** The PostgreSQL client. It runs with corrections of ours, without which a lost connection can end or block the process: docs/engineers.md. */
import postgres from 'postgres';

/** The database as every store module takes it. `bigint` columns come as numbers; arrays are sent, and come as JSON (`to_json`). */
export type Sql = postgres.Sql<{ bigint: number }>;
/** The same within `sql.begin(...)`. */
export type Transaction = postgres.TransactionSql<{ bigint: number }>;

/** A part of a statement, made by the same template tag. */
export type Fragment = postgres.PendingQuery<postgres.Row[]>;

export interface DatabaseOptions {
  /** Most connections of this pool. */
  readonly maxConnections: number;
  /** Shown in pg_stat_activity, so that an operator sees which process holds what. */
  readonly applicationName: string;
  /** The server gives up a statement that runs for longer. Left out: none is. */
  readonly statementTimeoutMs?: number;
  /** Pause before a lost connection is made again. Left out: grows to 20 s, which is too long for who must answer at once. */
  readonly reconnectMs?: number;
  /** Whether a statement is planned at each call, or once a session (see `keptPlans`). Left out: at each call. */
  readonly plans?: 'fresh' | 'kept';
}

/**
 * Tables grow from nothing to a hundred thousand rows within one bulk sync: a plan that was made for the small table and kept by the
 * session would read the large one from end to end, for each statement.
 */
const freshPlans = { plan_cache_mode: 'force_custom_plan' } as const;

/**
 * For statements that come again and again and find rows by their keys: PostgreSQL plans each of them, and each check of a foreign key,
 * once in a session and for whatever parameters. To plan them anew at each call costs several times as much as the work.
 *
 * Such a plan may have been made for an empty table. So each row must be found by the whole of a key, and where several indexes can be
 * looked in, each of them must be good enough; a look-up that PostgreSQL could turn into a join the other way round is written
 * without one.
 */
const keptPlans = {
  plan_cache_mode: 'force_generic_plan',
  enable_seqscan: 'off',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
} as const;

/** PostgreSQL's object ids of types (its table pg_type). */
const BIGINT = 20;
const arrayTypes = { texts: 1009, bigints: 1016, integers: 1007, doubles: 1022 } as const;

/** Ids and counts: a value that a number cannot hold exactly must fail, not be rounded into another record's id. */
function parseBigint(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError('a bigint of the database is too large to be read exactly');
  return value;
}

/** An array as PostgreSQL reads it (https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO). */
function arrayLiteral(values: readonly (string | number | null)[]): string {
  const elements = values.map((value) =>
    value === null ? 'NULL' : `"${String(value).replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`,
  );
  return `{${elements.join(',')}}`;
}

function arrayType(oid: number) {
  return { to: oid, from: [oid], serialize: arrayLiteral, parse: notAsArray };
}

function notAsArray(): never {
  throw new TypeError('arrays are not read from the database as such: select them by to_json(…)');
}

/**
 * Opens a pool. Nothing is connected before the first query; end it with `sql.end()`.
 *
 * Notices are dropped: they are the server's free text. For the same reason errors must pass through `withoutValues` before they
 * are logged or leave the process.
 */
export function openDatabase(url: string, options: DatabaseOptions): Sql {
  return postgres(url, {
    max: options.maxConnections,
    onnotice: () => undefined,
    ...(options.reconnectMs === undefined ? {} : { backoff: () => options.reconnectMs! / 1_000 }),
    connection: {
      application_name: options.applicationName,
      ...(options.statementTimeoutMs === undefined ? {} : { statement_timeout: options.statementTimeoutMs }),
      ...(options.plans === 'kept' ? keptPlans : freshPlans),
      // The server's own log must not quote the parameters of a statement that failed: they are people's data.
      log_parameter_max_length_on_error: 0,
    },
    // Else each connection asks PostgreSQL for its array types before its first statement, and postgres.js 3.4 lets nobody catch the
    // failure of that question: a server that goes down in this moment would end our process.
    fetch_types: false,
    types: {
      bigint: { to: BIGINT, from: [BIGINT], serialize: String, parse: parseBigint },
      ...Object.fromEntries(Object.entries(arrayTypes).map(([name, oid]) => [name, arrayType(oid)])),
    },
  });
}

/**
 * A client of its own for the same database, with one connection that is not closed for its age or idleness: for what lives as long
 * as a session (advisory locks). End it with `sql.end()`.
 */
export function singleConnection(sql: Sql): Sql {
  return postgres({
    ...sql.options,
    max: 1,
    idle_timeout: null,
    max_lifetime: null,
  } as unknown as postgres.Options<never>);
}

/** A pool of its own for the same database, of the same size, in which plans are kept (see `keptPlans`). End it with `sql.end()`. */
export function poolWithKeptPlans(sql: Sql): Sql {
  const connection = { ...sql.options.connection, ...keptPlans };
  return postgres({ ...sql.options, connection } as unknown as postgres.Options<never>);
}

/**
 * Values for columns of type `json`, to be sent as `text[]` beside a `json_to_recordset`: that function reads every text within its
 * argument, and refuses what a `json` column can hold to the letter (NUL, half a surrogate pair).
 */
export function jsonTexts(values: readonly unknown[]): string[] {
  return values.map((value) => JSON.stringify(value));
}

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
  if (!(error instanceof postgres.PostgresError)) return error;
  const place = (text: string | undefined) => text || undefined;
  return new DatabaseError(error.code, place(error.table_name), place(error.constraint_name), place(error.routine));
}

/** Plans are kept (see `keptPlans`) for the rest of a transaction, whatever pool it runs in. */
export async function keepPlans(tx: Transaction): Promise<void> {
  const settings = Object.entries(keptPlans);
  await tx`
    select set_config(name, value, true)
      from unnest(${settings.map(([name]) => name)}::text[], ${settings.map(([, value]) => value)}::text[]) as s(name, value)`;
}

/**
 * Tells PostgreSQL how large these tables are now and what is in them. After a bulk load it would find out by itself within a minute or so;
 * until then it joins them as if they were empty, in a time that grows with the square of their size.
 */
export async function refreshStatistics(sql: Sql, tables: readonly string[]): Promise<void> {
  for (const table of tables) await sql`analyze ${sql(table)}`;
}
