/** The database, as every store module takes it: statements as tagged templates, on a pool of connections. */
import { Sql as Template } from 'sql-template-tag';
import { clientConfig, Connection, OpenTransaction, Pool } from './postgres/connection.js';
import { type Fragment, type Row, type Run, statements, type Statements } from './postgres/query.js';

export { ConnectionLost, DatabaseError, withoutValues } from './postgres/errors.js';
export type { Fragment } from './postgres/query.js';

/**
 * A pool. Each statement runs on a connection of its own choice, and whether a statement was carried out whose connection broke is not
 * known. `json` comes parsed, times as `Date`, `bigint` as number.
 */
export interface Sql extends Statements {
  /**
   * Runs `work` in a transaction, all of it on one connection, and commits. Where anything fails it is rolled back whole, also where the
   * error of a statement was caught. Statements that are awaited together cost one round trip.
   */
  begin<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
  /** What a statement selects, so many rows at a time: for more than should stand in memory. Holds a connection until its end. */
  pages<R extends object>(statement: Fragment, rowsPerPage: number): AsyncGenerator<readonly R[]>;
  /** A connection of its own beside the pool, for what lives as long as a session (advisory locks). */
  openSession(): Promise<Session>;
  /** Another pool for the same database, of the same size. */
  another(options: Pick<DatabaseOptions, 'plans'>): Sql;
  /**
   * Takes no more statements and waits for those under way. Repeatable.
   *
   * @param options `timeout`: after so many seconds they are cut. Left out: never
   */
  end(options?: { readonly timeout: number }): Promise<void>;
}

/** The same within `sql.begin(...)`. */
export interface Transaction extends Statements {
  /** Several statements as one text, without parameters. @returns the rows, where it is one statement only */
  script(text: string): Promise<Row[]>;
}

/** One connection. It is not opened anew when it breaks: each further statement then fails. */
export interface Session extends Statements {
  /** Ends the session at once, whatever is under way. Repeatable. */
  close(): void;
}

export interface DatabaseOptions {
  /** Most connections of this pool. */
  readonly maxConnections: number;
  /** Shown in pg_stat_activity, so that an operator sees which process holds what. */
  readonly applicationName: string;
  /** The server gives up a statement that runs for longer. Left out: none is. */
  readonly statementTimeoutMs?: number;
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

/**
 * Opens a pool. Nothing is connected before the first statement, and a connection that broke is opened anew by the next one; end it with
 * `sql.end()`.
 *
 * Notices are dropped: they are the server's free text. For the same reason errors must pass through `withoutValues` before they
 * are logged or leave the process.
 */
export function openDatabase(url: string, options: DatabaseOptions): Sql {
  const config = clientConfig(url, {
    applicationName: options.applicationName,
    settings: {
      ...(options.statementTimeoutMs === undefined ? {} : { statement_timeout: options.statementTimeoutMs }),
      ...(options.plans === 'kept' ? keptPlans : freshPlans),
      // The server's own log must not quote the parameters of a statement that failed: they are people's data.
      log_parameter_max_length_on_error: 0,
    },
  });
  const pool = new Pool(config, options.maxConnections);
  const run: Run = (statement) => pool.use((connection) => connection.run(statement));
  return Object.assign(statements(run), {
    begin: <T>(work: (tx: Transaction) => Promise<T>) => pool.use((connection) => transact(connection, work)),
    pages: <R extends object>(statement: Fragment, rowsPerPage: number) => pages<R>(pool, statement, rowsPerPage),
    openSession: async () => {
      const connection = await new Connection(config).open();
      return Object.assign(
        statements((statement) => connection.run(statement)),
        { close: () => connection.destroy() },
      );
    },
    another: (others: Pick<DatabaseOptions, 'plans'>) => openDatabase(url, { ...options, ...others }),
    end: async (ending?: { readonly timeout: number }) =>
      await pool.end(ending === undefined ? undefined : ending.timeout * 1_000),
  });
}

async function transact<T>(connection: Connection, work: (tx: Transaction) => Promise<T>): Promise<T> {
  const transaction = await OpenTransaction.begin(connection);
  const tx = Object.assign(
    statements((statement) => transaction.run(statement)),
    { script: (text: string) => transaction.script(text) },
  );
  let result: T;
  try {
    result = await work(tx);
  } catch (error) {
    await transaction.rollback();
    throw error;
  }
  await transaction.commit();
  return result;
}

async function* pages<R extends object>(
  pool: Pool,
  statement: Fragment,
  rowsPerPage: number,
): AsyncGenerator<readonly R[]> {
  const { connection, giveBack } = await pool.take();
  try {
    const transaction = await OpenTransaction.begin(connection);
    try {
      // All of it will be read: not the plan whose first rows come soonest.
      const whole = transaction.run(new Template(['set local cursor_tuple_fraction = 1'], []));
      await Promise.all([
        whole,
        transaction.run(new Template(['declare page no scroll cursor for ', ''], [statement])),
      ]);
      const fetch = new Template([`fetch ${rowsPerPage} from page`], []);
      for (let rows: readonly Row[] = []; ;) {
        rows = await transaction.run(fetch);
        if (rows.length > 0) yield rows as readonly R[];
        if (rows.length < rowsPerPage) break;
      }
    } finally {
      // Nothing was changed; the cursor ends with the transaction.
      await transaction.rollback();
    }
  } finally {
    giveBack();
  }
}

/**
 * Values for columns of type `json`, to be sent as `text[]` beside a `json_to_recordset`: that function reads every text within its
 * argument, and refuses what a `json` column can hold to the letter (NUL, half a surrogate pair).
 */
export function jsonTexts(values: readonly unknown[]): string[] {
  return values.map((value) => JSON.stringify(value));
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
