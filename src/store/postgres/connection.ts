/** One connection to PostgreSQL. */
import { Socket } from 'node:net';
import pg from 'pg';
import type { Sql as Template } from 'sql-template-tag';
import { ConnectionLost } from './errors.js';
import type { Result, Row } from './query.js';
import { toParameter, types } from './values.js';

/** A server that takes the connection and then says nothing must not hold up whoever waits for it. */
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
