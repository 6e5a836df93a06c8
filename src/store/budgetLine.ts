import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { BreakerConfig, LimitsConfig } from '../config/limits.js';
import { dayLimitOfOthers, instant, makePermits, PermitPostponed, PermitsStopped } from './budgetPermits.js';
import type { BlockedBy, Instant, Permit, PermitAsk, PermitSource } from './budgetPermits.js';
import { BudgetQueue } from './budgetQueue.js';
import type { Grant, Turn } from './budgetQueue.js';
import type { Sql } from './database.js';

export interface BudgetLineOptions {
  readonly sql: Sql;
  readonly credential: string;
  readonly limits: LimitsConfig;
  readonly breaker?: BreakerConfig | undefined;
  readonly inFlightTimeoutMs: number;
  /** Most permits that one call can give. */
  readonly mostAtOnce: number;
  /** Takes permits that nobody wants any more. */
  readonly unused: (permit: Permit) => void;
}

/** What `budget_take` answers; see its migration. */
interface Outcome {
  readonly ids: readonly number[];
  /** Places, from 1, among the turns asked for. */
  readonly granted: readonly number[];
  /** Of each granted. */
  readonly delays_ms: readonly number[];
  /** Place of the first that must wait. */
  readonly blocked: number | null;
  readonly blocked_by: BlockedBy | 'stopped' | null;
  readonly reason: string | null;
  readonly wait_ms: number | null;
}

/** See `#aheadMs`. */
const LONGEST_AHEAD_MS = 50;

/** Those who wait in this process for permits of one credential, and the one pump that asks the database for them. */
export class BudgetLine implements PermitSource {
  readonly #options: BudgetLineOptions;
  readonly #limits: LimitsConfig;
  /** Names this line among those of the other processes. */
  readonly #process = randomUUID();
  readonly #queue = new BudgetQueue();
  /** The pump, while it runs. */
  #pump: Promise<void> | undefined;
  /** How long a call to the database takes, smoothed. */
  #callMs = 3;
  /** Ends the pump's sleep, while it sleeps. */
  #awaken: (() => void) | undefined;
  /** Something happened since the pump asked last that makes asking again worth while. */
  #newsSinceAsked = false;
  /** Whether the database holds our first in line. */
  #registered = false;

  constructor(options: BudgetLineOptions) {
    this.#options = options;
    this.#limits = options.limits;
  }

  get waiting(): boolean {
    return this.#queue.first() !== undefined;
  }

  async take(n: number, ask: PermitAsk): Promise<Permit[]> {
    const { permits, dueAt } = await this.#turn(n, ask);
    // Timers can fire a little early.
    for (let ms = dueAt - performance.now(); ms > 0; ms = dueAt - performance.now()) {
      try {
        await delay(Math.ceil(ms), undefined, ask.signal ? { signal: ask.signal } : {});
      } catch {
        permits.forEach(this.#options.unused);
        throw ask.signal?.reason;
      }
    }
    return permits;
  }

  wake(): void {
    this.#newsSinceAsked = true;
    this.#awaken?.();
  }

  async end(): Promise<void> {
    this.#queue.refuse(() => true, new Error('the budget was ended'));
    this.wake();
    await this.#pump;
  }

  #turn(n: number, ask: PermitAsk): Promise<Grant> {
    return new Promise((resolve, reject) => {
      const turn = this.#queue.add(n, ask, resolve, reject, () => this.wake());
      // Whoever else stands further back gains nothing from asking now: the first in line is asked for already.
      if (this.#queue.first() === turn || this.#mayPass(turn)) this.wake();
      this.#pump ??= this.#run();
    });
  }

  #mayPass(turn: Turn): boolean {
    const first = this.#queue.first()!;
    return turn.size === 1 && first.size > 1 && !first.wasPassed && first.rank === turn.rank;
  }

  /** Serves the queue until it is empty: one call to the database serves all who came while the one before was under way. */
  async #run(): Promise<void> {
    try {
      // Lets those join who ask in this same turn of the event loop.
      await new Promise((resolve) => setImmediate(resolve));
      while (this.#queue.first() !== undefined || this.#registered) {
        this.#newsSinceAsked = false;
        const turns = this.#queue.next(this.#options.mostAtOnce);
        const asked = instant();
        const aheadMs = this.#aheadMs;
        const outcome = await this.#ask(turns, asked.monotonicMs, aheadMs);
        this.#callMs += (performance.now() - asked.monotonicMs - this.#callMs) / 8;
        this.#grant(turns, outcome, asked);
        await this.#block(outcome, turns, aheadMs);
      }
    } catch (error) {
      // Whether permits were given is unknown: those rows count until their time is up. Whoever waits tries again later.
      this.#registered = false;
      this.#queue.refuse(() => true, error);
    } finally {
      // In the same step as the last look at the queue, so that nobody who comes now relies on a pump that has ended.
      this.#pump = undefined;
    }
  }

  async #ask(turns: readonly Turn[], now: number, aheadMs: number): Promise<Outcome> {
    const groups = turns.map((turn) => ({
      lane: turn.ask.lane,
      waitedMs: now - turn.since,
      inFlightMs: turn.size * this.#options.inFlightTimeoutMs,
      gapMs: turn.ask.gapMs ?? 0,
      mayBePassed: !turn.wasPassed,
      requests: Array.from({ length: turn.size }, () => ({
        purpose: turn.ask.purpose,
        record: turn.ask.record ?? null,
      })),
    }));
    const { sql, credential, breaker } = this.#options;
    const limits = this.#limits;
    const [outcome] = await sql<[Outcome]>`
      SELECT to_json(ids) AS ids, to_json(granted) AS granted, to_json(delays_ms) AS delays_ms, blocked, blocked_by, wait_ms, reason
        FROM budget_take(
        ${credential}, ${this.#process},
        ${limits.requestsPerSecond}, ${limits.secondWindowMs},
        ${limits.requestsPerDay}, ${dayLimitOfOthers(limits)}, ${limits.dayWindowMs},
        ${limits.lateArrivalMs}, ${limits.longWaitMs}, ${aheadMs}, ${this.#registered}, ${sql.json(groups)},
        ${breaker?.failuresInARow ?? null}, ${breaker?.firstPauseMs ?? null})`;
    return outcome;
  }

  /** Permits may be asked for so long before they become free: as long as asking takes. Not more, or a live change waits behind them. */
  get #aheadMs(): number {
    return Math.min(LONGEST_AHEAD_MS, 3 * this.#callMs);
  }

  #grant(turns: readonly Turn[], outcome: Outcome, asked: Instant): void {
    const answeredAt = performance.now();
    let next = 0;
    outcome.granted.forEach((place, index) => {
      const turn = turns[place - 1]!;
      const delayMs = outcome.delays_ms[index]!;
      if (outcome.blocked !== null && place > outcome.blocked) turns[outcome.blocked - 1]!.wasPassed = true;
      const ids = outcome.ids.slice(next, (next += turn.size));
      // The database counts the delay from an instant before this one, so waiting from now on is never too short; and dates the
      // permits at an instant after `asked`, so that their time is never up too late.
      const dueAt = answeredAt + delayMs;
      const validMs = turn.size * this.#options.inFlightTimeoutMs;
      const permits = makePermits(ids, turn.ask, dueAt, asked, validMs, turn.ask.gapMs);
      // Whoever left the queue while the call was under way does not want them any more.
      if (!this.#queue.serve(turn, { permits, dueAt })) permits.forEach(this.#options.unused);
    });
  }

  /** Tells those who must wait long, and sleeps until the first in line can be served. */
  async #block(outcome: Outcome, turns: readonly Turn[], aheadMs: number): Promise<void> {
    const blocked = outcome.blocked === null ? undefined : turns[outcome.blocked - 1];
    const { blocked_by: blockedBy, wait_ms: waitMs } = outcome;
    this.#registered = false;
    if (blockedBy === 'stopped') {
      this.#queue.refuse(() => true, new PermitsStopped(outcome.reason ?? 'no reason given'));
    } else if (blockedBy !== null && waitMs !== null && blocked !== undefined) {
      if (waitMs > this.#limits.longWaitMs) {
        // Who is not before it in any respect cannot be served sooner.
        this.#queue.refuse(
          // The breaker may be open for the records of these alone.
          blockedBy === 'breaker'
            ? (turn) => turns.includes(turn)
            : (turn) => turn.size >= blocked.size && turn.rank >= blocked.rank,
          new PermitPostponed(Date.now() + waitMs, blockedBy),
        );
        return;
      }
      this.#registered = true;
      this.#postponeOutranked(blocked, blockedBy);
      if (this.#queue.first() !== undefined && !this.#newsSinceAsked)
        await this.#sleep(Math.ceil(Math.max(0, blockedBy === 'breaker' ? waitMs : waitMs - aheadMs)));
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
}
