/**
 * The budget: what a credential may still send. Asked before every request, by every process, in one Postgres.
 *
 * **The rule.** A request counts in a window of length W from the giving of its permit until its answer + W (`counts_from` + W;
 * until it is answered, `counts_from` is the last moment at which it can still reach the server). A permit is given only while
 * fewer than `limit` requests count.
 *
 * A permit that becomes free within the next moments is given at once, to be used only then; what follows holds with g as that
 * later moment.
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
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { LimitsConfig } from '../config/limits.js';
import type { Lane, Permit, PermitAnswer, PermitAsk } from './budgetPermits.js';
import { BudgetQueue } from './budgetQueue.js';
import type { Grant, Turn } from './budgetQueue.js';
import { Settlements } from './budgetSettlements.js';
import { readBudgetState } from './budgetState.js';
import type { BudgetState } from './budgetState.js';
import { withoutValues } from './database.js';
import type { Sql } from './database.js';

export { lanes } from './budgetPermits.js';
export type { Lane, Permit, PermitAnswer, PermitAsk } from './budgetPermits.js';

/** Why no permit is given now. `second`, `day`, `liveShare`: full windows; `closed`: the server's 429; `lane`: others are first. */
export type BlockedBy = 'second' | 'day' | 'liveShare' | 'closed' | 'lane';

/** No permit: none will come before `retryAtMs`, which is further off than `longWaitMs`. */
export class PermitPostponed extends Error {
  override readonly name = 'PermitPostponed';
  constructor(
    /** Epoch milliseconds of this machine. */
    readonly retryAtMs: number,
    readonly blockedBy: BlockedBy,
  ) {
    super(`no permit before ${new Date(retryAtMs).toISOString()} (${blockedBy})`);
  }
}

/** No permit until a person has repaired the cause and resumed the credential. */
export class PermitsStopped extends Error {
  override readonly name = 'PermitsStopped';
  constructor(readonly reason: string) {
    super(`no permits: stopped (${reason})`);
  }
}

export interface Budget {
  /** Most permits that `take` can give at once in this lane: the smallest limit that applies. */
  largestGroup(lane: Lane): number;
  /**
   * Waits for `n` permits, given together or not at all.
   * @throws {PermitPostponed} when the wait is known to be longer than `longWaitMs`
   * @throws {PermitsStopped} after `stop`, in every process
   * @throws {RangeError} when `n` is larger than `largestGroup`
   * @throws the signal's reason when it fires
   */
  take(n: number, ask: PermitAsk): Promise<Permit[]>;
  /** Its request is over: now, whatever happened to it. Recorded shortly after, in the background. */
  answered(permit: Permit, answer: PermitAnswer): void;
  /** Its request was never sent: it stops counting. */
  release(permit: Permit): void;
  /** Gives no permit, in any process, for so long (at least one second): the server answered 429. */
  close(forMs: number, reason: string): Promise<void>;
  /** Gives no permit, in any process and after any restart, until `resume`. `reason` is shown to people: our own words. */
  stop(reason: string): Promise<void>;
  /** Undoes `stop` and `close`. */
  resume(): Promise<void>;
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
  /** Longest time from a permit to the end of its request. */
  readonly inFlightTimeoutMs: number;
}

/** What `budget_take` answers; see its migration. */
interface Outcome {
  readonly ids: readonly number[];
  readonly delays_ms: readonly number[];
  readonly blocked_by: BlockedBy | 'stopped' | null;
  readonly reason: string | null;
  readonly wait_ms: number | null;
}

/** Most permits asked for in one call: bounds the statement's size; more wait for the next call, a moment later. */
const BATCH = 64;
const LONGEST_AHEAD_MS = 50;
/** A 429 never closes a budget for less (design.md) nor, should its time be nonsense, for more than about a year. */
const SHORTEST_CLOSURE_MS = 1_000;
const LONGEST_CLOSURE_MS = 366 * 86_400_000;

/** Largest number of requests of a day that lanes other than `live` may use. At least one, or they could never work at all. */
export function dayLimitOfOthers(limits: Pick<LimitsConfig, 'requestsPerDay' | 'liveShare'>): number | null {
  return limits.requestsPerDay === null
    ? null
    : Math.max(1, Math.floor(limits.requestsPerDay * (1 - limits.liveShare) + 1e-9));
}

/** See `Budget`. One per credential and process. */
export function createBudget(options: BudgetOptions): Budget {
  return new PostgresBudget(options);
}

class PostgresBudget implements Budget {
  readonly #sql: Sql;
  readonly #credential: string;
  readonly #limits: LimitsConfig;
  readonly #inFlightTimeoutMs: number;
  readonly #dayLimitOfOthers: number | null;
  /** Names this budget among those that wait. */
  readonly #process = randomUUID();
  readonly #queue = new BudgetQueue();
  readonly #settlements: Settlements;
  /** The pump, while it runs. */
  #pump: Promise<void> | undefined;
  /** How long a call to the database takes, smoothed. */
  #callMs = 3;
  /** Ends the pump's sleep, while it sleeps. */
  #awaken: (() => void) | undefined;
  /** Something happened that makes asking again worth while, since the pump asked last. */
  #newsSinceAsked = false;
  /** Whether the database holds our first in line. */
  #registered = false;
  #ended = false;

  constructor(options: BudgetOptions) {
    this.#sql = options.sql;
    this.#credential = options.credential;
    this.#limits = options.limits;
    this.#inFlightTimeoutMs = options.inFlightTimeoutMs;
    this.#dayLimitOfOthers = dayLimitOfOthers(options.limits);
    this.#settlements = new Settlements(options.sql, options.limits.lateArrivalMs);
  }

  largestGroup(lane: Lane): number {
    const day = lane === 'live' ? this.#limits.requestsPerDay : this.#dayLimitOfOthers;
    return Math.min(this.#limits.requestsPerSecond ?? BATCH, day ?? BATCH, BATCH);
  }

  take(n: number, ask: PermitAsk): Promise<Permit[]> {
    if (this.#ended) return Promise.reject(new Error('the budget was asked after its end'));
    if (!Number.isInteger(n) || n < 1 || n > this.largestGroup(ask.lane)) {
      const most = this.largestGroup(ask.lane);
      return Promise.reject(new RangeError(`expected 1 to ${most} permits at once in lane ${ask.lane}, not ${n}`));
    }
    return this.#turn(n, ask).then((grant) => this.#due(grant, ask.signal));
  }

  #turn(n: number, ask: PermitAsk): Promise<Grant> {
    return new Promise((resolve, reject) => {
      if (ask.signal?.aborted) return reject(ask.signal.reason as Error);
      const turn = this.#queue.add(n, ask, resolve, reject, () => this.#wake());
      // Whoever stands further back gains nothing from asking now: the first in line is asked for already.
      if (this.#queue.first() === turn) this.#wake();
      this.#pump ??= this.#run();
    });
  }

  /** Waits until the permits may be used. */
  async #due({ permits, dueAt }: Grant, signal: AbortSignal | undefined): Promise<Permit[]> {
    // Timers can fire a little early.
    for (let ms = dueAt - performance.now(); ms > 0; ms = dueAt - performance.now()) {
      try {
        await delay(Math.ceil(ms), undefined, signal ? { signal } : {});
      } catch {
        permits.forEach((permit) => this.release(permit));
        throw signal?.reason;
      }
    }
    return permits;
  }

  answered(permit: Permit, answer: PermitAnswer): void {
    this.#settlements.answered(permit, answer);
  }

  release(permit: Permit): void {
    this.#settlements.released(permit);
    // The one event that makes room sooner than the database foretold.
    if (this.#queue.first() !== undefined) void this.#settlements.flush().then(() => this.#wake());
  }

  async close(forMs: number, reason: string): Promise<void> {
    const ms = Math.min(Math.max(forMs, SHORTEST_CLOSURE_MS), LONGEST_CLOSURE_MS);
    await this.#sql`
      INSERT INTO budget (credential, closed_until, closed_reason)
      VALUES (${this.#credential}, clock_timestamp() + ${ms}::float8 * interval '1 millisecond', ${reason})
      ON CONFLICT (credential) DO UPDATE
        SET closed_until = greatest(budget.closed_until, excluded.closed_until), closed_reason = excluded.closed_reason`;
    this.#wake();
  }

  async stop(reason: string): Promise<void> {
    // The first reason stays: what comes after it is often only its consequence.
    await this.#sql`
      INSERT INTO budget (credential, stopped_at, stopped_reason)
      VALUES (${this.#credential}, clock_timestamp(), ${reason})
      ON CONFLICT (credential) DO UPDATE
        SET stopped_at = excluded.stopped_at, stopped_reason = excluded.stopped_reason
        WHERE budget.stopped_at IS NULL`;
    this.#wake();
  }

  async resume(): Promise<void> {
    await this.#sql`DELETE FROM budget WHERE credential = ${this.#credential}`;
    this.#wake();
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
    this.#queue.refuse(() => true, new Error('the budget was ended'));
    this.#wake();
    await this.#pump;
    await this.#settlements.end();
  }

  /** Serves the queue until it is empty: one call to the database serves all who came while the one before was under way. */
  async #run(): Promise<void> {
    try {
      // Lets those join who ask in this same turn of the event loop.
      await new Promise((resolve) => setImmediate(resolve));
      while (this.#queue.first() !== undefined || this.#registered) {
        this.#newsSinceAsked = false;
        const turns = this.#queue.next(this.largestGroup('live'));
        const askedAt = performance.now();
        const askedAtWall = Date.now();
        const outcome = await this.#ask(turns, askedAt);
        const aheadMs = this.#aheadMs;
        this.#callMs += (performance.now() - askedAt - this.#callMs) / 8;
        this.#grant(turns, outcome, askedAt, askedAtWall);
        await this.#block(outcome, turns[outcome.delays_ms.length], aheadMs);
      }
    } catch (error) {
      // Whether permits were given is unknown: those rows count until their time is up. Whoever waits tries again later.
      this.#registered = false;
      this.#queue.refuse(() => true, withoutValues(error));
    } finally {
      // In the same step as the last look at the queue, so that nobody who comes now relies on a pump that has ended.
      this.#pump = undefined;
    }
  }

  async #ask(turns: readonly Turn[], now: number): Promise<Outcome> {
    const groups = turns.map((turn) => ({
      lane: turn.ask.lane,
      waitedMs: now - turn.since,
      inFlightMs: turn.size * this.#inFlightTimeoutMs,
      requests: Array.from({ length: turn.size }, () => ({
        purpose: turn.ask.purpose,
        record: turn.ask.record ?? null,
      })),
    }));
    const limits = this.#limits;
    const [outcome] = await this.#sql<[Outcome]>`
      SELECT * FROM budget_take(
        ${this.#credential}, ${this.#process},
        ${limits.requestsPerSecond}, ${limits.secondWindowMs},
        ${limits.requestsPerDay}, ${this.#dayLimitOfOthers}, ${limits.dayWindowMs},
        ${limits.lateArrivalMs}, ${limits.longWaitMs}, ${this.#aheadMs}, ${this.#registered}, ${this.#sql.json(groups)})`;
    return outcome;
  }

  /** Permits may be asked for so long before they become free: as long as asking takes. Not more, or a live change waits behind them. */
  get #aheadMs(): number {
    return Math.min(LONGEST_AHEAD_MS, 3 * this.#callMs);
  }

  #grant(turns: readonly Turn[], outcome: Outcome, askedAt: number, askedAtWall: number): void {
    const answeredAt = performance.now();
    let next = 0;
    outcome.delays_ms.forEach((delayMs, index) => {
      const turn = turns[index]!;
      const validMs = turn.size * this.#inFlightTimeoutMs;
      const permits = outcome.ids.slice(next, (next += turn.size)).map((id): Permit => ({
        id,
        // Both clocks: the monotonic one does not count the sleep of a machine, the other one can be set back.
        remainingMs: () => validMs - Math.max(performance.now() - askedAt, Date.now() - askedAtWall),
      }));
      // Whoever left the queue while the call was under way does not want them any more. The delay counts from an instant
      // before this one, so waiting from now on is never too short.
      if (!this.#queue.serve(turn, { permits, dueAt: answeredAt + delayMs }))
        permits.forEach((permit) => this.release(permit));
    });
  }

  /** Tells those who must wait long, and sleeps until the first in line can be served. */
  async #block(outcome: Outcome, blocked: Turn | undefined, aheadMs: number): Promise<void> {
    const { blocked_by: blockedBy, wait_ms: waitMs } = outcome;
    this.#registered = false;
    if (blockedBy === 'stopped') {
      this.#queue.refuse(() => true, new PermitsStopped(outcome.reason ?? 'no reason given'));
    } else if (blockedBy !== null && waitMs !== null && blocked !== undefined) {
      if (waitMs > this.#limits.longWaitMs) {
        // Who is not before it in any respect cannot be served sooner.
        this.#queue.refuse(
          (turn) => turn.size >= blocked.size && turn.rank >= blocked.rank,
          new PermitPostponed(Date.now() + waitMs, blockedBy),
        );
        return;
      }
      this.#registered = true;
      this.#postponeOutranked(blocked, blockedBy);
      if (this.#queue.first() !== undefined && !this.#newsSinceAsked)
        await this.#sleep(Math.ceil(Math.max(0, waitMs - aheadMs)));
    }
  }

  /** Those whom earlier lanes kept from being served for long are put off: they hold a worker's slot for nothing. */
  #postponeOutranked(blocked: Turn, blockedBy: BlockedBy): void {
    const longAgo = performance.now() - this.#limits.longWaitMs;
    this.#queue.refuse(
      (turn) => turn.since < longAgo && (turn.rank > blocked.rank || (turn === blocked && blockedBy === 'lane')),
      new PermitPostponed(Date.now() + this.#limits.longWaitMs, 'lane'),
    );
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const awaken = () => {
        clearTimeout(timer);
        this.#awaken = undefined;
        resolve();
      };
      const timer = setTimeout(awaken, ms);
      this.#awaken = awaken;
    });
  }

  #wake(): void {
    this.#newsSinceAsked = true;
    this.#awaken?.();
  }
}
