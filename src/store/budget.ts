/**
 * The budget: what a credential may still send. Asked before every request, by every process, in one Postgres.
 *
 * **The rule.** A request counts in a window of length W from the giving of its permit until its answer + W (`counts_from` + W;
 * until it is answered, `counts_from` is the last moment at which it can still reach the server). A permit is given only while
 * fewer than `limit` requests count.
 *
 * A permit that becomes free within the next moments is given at once, to be used only then, and the later permits of a group may be
 * for use a gap later than the one before; what follows holds with g as that later moment, for each permit its own. It does not ask
 * in which order the moments lie, nor who stood first in line: permits are decided one by one, those of a group, too.
 *
 * **Why the server can then never see more than `limit` within any W.** Suppose it did: there were limit + 1 requests whose
 * arrivals all lie less than W apart. Permits of one credential are decided one after the other, under a lock. Take the request
 * that was decided last, for use from g on. It arrived at or after g, and each of the others less than W before it or later, hence
 * after g - W. A request's `counts_from` is never before its arrival, when it is final nor while it is still an assumption. So when
 * the last one was decided all the other `limit` requests had `counts_from` > g - W: all of them counted at g, and the permit was
 * not given. □
 *
 * What this rests on: (1) an answer's time is never recorded earlier than it came: its age is measured up to the sending of
 * the statement that records it; (2) nothing is sent on a permit after `remainingMs` has passed, nor arrives more than
 * `lateArrivalMs` after that: the http client holds the first, configuration names the second; so a crash with requests
 * under way is covered too; (3) the clock of the database does not jump forward and ticks like the server's.
 *
 * **The parts.** `budget_take` (migrations/006) decides; budgetLine.ts keeps those who wait in this process and asks for them, or
 * budgetGate.ts where nothing is limited; budgetSettlements.ts reports what is over.
 */
import type { BreakerConfig, LimitsConfig } from '../config/limits.js';
import { BudgetGate } from './budgetGate.js';
import { BudgetLine } from './budgetLine.js';
import { dayLimitOfOthers, PermitPostponed } from './budgetPermits.js';
import type { Lane, Permit, PermitAnswer, PermitAsk, PermitSource } from './budgetPermits.js';
import { Settlements } from './budgetSettlements.js';
import { liftStopsBefore, readBudgetState } from './budgetState.js';
import type { BudgetState } from './budgetState.js';
import { withoutValues } from './database.js';
import type { Sql } from './database.js';

export { lanes, PermitPostponed, PermitsStopped } from './budgetPermits.js';
export type { BlockedBy, Lane, Permit, PermitAnswer, PermitAsk } from './budgetPermits.js';
export { pruneRequestLog } from './budgetState.js';
export type { BudgetState } from './budgetState.js';

export interface Budget {
  /** Most permits that `take` can give at once in this lane: the smallest limit that applies. */
  largestGroup(lane: Lane): number;
  /**
   * Waits for `n` permits, given together or not at all. The first may be used at once, each of them from its `grantedAt` on.
   * @throws {PermitPostponed} when the wait is known to be longer than `longWaitMs`, or took `ask.patienceMs`
   * @throws {PermitsStopped} after `stop`, in every process
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
  /** Gives no permit, in any process and after any restart, until `resume`. `reason` is shown to people: our own words. */
  stop(reason: string): Promise<void>;
  /** Lifts the stop, unless it was set after `beforeMs` (epoch milliseconds). A time that the server named stays. */
  resume(beforeMs: number): Promise<void>;
  state(): Promise<BudgetState>;
  /** Resolves when all that was reported so far is recorded. */
  flush(): Promise<void>;
  /** Refuses those who wait, records what was reported, and ends. The database stays open. */
  end(): Promise<void>;
}

export interface BudgetOptions {
  readonly sql: Sql;
  /** Names the credential in the database. Never the secret itself; the same in all processes and connections that use it. */
  readonly credential: string;
  readonly limits: LimitsConfig;
  /** Left out: requests never pause because of failures. */
  readonly breaker?: BreakerConfig;
  /** Longest time from a permit to the end of its request. */
  readonly inFlightTimeoutMs: number;
}

/** Most permits given at once where no limit is smaller. */
const LARGEST_GROUP = 64;
/** Where nothing is limited nobody waits for the end of a request: only the log does. */
const UNLIMITED_LINGER_MS = 100;
/** A 429 never closes a budget for less (design.md) nor, should its time be nonsense, for more than about a year. */
const SHORTEST_CLOSURE_MS = 1_000;
const LONGEST_CLOSURE_MS = 366 * 86_400_000;

/** See `Budget`. One per credential and process. */
export function createBudget(options: BudgetOptions): Budget {
  return new PostgresBudget(options);
}

class PostgresBudget implements Budget {
  readonly #sql: Sql;
  readonly #credential: string;
  readonly #limits: LimitsConfig;
  readonly #settlements: Settlements;
  readonly #permits: PermitSource;
  readonly #breaker: BreakerConfig | undefined;
  /** The breaker was seen open, or about to open, since the server last answered here. */
  #sawFailures = false;
  /** An answer that closes the breaker is being recorded: who asks next must not meet it open. */
  #closing: Promise<void> | undefined;
  #ended = false;

  constructor(options: BudgetOptions) {
    const { sql, credential, limits } = options;
    this.#sql = sql;
    this.#credential = credential;
    this.#limits = limits;
    this.#breaker = options.breaker;
    const isLimited = limits.requestsPerSecond !== null || limits.requestsPerDay !== null;
    this.#settlements = new Settlements(sql, credential, limits.lateArrivalMs, isLimited ? 0 : UNLIMITED_LINGER_MS);
    const line = new BudgetLine({
      ...options,
      mostAtOnce: this.largestGroup('live'),
      unused: (permit) => this.release(permit),
    });
    this.#permits = isLimited ? line : new BudgetGate({ ...options, line });
  }

  largestGroup(lane: Lane): number {
    const day = lane === 'live' ? this.#limits.requestsPerDay : dayLimitOfOthers(this.#limits);
    return Math.min(this.#limits.requestsPerSecond ?? LARGEST_GROUP, day ?? LARGEST_GROUP, LARGEST_GROUP);
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
    if (patienceMs === undefined) return await this.#permits.take(n, ask);
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(new PermitPostponed(Date.now(), 'lane')), patienceMs);
    const either = signal === undefined ? patience.signal : AbortSignal.any([signal, patience.signal]);
    try {
      return await this.#permits.take(n, { ...ask, signal: either });
    } finally {
      clearTimeout(timer);
    }
  }

  answered(permit: Permit, answer: PermitAnswer): void {
    this.#settlements.answered(permit, answer);
    if (!this.#sawFailures || answer.status === null || answer.status >= 500) return;
    this.#sawFailures = false;
    this.#closing = this.#settlements.flush().then(() => this.#permits.wake());
  }

  async failed(record: string | undefined): Promise<number | null> {
    if (this.#breaker === undefined) return null;
    this.#sawFailures = true;
    const { failuresInARow, firstPauseMs, longestPauseMs } = this.#breaker;
    const [{ pauseMs }] = await this.#sql<[{ pauseMs: number | null }]>`
      SELECT budget_failed(
        ${this.#credential}, ${record ?? null}, ${failuresInARow}, ${firstPauseMs}::float8, ${longestPauseMs}::float8) AS "pauseMs"`;
    this.#permits.wake();
    return pauseMs === null ? null : Date.now() + Math.max(0, pauseMs);
  }

  release(permit: Permit): void {
    this.#settlements.released(permit);
    // The one event that makes room sooner than the database foretold.
    if (this.#permits.waiting) void this.#settlements.flush().then(() => this.#permits.wake());
  }

  async close(forMs: number, reason: string): Promise<void> {
    const ms = Math.min(Math.max(forMs, SHORTEST_CLOSURE_MS), LONGEST_CLOSURE_MS);
    await this.#sql`
      INSERT INTO budget (credential, closed_until, closed_reason)
      VALUES (${this.#credential}, clock_timestamp() + ${ms}::float8 * interval '1 millisecond', ${reason})
      ON CONFLICT (credential) DO UPDATE
        SET closed_until = greatest(budget.closed_until, excluded.closed_until), closed_reason = excluded.closed_reason`;
    this.#permits.wake();
  }

  async stop(reason: string): Promise<void> {
    // The first reason stays: what comes after it is often only its consequence.
    await this.#sql`
      INSERT INTO budget (credential, stopped_at, stopped_reason)
      VALUES (${this.#credential}, clock_timestamp(), ${reason})
      ON CONFLICT (credential) DO UPDATE
        SET stopped_at = excluded.stopped_at, stopped_reason = excluded.stopped_reason
        WHERE budget.stopped_at IS NULL`;
    this.#permits.wake();
  }

  async resume(beforeMs: number): Promise<void> {
    await liftStopsBefore(this.#sql, this.#credential, beforeMs);
    this.#permits.wake();
  }

  async state(): Promise<BudgetState> {
    await this.flush();
    return readBudgetState(this.#sql, this.#credential, this.#limits);
  }

  flush(): Promise<void> {
    return this.#settlements.flush();
  }

  async end(): Promise<void> {
    this.#ended = true;
    await this.#permits.end();
    await this.#settlements.end();
  }
}
