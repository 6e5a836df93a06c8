/**
 * The budget: what a credential may still send. Asked before every request, by every process, in one Postgres.
 *
 * **The rule.** A request counts in a window of length W from the giving of its permit until its answer + W (`counts_from` + W;
 * until it is answered, `counts_from` is the last moment at which it can still reach the server). A permit is given only while
 * fewer than `limit` requests count. It does not matter who stood first in line: permits are decided one by one, those of a group, too.
 *
 * **Why the server can then never see more than `limit` within any W.** Suppose it did: there were limit + 1 requests whose
 * arrivals all lie less than W apart. Permits of one credential are decided one after the other, under a lock. Take the request
 * that was decided last, at the moment g. It arrived at or after g, and each of the others less than W before it or later, hence
 * after g - W. A request's `counts_from` is never before its arrival, when it is final nor while it is still an assumption. So when
 * the last one was decided all the other `limit` requests had `counts_from` > g - W: all of them counted at g, and the permit was
 * not given. □
 *
 * What this rests on: (1) an answer's time is never recorded earlier than it came: its age is measured up to the sending of
 * the statement that records it; (2) nothing is sent on a permit after `remainingMs` has passed, nor arrives more than
 * `lateArrivalMs` after that: the http client holds the first, configuration names the second; so a crash with requests
 * under way is covered too; (3) the clock of the database does not jump forward and ticks like the server's.
 *
 * **The parts.** `budget_take` (migrations/006) decides; budgetLine.ts keeps those who wait in this process and asks for them; here it is
 * recorded how requests ended.
 */
import { setImmediate as immediate } from 'node:timers/promises';
import { BudgetLine, dayLimitOfOthers, PermitPostponed } from './budgetLine.js';
import type { Lane, LineOptions, Permit, PermitAsk, Stopped } from './budgetLine.js';
import { readBudgetState } from './budgetState.js';
import type { BudgetState } from './budgetState.js';
import { liftStopsBefore, setStop } from './budgetStops.js';
import { withoutValues } from './database.js';
import type { Sql } from './database.js';

export { lanes, PermitPostponed, PermitsStopped } from './budgetLine.js';
export type { BlockedBy, Lane, Permit, PermitAsk, Stopped } from './budgetLine.js';

/** How a request ended. */
export interface PermitAnswer {
  /** HTTP status; null: no answer came. */
  readonly status: number | null;
  readonly method: string;
  /** What it was to do there (src/http/failures.ts, Access). */
  readonly access: string;
  /** What kind of request it was, without ids, for the request log: `GET /teams/{team}/clients`. */
  readonly kind: string;
  /** True when it was cut off, so that it may reach the server later: it then counts for `lateArrivalMs` longer. */
  readonly mayStillArrive?: boolean;
}

export interface Budget {
  /** Most permits that `take` can give at once in this lane: the smallest limit that applies. */
  largestGroup(lane: Lane): number;
  /**
   * Waits for `n` permits, given together or not at all.
   * @throws {PermitPostponed} when the wait is known to be longer than `longWaitMs`, or took `ask.patienceMs`
   * @throws {PermitsStopped} after `stop`, in every process; where writes alone are stopped, for those who ask to write
   * @throws {RangeError} when `n` is larger than `largestGroup`
   * @throws the signal's reason when it fires
   */
  take(n: number, ask: PermitAsk): Promise<Permit[]>;
  /** Its request is over: now, whatever happened to it. Recorded shortly after, in the background. */
  answered(permit: Permit, answer: PermitAnswer): void;
  /** Its request was never sent: it stops counting. */
  release(permit: Permit): void;
  /**
   * The server failed at a request (5xx, or no answer), about a record or about none. After so many in a row as configured the breaker
   * opens: of all who ask, in any process, one is given its permits after each pause, until an answer is reported.
   * @returns epoch milliseconds of this machine when the next may try; null: the breaker is not open
   */
  failed(record: string | undefined): Promise<number | null>;
  /** Gives no permit, in any process, for so long (at least one second): the server answered 429. */
  close(forMs: number, reason: string): Promise<void>;
  /**
   * Gives no permit, in any process and after any restart, until `resume`; with `writes`, none to those who ask to write. `reason` is shown
   * to people: our own words.
   */
  stop(reason: string, stopped?: Stopped): Promise<void>;
  /** Lifts both stops, unless set after `beforeMs` (epoch milliseconds). A time that the server named stays. */
  resume(beforeMs: number): Promise<void>;
  state(): Promise<BudgetState>;
  /** Resolves when all that was reported so far is recorded. */
  flush(): Promise<void>;
  /** Refuses those who wait, records what was reported, and ends. The database stays open. */
  end(): Promise<void>;
}

/** Most permits given at once where no limit is smaller. */
const LARGEST_GROUP = 64;
/** A 429 never closes a budget for less (design.md) nor, should its time be nonsense, for more than about a year. */
const SHORTEST_CLOSURE_MS = 1_000;
const LONGEST_CLOSURE_MS = 366 * 86_400_000;

/** See `Budget`. One per credential and process. */
export function createBudget(options: LineOptions): Budget {
  return new PostgresBudget(options);
}

class PostgresBudget implements Budget {
  readonly #options: LineOptions;
  readonly #sql: Sql;
  readonly #credential: string;
  readonly #ends: RequestEnds;
  readonly #line: BudgetLine;
  /** The breaker was seen open, or about to open, since the server last answered here. */
  #sawFailures = false;
  /** An answer that closes the breaker is being recorded: who asks next must not meet it open. */
  #closing: Promise<void> | undefined;
  #ended = false;

  constructor(options: LineOptions) {
    this.#options = options;
    this.#sql = options.sql;
    this.#credential = options.credential;
    this.#ends = new RequestEnds(options);
    this.#line = new BudgetLine(options, (permit) => this.release(permit));
  }

  largestGroup(lane: Lane): number {
    const day = lane === 'live' ? this.#options.limits.requestsPerDay : dayLimitOfOthers(this.#options.limits);
    return Math.min(this.#options.limits.requestsPerSecond ?? LARGEST_GROUP, day ?? LARGEST_GROUP, LARGEST_GROUP);
  }

  async take(n: number, ask: PermitAsk): Promise<Permit[]> {
    if (this.#ended) throw new Error('the budget was asked after its end');
    const most = this.largestGroup(ask.lane);
    if (!Number.isInteger(n) || n < 1 || n > most) {
      throw new RangeError(`expected 1 to ${most} permits at once in lane ${ask.lane}, not ${n}`);
    }
    await this.#closing;
    ask.signal?.throwIfAborted();
    try {
      return await this.#takePatiently(n, ask);
    } catch (error) {
      if (error instanceof PermitPostponed && error.blockedBy === 'breaker') this.#sawFailures = true;
      throw withoutValues(error);
    }
  }

  async #takePatiently(n: number, ask: PermitAsk): Promise<Permit[]> {
    const { patienceMs, signal } = ask;
    if (patienceMs === undefined) return await this.#line.take(n, ask);
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(new PermitPostponed(Date.now(), 'lane')), patienceMs);
    const either = signal === undefined ? patience.signal : AbortSignal.any([signal, patience.signal]);
    try {
      return await this.#line.take(n, { ...ask, signal: either });
    } finally {
      clearTimeout(timer);
    }
  }

  answered(permit: Permit, answer: PermitAnswer): void {
    this.#ends.answered(permit, answer);
    if (!this.#sawFailures || answer.status === null || answer.status >= 500) return;
    this.#sawFailures = false;
    this.#closing = this.#ends.flush().then(() => this.#line.wake());
  }

  async failed(record: string | undefined): Promise<number | null> {
    if (this.#options.breaker === undefined) return null;
    this.#sawFailures = true;
    const { failuresInARow, firstPauseMs, longestPauseMs } = this.#options.breaker;
    const [{ pauseMs }] = await this.#sql<[{ pauseMs: number | null }]>`
      SELECT budget_failed(
        ${this.#credential}, ${record ?? null}, ${failuresInARow}, ${firstPauseMs}::float8, ${longestPauseMs}::float8) AS "pauseMs"`;
    this.#line.wake();
    return pauseMs === null ? null : Date.now() + Math.max(0, pauseMs);
  }

  release(permit: Permit): void {
    this.#ends.released(permit);
    // The one event that makes room sooner than the database foretold.
    if (this.#line.waiting) void this.#ends.flush().then(() => this.#line.wake());
  }

  async close(forMs: number, reason: string): Promise<void> {
    const ms = Math.min(Math.max(forMs, SHORTEST_CLOSURE_MS), LONGEST_CLOSURE_MS);
    await this.#sql`
      INSERT INTO budget (credential, closed_until, closed_reason)
      VALUES (${this.#credential}, clock_timestamp() + ${ms}::float8 * interval '1 millisecond', ${reason})
      ON CONFLICT (credential) DO UPDATE
        SET closed_until = greatest(budget.closed_until, excluded.closed_until), closed_reason = excluded.closed_reason`;
    this.#line.wake();
  }

  async stop(reason: string, stopped: Stopped = 'all'): Promise<void> {
    await setStop(this.#sql, this.#credential, reason, stopped);
    this.#line.wake();
  }

  async resume(beforeMs: number): Promise<void> {
    await liftStopsBefore(this.#sql, this.#credential, beforeMs);
    this.#line.wake();
  }

  async state(): Promise<BudgetState> {
    await this.flush();
    return readBudgetState(this.#sql, this.#credential, this.#options.limits);
  }

  flush(): Promise<void> {
    return this.#ends.flush();
  }

  async end(): Promise<void> {
    this.#ended = true;
    await this.#line.end();
    await this.#ends.end();
  }
}

interface RequestEnd {
  readonly permit: Permit;
  readonly answer: PermitAnswer;
  /** On the scale of `performance.now()`. */
  readonly at: number;
}

/** After a failed write the next attempt waits so long, unless somebody asks for it. */
const RETRY_MS = 500;

/**
 * Records the ends of requests, in the background and many at a time: each write takes all that came while the one before it was
 * under way. Losing some (a crash) leaves those requests counted for longer, never for shorter.
 */
class RequestEnds {
  readonly #options: LineOptions;
  #answers: RequestEnd[] = [];
  #released: number[] = [];
  #writing: Promise<void> | undefined;
  #retry: NodeJS.Timeout | undefined;

  constructor(options: LineOptions) {
    this.#options = options;
  }

  answered(permit: Permit, answer: PermitAnswer): void {
    this.#answers.push({ permit, answer, at: performance.now() });
    this.#start();
  }

  released(permit: Permit): void {
    this.#released.push(permit.id);
    this.#start();
  }

  /** Resolves when all that was reported so far is recorded, or could not be. */
  async flush(): Promise<void> {
    await this.#writing;
    if (this.#pending()) {
      this.#start();
      await this.#writing;
    }
  }

  async end(): Promise<void> {
    await this.flush();
    clearTimeout(this.#retry);
  }

  #pending(): boolean {
    return this.#answers.length > 0 || this.#released.length > 0;
  }

  #start(): void {
    this.#writing ??= this.#write();
  }

  async #write(): Promise<void> {
    clearTimeout(this.#retry);
    try {
      // Lets those join that end in this same turn of the event loop.
      await immediate();
      while (this.#pending()) await this.#writeOnce();
    } catch {
      // Nothing is lost by waiting, and anyone who needs the database next hears of it: the permits come from there.
      this.#retry = setTimeout(() => this.#start(), RETRY_MS).unref();
    } finally {
      // In the same step as the last look at what is pending, so that nothing reported now relies on a writer that has ended.
      this.#writing = undefined;
    }
  }

  async #writeOnce(): Promise<void> {
    const { sql, credential, limits } = this.#options;
    const answers = this.#answers;
    const released = this.#released;
    this.#answers = [];
    this.#released = [];
    const now = performance.now();
    const rows = answers.map(({ permit, answer, at }) => ({
      id: permit.id,
      method: answer.method,
      access: answer.access,
      kind: answer.kind,
      status: answer.status,
      agoMs: now - at,
      lateMs: answer.mayStillArrive ? limits.lateArrivalMs : 0,
    }));
    try {
      await sql`SELECT budget_settle(${credential}, ${sql.json(rows)}, ${sql.json(released)})`;
    } catch (error) {
      this.#answers = [...answers, ...this.#answers];
      this.#released = [...released, ...this.#released];
      throw error;
    }
  }
}
