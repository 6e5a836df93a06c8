/** Connections that are kept open and lent to one user at a time. */
import { setMaxListeners } from 'node:events';
import pg from 'pg';
import { Connection, connectError } from './connection.js';
import { ConnectionLost } from './errors.js';

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
  /** For whoever still waits for a connection when the pool is cut. */
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
