/** Connections to PostgreSQL: one, a transaction on it, and those that are kept open and lent to one user at a time. */
import { Socket } from 'node:net';
import pg from 'pg';
import type { Sql as Template } from 'sql-template-tag';
import { ConnectionLost, TransactionOver } from './errors.js';
import { type Result, type Row, toParameter, types } from './query.js';
import { setMaxListeners } from 'node:events';

/** A server that takes the connection and then says nothing must not hold up anyone who waits for it. */
const connectTimeoutMs = 30_000;

/** The other side may vanish without a word (a firewall, a machine that lost power): the system asks after so long an idleness. */
const keepAliveMs = 60_000;

/** How a session is opened: the settings (PostgreSQL, chapter 19) count for as long as it lives. */
export interface SessionOptions {
  readonly applicationName: string;
  readonly settings: Readonly<Record<string, string | number>>;
}

/**
 * A connection that sends statements one behind the other without waiting for answers (`pipeline`), and is gone for good when it breaks:
 * nothing is ever sent again on another.
 */
export class Connection extends pg.Client {
  readonly #socket: Socket;
  #lost: ConnectionLost | null = null;

  constructor(config: pg.ClientConfig) {
    const socket = new Socket();
    super({ ...config, connectionTimeoutMillis: connectTimeoutMs, stream: () => socket });
    this.#socket = socket;
    // Always somebody who listens: an error that nobody takes would end the process.
    this.on('error', (error) => (this.#lost ??= new ConnectionLost(error)));
    this.on('end', () => (this.#lost ??= new ConnectionLost()));
  }

  get isLost(): boolean {
    return this.#lost !== null;
  }

  /** Whether it may serve the next one: it lives, and is in no transaction. */
  get isIdle(): boolean {
    return !this.isLost && this.getTransactionStatus() === 'I';
  }

  /** Opens the connection. @throws {ConnectionLost} where it breaks meanwhile; else the error of Node.js or of the server */
  async open(): Promise<this> {
    try {
      await this.connect();
    } catch (error) {
      this.destroy();
      throw connectError(error);
    }
    return this;
  }

  /** @throws {ConnectionLost} {pg.DatabaseError} */
  async run(statement: Template): Promise<Result<Row[]>> {
    const { text } = statement;
    const { rows, rowCount } = await this.#send({
      name: nameOf(text),
      text,
      values: statement.values.map(toParameter),
    });
    // Not one of the rows: who lists or compares them does not see it.
    return Object.defineProperty(rows as Result<Row[]>, 'count', { value: rowCount ?? 0 });
  }

  /** Several statements as one text, without parameters. @returns the rows, where it is one statement only. */
  async script(text: string): Promise<Row[]> {
    // More statements than one: as many results.
    const result = (await this.#send(text)) as pg.QueryResult<Row> | readonly unknown[];
    return 'rows' in result ? result.rows : [];
  }

  /** @returns what the server calls that which it did, for example `COMMIT` */
  async command(text: string): Promise<string> {
    return (await this.#send(text)).command;
  }

  /** Cuts the connection without a word: whatever is under way on it fails, here and in the server. */
  destroy(): void {
    this.#lost ??= new ConnectionLost();
    this.#socket.destroy();
  }

  async #send(query: string | pg.QueryConfig<unknown[]>): Promise<pg.QueryResult<Row>> {
    try {
      return await this.query<Row>(query as string);
    } catch (error) {
      if (error instanceof pg.DatabaseError || this.#lost === null) throw error;
      throw this.#lost;
    }
  }
}

/** An error that says why (`ECONNREFUSED`, an SQLSTATE) stays as it is. */
export function connectError(error: unknown): Error {
  return error instanceof Error && 'code' in error ? error : new ConnectionLost(error);
}

/** Each text once in a process, as a name that sessions prepare it under. The code holds some two hundred. */
const names = new Map<string, string>();

function nameOf(text: string): string {
  let name = names.get(text);
  if (name === undefined) names.set(text, (name = `s${names.size}`));
  return name;
}

/** @param url `postgres://user:password@host:port/database`, with further options as `pg-connection-string` reads them (`?sslmode=verify-full`) */
export function clientConfig(url: string, { applicationName, settings }: SessionOptions): pg.ClientConfig {
  const address = new URL(url);
  // `pg` lets those of the address replace ours.
  const options = address.searchParams.get('options');
  address.searchParams.delete('options');
  return {
    connectionString: address.href,
    application_name: applicationName,
    options: [
      ...(options ? [options] : []),
      ...Object.entries(settings).map(([name, value]) => `-c ${name}=${value}`),
    ].join(' '),
    pipeline: true,
    keepAlive: true,
    keepAliveInitialDelayMillis: keepAliveMs,
    types,
  };
}

// Statements that take effect together or not at all, all on one connection.

/** A transaction while its work runs. Once it is over, or its connection is lost, each further statement fails without being sent. */
export class OpenTransaction {
  #isOver = false;
  readonly #failures: Error[] = [];

  private constructor(private readonly connection: Connection) {}

  /** Awaits the server's word: of what is sent behind a `begin` that failed, each statement would be a transaction of its own. */
  static async begin(connection: Connection): Promise<OpenTransaction> {
    await connection.command('begin');
    return new OpenTransaction(connection);
  }

  run(statement: Template): Promise<Result<Row[]>> {
    return this.#send(() => this.connection.run(statement));
  }

  script(text: string): Promise<Row[]> {
    return this.#send(() => this.connection.script(text));
  }

  /** @throws the first error of its statements, also where somebody has caught it: the server has undone everything by then */
  async commit(): Promise<void> {
    if (this.#failures.length > 0) return await this.#undo();
    this.#isOver = true;
    // After a statement that failed and that nobody waited for, PostgreSQL answers with ROLLBACK, and without an error.
    if ((await this.connection.command('commit')) !== 'COMMIT') await this.#undo();
  }

  async #undo(): Promise<never> {
    await this.rollback();
    const [first] = this.#failures;
    throw first ?? new TransactionOver();
  }

  /** Undoes everything. Never throws: a connection on which that fails is not used again, and the server then does it by itself. */
  async rollback(): Promise<void> {
    this.#isOver = true;
    try {
      await this.connection.command('rollback');
    } catch {
      this.connection.destroy();
    }
  }

  async #send<T>(send: () => Promise<T>): Promise<T> {
    if (this.#isOver) throw new TransactionOver();
    try {
      return await send();
    } catch (error) {
      this.#failures.push(error as Error);
      throw error;
    }
  }
}

// Connections that are kept open and lent to one user at a time.

/** The server gives back what a session gathered in its memory (plans, catalogues) only when the session ends. */
const maxLifetimeSeconds = 45 * 60;

/** A connection in the hands of one user. */
export interface Loan {
  readonly connection: Connection;
  /** One that is lost, or in a state that is not known, is not lent again. @param error the last that came of its use */
  readonly giveBack: (error?: unknown) => void;
}

export class Pool {
  readonly #pool: pg.Pool;
  /** All that are open or being opened, lent or not. */
  readonly #connections = new Set<Connection>();
  readonly #uses = new Set<Promise<unknown>>();
  #ending: Promise<void> | null = null;
  /** For anyone who still waits for a connection when the pool is cut. */
  readonly #cut = new AbortController();

  constructor(config: pg.ClientConfig, maxConnections: number) {
    // As many as wait for a connection: that is no leak.
    setMaxListeners(0, this.#cut.signal);
    const connections = this.#connections;
    class OfPool extends Connection {
      constructor(own: pg.ClientConfig) {
        super(own);
        connections.add(this);
        this.on('end', () => connections.delete(this));
      }
    }
    this.#pool = new pg.Pool({
      ...config,
      Client: OfPool,
      max: maxConnections,
      idleTimeoutMillis: 0,
      maxLifetimeSeconds,
    } as unknown as pg.PoolConfig);
    // A connection that breaks while nobody uses it: the pool has dropped it, and there is nothing to be done.
    this.#pool.on('error', () => undefined);
  }

  /**
   * Lends a connection for as long as `work` takes.
   *
   * @throws {ConnectionLost} when it breaks, or the pool ends meanwhile; what `work` throws
   */
  async use<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    const { connection, giveBack } = await this.take();
    let result: T;
    try {
      result = await work(connection);
    } catch (error) {
      giveBack(error);
      throw error;
    }
    giveBack();
    return result;
  }

  /** Lends a connection until it is given back, which must happen once. @throws {ConnectionLost} or why none can be opened */
  async take(): Promise<Loan> {
    if (this.#ending !== null) throw new ConnectionLost();
    let returned!: () => void;
    const use = new Promise<void>((resolve) => (returned = resolve));
    this.#uses.add(use);
    const over = () => {
      this.#uses.delete(use);
      returned();
    };
    try {
      const client = await this.#lend();
      const connection = client as unknown as Connection;
      return {
        connection,
        giveBack: (error) => {
          if (connection.isIdle && isPlain(error)) client.release();
          else giveUp(client);
          over();
        },
      };
    } catch (error) {
      over();
      throw error;
    }
  }

  /** `pg` leaves those who wait for a connection without an answer when its pool ends: we do not. */
  async #lend(): Promise<pg.PoolClient> {
    return await new Promise((resolve, reject) => {
      const { signal } = this.#cut;
      const onCut = () => reject(new ConnectionLost());
      signal.addEventListener('abort', onCut, { once: true });
      this.#pool.connect((error, client) => {
        signal.removeEventListener('abort', onCut);
        if (client === undefined) reject(connectError(error));
        else if (signal.aborted) giveUp(client);
        else resolve(client);
      });
    });
  }

  /**
   * Takes no more work and ends when what is under way has ended. Repeatable.
   *
   * @param graceMs after so long, connections are cut with whatever is under way on them
   */
  end(graceMs = Infinity): Promise<void> {
    return (this.#ending ??= this.#end(graceMs));
  }

  async #end(graceMs: number): Promise<void> {
    const ended = Promise.allSettled(this.#uses).then(() => this.#pool.end());
    if (graceMs === Infinity) return await ended;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, graceMs)));
    await Promise.race([ended, late]);
    clearTimeout(timer);
    this.#cut.abort();
    for (const connection of this.#connections) connection.destroy();
  }
}

/** Cut rather than ended politely: the pool waits for the end of what it drops. */
function giveUp(client: pg.PoolClient): void {
  (client as unknown as Connection).destroy();
  client.release(true);
}

/**
 * An error of the server after which the session goes on as if nothing had been. Not one that ends the session (`FATAL`; its end comes
 * a moment later), and not one of a prepared statement that a migration has overtaken (0A000): a new session prepares it anew.
 */
function isPlain(error: unknown): boolean {
  return !(error instanceof pg.DatabaseError) || (error.severity === 'ERROR' && error.code !== '0A000');
}
