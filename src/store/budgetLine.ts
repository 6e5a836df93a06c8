/** Those who wait in this process for permits of one credential, and the one pump that asks the database for them. See budget.ts. */
import { randomUUID } from 'node:crypto';
import type { BreakerConfig, LimitsConfig } from '../config/limits.js';
import type { Sql } from './database.js';

/** Who asks, first in line first: a person's change before a person's review before a bulk sync before housekeeping. */
export const lanes = ['live', 'review', 'bulk', 'idle'] as const;
export type Lane = (typeof lanes)[number];

/** Who asks for permits. `record` is an id, `purpose` groups requests in the log; `signal` ends the waiting. */
export interface PermitAsk {
  readonly lane: Lane;
  readonly purpose: string;
  readonly record?: string | undefined;
  /** One of its requests changes something there: none is given while writes are stopped. Left out: they only read. */
  readonly writes?: boolean | undefined;
  /** Who must wait for longer is put off. Default: as long as `longWaitMs` allows. */
  readonly patienceMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The right to send one request. To be given back by exactly one of `answered` and `release`. */
export interface Permit {
  /** Id of its row in `request_log`. */
  readonly id: number;
  readonly ask: PermitAsk;
  /** How long a request may still be under way on this permit; nothing may be sent at 0 or less. */
  remainingMs(): number;
}

/**
 * Why no permit is given now. `second`, `day`, `liveShare`: full windows; `closed`: the server's 429; `lane`: others are first; `breaker`:
 * the server fails, and it is not time yet to try it again.
 */
export type BlockedBy = 'second' | 'day' | 'liveShare' | 'closed' | 'lane' | 'breaker';

/** No permit: none will come before `retryAtMs`, which is further off than `longWaitMs`, or than the one who asked would wait. */
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

/** What a stop keeps from being sent: everything, or what changes something there. */
export type Stopped = 'all' | 'writes';

/** No permit, or none to write, until a person has repaired the cause and resumed the credential. */
export class PermitsStopped extends Error {
  override readonly name = 'PermitsStopped';
  constructor(
    readonly reason: string,
    readonly stopped: Stopped = 'all',
  ) {
    super(`no permits${stopped === 'writes' ? ' to write' : ''}: stopped (${reason})`);
  }
}

export interface LineOptions {
  readonly sql: Sql;
  /** Names the credential in the database. Never the secret itself; the same in all processes and connections that use it. */
  readonly credential: string;
  readonly limits: LimitsConfig;
  /** Left out: requests never pause because of failures. */
  readonly breaker?: BreakerConfig | undefined;
  /** Longest time from a permit to the end of its request. */
  readonly inFlightTimeoutMs: number;
}

/** Largest number of requests of a day that lanes other than `live` may use. At least one, or they could never work at all. */
export function dayLimitOfOthers(limits: Pick<LimitsConfig, 'requestsPerDay' | 'liveShare'>): number | null {
  if (limits.requestsPerDay === null) return null;
  // 1,000 * (1 - 0.9) is 99.99999999999997.
  return Math.max(1, Math.floor(limits.requestsPerDay * (1 - limits.liveShare) + 1e-9));
}

/** One who waits in this process for a group of permits. */
interface Turn {
  readonly size: number;
  readonly ask: PermitAsk;
  /** Place of its lane: lower goes first. */
  readonly rank: number;
  /** When it came, on the scale of `performance.now()`. */
  readonly since: number;
  /**
   * A group that waits for long while there is room for one lets one single request of its lane go before it, once. Else, with 5
   * requests a second, two pairs would leave the fifth unused for ever.
   */
  passing: 'notYet' | 'may' | 'done';
  resolve(permits: Permit[]): void;
  reject(reason: unknown): void;
}

/** What `budget_take` answers; see its migration. */
interface Outcome {
  readonly ids: readonly number[];
  readonly blockedBy: BlockedBy | 'breakerOfRecord' | 'stopped' | 'writesStopped' | null;
  readonly reason: string | null;
  readonly waitMs: number | null;
  readonly waitForOneMs: number | null;
}

/** Most permits asked for in one call: a call for very many would keep the other processes waiting. */
const MOST_AT_ONCE = 64;

export class BudgetLine {
  readonly #options: LineOptions;
  readonly #unused: (permit: Permit) => void;
  /** Names this line among those of the other processes. */
  readonly #process = randomUUID();
  /** One set per lane; a set keeps the order of arrival and lets anybody leave at once. */
  readonly #lanes: readonly Set<Turn>[] = lanes.map(() => new Set<Turn>());
  /** The pump, while it runs. */
  #pump: Promise<void> | undefined;
  /** Ends the pump's sleep, while it sleeps. */
  #awaken: (() => void) | undefined;
  /** Something happened since the pump asked last that makes asking again worth while. */
  #newsSinceAsked = false;
  /** The database holds our first in line, so that the other processes wait for it. */
  #registered = false;

  /** @param unused takes permits that nobody wants any more */
  constructor(options: LineOptions, unused: (permit: Permit) => void) {
    this.#options = options;
    this.#unused = unused;
  }

  get waiting(): boolean {
    return this.#first() !== undefined;
  }

  /** As `Budget.take`; `n` is within the limits. */
  async take(n: number, ask: PermitAsk): Promise<Permit[]> {
    const rank = lanes.indexOf(ask.lane);
    let leave = (): void => undefined;
    try {
      return await new Promise((resolve, reject) => {
        const turn: Turn = { size: n, ask, rank, since: performance.now(), passing: 'notYet', resolve, reject };
        leave = () => {
          if (this.#lanes[rank]!.delete(turn)) reject(ask.signal!.reason as Error);
          // The database may hold it as the first in line.
          this.wake();
        };
        ask.signal?.addEventListener('abort', leave, { once: true });
        this.#lanes[rank]!.add(turn);
        const first = this.#first()!;
        // Who stands further back gains nothing from asking now: the first in line is asked for already.
        if (first === turn || (first.passing === 'may' && first.rank === rank && n === 1)) this.wake();
        this.#pump ??= this.#run();
      });
    } finally {
      ask.signal?.removeEventListener('abort', leave);
    }
  }

  /** Something changed that makes asking again worth while. */
  wake(): void {
    this.#newsSinceAsked = true;
    this.#awaken?.();
  }

  async end(): Promise<void> {
    this.#refuse(() => true, new Error('the budget was ended'));
    this.wake();
    await this.#pump;
  }

  #first(): Turn | undefined {
    for (const lane of this.#lanes) for (const turn of lane) return turn;
    return undefined;
  }

  /** The first in line, of one lane, as far as one call can serve them. They stay in the line. */
  #next(): readonly Turn[] {
    const lane = [...(this.#lanes.find(({ size }) => size > 0) ?? [])];
    const single = lane[0]?.passing === 'may' ? lane.find(({ size }) => size === 1) : undefined;
    const inOrder = single === undefined ? lane : [single, ...lane.filter((turn) => turn !== single)];
    let permits = 0;
    return inOrder.filter(({ size }) => (permits += size) <= Math.max(MOST_AT_ONCE, inOrder[0]!.size));
  }

  /** Serves the line until it is empty: one call to the database serves all who came while the one before was under way. */
  async #run(): Promise<void> {
    try {
      // Lets those join who ask in this same turn of the event loop.
      await new Promise((resolve) => setImmediate(resolve));
      while (this.#first() !== undefined || this.#registered) {
        this.#newsSinceAsked = false;
        const turns = this.#next();
        const asked = { monotonicMs: performance.now(), wallMs: Date.now() };
        const outcome = await this.#ask(turns, asked.monotonicMs);
        const blocked = turns[this.#grant(turns, outcome.ids, asked)];
        const sleepMs = this.#block(outcome, blocked);
        if (sleepMs > 0 && this.#first() !== undefined && !this.#newsSinceAsked) await this.#sleep(sleepMs);
      }
    } catch (error) {
      // Whether permits were given is unknown: those rows count until their time is up. Those who wait try again later.
      this.#registered = false;
      this.#refuse(() => true, error);
    } finally {
      // In the same step as the last look at the line, so that nobody who comes now relies on a pump that has ended.
      this.#pump = undefined;
    }
  }

  async #ask(turns: readonly Turn[], now: number): Promise<Outcome> {
    const { sql, credential, breaker, limits, inFlightTimeoutMs } = this.#options;
    const rank = turns[0]?.rank ?? 0;
    // Who goes before a group stands in its place.
    const longest = Math.min(...turns.map(({ since }) => since));
    const groups = turns.map((turn, index) => ({
      size: turn.size,
      waitedMs: now - (index === 0 ? longest : turn.since),
      purpose: turn.ask.purpose,
      record: turn.ask.record ?? null,
      writes: turn.ask.writes === true,
    }));
    const [outcome] = await sql<[Outcome]>`
      SELECT to_json(ids) AS ids, blocked_by AS "blockedBy", reason, wait_ms AS "waitMs", wait_for_one_ms AS "waitForOneMs"
        FROM budget_take(
          ${credential}, ${this.#process}, ${rank + 1}, ${sql.json(groups)}, ${sql.json(windowsOf(limits, rank))},
          ${inFlightTimeoutMs}::float8, ${limits.lateArrivalMs}::float8, ${limits.longWaitMs}::float8,
          ${breaker?.failuresInARow ?? null}, ${breaker?.firstPauseMs ?? null}::float8)`;
    return outcome;
  }

  /** @returns how many were served */
  #grant(turns: readonly Turn[], ids: readonly number[], asked: Instant): number {
    let used = 0;
    let served = 0;
    for (; served < turns.length && used < ids.length; served += 1) {
      const turn = turns[served]!;
      const permits = permitsOf(
        ids.slice(used, (used += turn.size)),
        turn.ask,
        asked,
        turn.size * this.#options.inFlightTimeoutMs,
      );
      const passed = this.#first();
      if (passed !== turn && passed?.passing === 'may') passed.passing = 'done';
      // Who left the line while the call was under way does not want them any more.
      if (this.#lanes[turn.rank]!.delete(turn)) turn.resolve(permits);
      else permits.forEach(this.#unused);
    }
    return served;
  }

  /** Tells those who must wait long. @returns ms until it is worth while to ask again; 0: now */
  #block({ blockedBy, reason, waitMs, waitForOneMs }: Outcome, blocked: Turn | undefined): number {
    this.#registered = false;
    if (blockedBy === 'stopped') this.#refuse(() => true, new PermitsStopped(reason ?? 'no reason given'));
    if (blockedBy === 'writesStopped') {
      // Those behind them that read go on.
      this.#refuse((turn) => turn.ask.writes === true, new PermitsStopped(reason ?? 'no reason given', 'writes'));
      return 0;
    }
    if (blockedBy === null || blockedBy === 'stopped' || waitMs === null || blocked === undefined) return 0;
    if (blockedBy === 'breakerOfRecord') {
      // Those behind it may be about others, whom nothing holds.
      this.#refuse((turn) => turn === blocked, new PermitPostponed(Date.now() + waitMs, 'breaker'));
      return 0;
    }
    if (waitMs > this.#options.limits.longWaitMs) {
      // Who is not before it in any respect cannot be served sooner.
      const isNotBefore = (turn: Turn) => turn.size >= blocked.size && turn.rank >= blocked.rank;
      this.#refuse(isNotBefore, new PermitPostponed(Date.now() + waitMs, blockedBy));
      return 0;
    }
    this.#registered = true;
    this.#postponeOutranked(blocked, blockedBy);
    const oneMs = waitForOneMs ?? 0;
    const mayPass =
      blockedBy === 'second' && blocked.passing !== 'done' && waitMs - oneMs > this.#options.limits.passingMs;
    if (blocked.passing !== 'done') blocked.passing = mayPass ? 'may' : 'notYet';
    if (!mayPass) return Math.ceil(waitMs);
    const somebodyPasses = [...this.#lanes[blocked.rank]!].some(({ size }) => size === 1);
    return Math.ceil(somebodyPasses ? oneMs : waitMs);
  }

  /** Those whom earlier lanes kept from being served for long are put off: they hold a worker's slot for nothing. */
  #postponeOutranked(blocked: Turn, blockedBy: BlockedBy): void {
    const { longWaitMs } = this.#options.limits;
    const longAgo = performance.now() - longWaitMs;
    this.#refuse(
      (turn) => turn.since < longAgo && (turn.rank > blocked.rank || (turn === blocked && blockedBy === 'lane')),
      new PermitPostponed(Date.now() + longWaitMs, 'lane'),
    );
  }

  #refuse(which: (turn: Turn) => boolean, reason: unknown): void {
    for (const lane of this.#lanes) {
      for (const turn of lane) {
        if (which(turn) && lane.delete(turn)) turn.reject(reason);
      }
    }
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

/** The limits that hold for a lane, as `budget_take` reads them. */
function windowsOf(limits: LimitsConfig, rank: number) {
  const { requestsPerSecond, requestsPerDay, secondWindowMs, dayWindowMs } = limits;
  return [
    { name: 'second', limit: requestsPerSecond, ms: secondWindowMs, others: false },
    { name: 'liveShare', limit: rank === 0 ? null : dayLimitOfOthers(limits), ms: dayWindowMs, others: true },
    { name: 'day', limit: requestsPerDay, ms: dayWindowMs, others: false },
  ].filter(({ limit }) => limit !== null);
}

/** One instant on both clocks: the monotonic one does not count the sleep of a machine, the other one can be set back. */
interface Instant {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

/** @param from before the permits were given: `validMs` runs from then, so their time is never up too late */
function permitsOf(ids: readonly number[], ask: PermitAsk, from: Instant, validMs: number): Permit[] {
  const remainingMs = () => validMs - Math.max(performance.now() - from.monotonicMs, Date.now() - from.wallMs);
  return ids.map((id) => ({ id, ask, remainingMs }));
}
