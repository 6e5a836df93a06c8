/**
 * One attempt at an activity of the real engine, which goes on from place to place as the history says. The places are where something else
 * can happen meanwhile, or the worker die: before and after each request, before and after each transaction.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Scope } from '../../../src/core/record.js';
import { ClaimLost, LinkClaims, type Claim } from '../../../src/link/claims.js';
import { ConnectionLost, type Sql } from '../../../src/store/database.js';

/** How an attempt goes on from its place. `fail`: the request is not answered, the transaction's connection breaks. */
export type GoingOn = 'go on' | 'fail';

/** What an attempt came to. */
export type End<T> = { readonly value: T } | { readonly error: unknown };

/** What an attempt runs with: everything that is of its worker alone. */
export interface Stopping {
  /**
   * Waits until the history lets it go on.
   *
   * @param options `sends`: a request that takes effect whatever has changed meanwhile is on its way, and nothing can call it back
   * @throws what `failure` makes, where the history says so
   */
  place(failure: () => Error, options?: { readonly sends: boolean }): Promise<void>;
  /** A claim that this attempt holds. @returns the same, which tells once it has lapsed */
  holds(claim: Claim): Claim;
  /** It reads a cursor, which ends when this is called: meanwhile it holds a connection. */
  streams(): () => void;
}

export class Attempt<T> {
  private readonly waiting: { readonly goOn: () => void; readonly fail: () => void; readonly sends: boolean }[] = [];
  private readonly held: Claim[] = [];
  private streaming = 0;
  private hasLapsed = false;
  private end: End<T> | null = null;
  private wake: () => void = () => undefined;

  constructor(work: (stopping: Stopping) => Promise<T>) {
    const stopping: Stopping = {
      place: (failure, { sends } = { sends: false }) =>
        new Promise((resolve, reject) => {
          this.waiting.push({ goOn: resolve, fail: () => reject(failure()), sends });
          this.wake();
        }),
      holds: (claim) => {
        this.held.push(claim);
        const verify = async () => {
          if (this.hasLapsed) throw new ClaimLost();
          await claim.verify();
        };
        return { ...claim, verify };
      },
      streams: () => {
        this.streaming += 1;
        return () => void (this.streaming -= 1);
      },
    };
    work(stopping).then(
      (value) => this.ended({ value }),
      (error: unknown) => this.ended({ error }),
    );
  }

  private ended(end: End<T>): void {
    this.end = end;
    this.wake();
  }

  /** Null while it is under way. */
  get result(): End<T> | null {
    return this.end;
  }

  /** Waits until it has come to its next place or to its end. */
  async untilQuiet(): Promise<void> {
    while (this.waiting.length === 0 && this.end === null) await new Promise<void>((resolve) => (this.wake = resolve));
    // Two requests that are made together come to their places together.
    await nextTurn();
  }

  /** Goes on to its next place, or to its end. */
  async goOn(how: GoingOn = 'go on'): Promise<void> {
    for (const one of this.waiting.splice(0))
      if (how === 'fail') one.fail();
      else one.goOn();
    await this.untilQuiet();
  }

  /** It holds no connection of the database's, which would be lost to the others with it. */
  get canDie(): boolean {
    return this.streaming === 0;
  }

  /** A request of its own is on its way that nothing can call back. */
  get isSending(): boolean {
    return this.waiting.some(({ sends }) => sends);
  }

  /**
   * The worker dies as by kill -9: nothing of it goes on, not even what ends a failed attempt. It never waits within a transaction, so there
   * is none to undo. Its claims lapse, as those of a session that PostgreSQL finds broken.
   */
  async kill(): Promise<void> {
    this.waiting.length = 0;
    await this.lapse();
  }

  /** The session of its claims breaks, and it lives on: others may be at its links from now on. */
  async lapse(): Promise<void> {
    this.hasLapsed = true;
    for (const claim of this.held) await claim.release();
  }
}

/** The database as an attempt sees it: before and after each transaction something else can happen. */
export function withPlaces(sql: Sql, { place, streams }: Stopping): Sql {
  const begin: Sql['begin'] = async (work) => {
    const lost = () => new ConnectionLost();
    await place(lost);
    const result = await sql.begin(work);
    await place(lost);
    return result;
  };
  const pages: Sql['pages'] = async function* (statement, rowsPerPage) {
    const end = streams();
    try {
      yield* sql.pages(statement, rowsPerPage);
    } finally {
      end();
    }
  };
  const placed: Partial<Sql> = { begin, pages };
  return new Proxy(sql, { get: (target, key) => Reflect.get(key in placed ? placed : target, key) as unknown });
}

/** Claims of one process, of which an attempt's lapse when its worker dies. */
export class ClaimsOfAttempt extends LinkClaims {
  constructor(
    sql: Sql,
    private readonly shared: LinkClaims,
    private readonly stopping: Stopping,
  ) {
    super(sql);
  }

  override async claim(scope: Scope, linkIds: readonly string[]): Promise<Claim> {
    const claim = await this.shared.claim(scope, linkIds);
    return this.stopping.holds(claim);
  }
}
