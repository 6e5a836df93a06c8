/**
 * The budget of an examination: what is asked for as always, and never more than a handful of requests.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { LimitsConfig } from '../config/limits.js';
import type { Budget, Permit, PermitAnswer, PermitAsk } from '../store/budget.js';
import type { BudgetState } from '../store/budgetState.js';

/** No request is left. An error of ours: the examination is planned to need fewer. */
export class AllowanceSpent extends Error {
  override readonly name = 'AllowanceSpent';
}

/** The requests that both systems' budgets share. */
export class Allowance {
  #used = 0;

  constructor(readonly most: number) {}

  get used(): number {
    return this.#used;
  }

  spend(requests: number): void {
    if (this.#used + requests > this.most)
      throw new AllowanceSpent(`all ${this.most} requests of this examination are used`);
    this.#used += requests;
  }

  giveBack(requests: number): void {
    this.#used -= requests;
  }
}

/**
 * Lays an allowance over a budget. Refusals and failures do not stop or pause the connection: an examination looks, and changes nothing; the next
 * request of a worker stops it for itself.
 */
export function limitedBudget(budget: Budget, allowance: Allowance): Budget {
  return {
    largestGroup: (lane) => Math.min(budget.largestGroup(lane), allowance.most),
    async take(n, ask) {
      allowance.spend(n);
      try {
        return await budget.take(n, ask);
      } catch (error) {
        allowance.giveBack(n);
        throw error;
      }
    },
    answered: (permit, answer) => budget.answered(permit, answer),
    release(permit) {
      allowance.giveBack(1);
      budget.release(permit);
    },
    close: (forMs, reason) => budget.close(forMs, reason),
    failed: () => Promise.resolve(null),
    stop: () => Promise.resolve(),
    resume: (beforeMs) => budget.resume(beforeMs),
    state: () => budget.state(),
    flush: () => budget.flush(),
    end: () => budget.end(),
  };
}

interface Counted {
  /** Epoch milliseconds; null while the request is under way. */
  answeredAt: number | null;
}

/**
 * A budget without Postgres, for an account that no database of ours counts for: what it gave is counted in this process only,
 * by the rule of src/store/budget.ts (from the permit until the answer and the window's length).
 */
export class MemoryBudget implements Budget {
  readonly #limits: LimitsConfig;
  readonly #inFlightTimeoutMs: number;
  readonly #counted = new Map<number, Counted>();
  #given = 0;

  constructor(limits: LimitsConfig, inFlightTimeoutMs: number) {
    this.#limits = limits;
    this.#inFlightTimeoutMs = inFlightTimeoutMs;
  }

  largestGroup(): number {
    const { requestsPerSecond, requestsPerDay } = this.#limits;
    return Math.min(requestsPerSecond ?? Infinity, requestsPerDay ?? Infinity);
  }

  async take(n: number, ask: PermitAsk): Promise<Permit[]> {
    if (n > this.largestGroup()) throw new RangeError(`${n} permits at once are more than the limits allow`);
    const { requestsPerSecond, secondWindowMs, requestsPerDay, dayWindowMs } = this.#limits;
    await this.#room(n, requestsPerSecond, secondWindowMs, ask.signal);
    await this.#room(n, requestsPerDay, dayWindowMs, ask.signal);
    const grantedAt = performance.now();
    return Array.from({ length: n }, () => {
      const id = (this.#given += 1);
      this.#counted.set(id, { answeredAt: null });
      return { id, ask, remainingMs: () => n * this.#inFlightTimeoutMs - (performance.now() - grantedAt) };
    });
  }

  answered(permit: Permit, { mayStillArrive = false }: PermitAnswer): void {
    const late = mayStillArrive ? this.#limits.lateArrivalMs : 0;
    this.#counted.set(permit.id, { answeredAt: Date.now() + late });
  }

  release(permit: Permit): void {
    this.#counted.delete(permit.id);
  }

  /** A 429 ends the examination of its system (see examine.ts), so nobody is left to be kept waiting. */
  close(): Promise<void> {
    return Promise.resolve();
  }

  failed(): Promise<null> {
    return Promise.resolve(null);
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }

  resume(): Promise<void> {
    return Promise.resolve();
  }

  state(): Promise<BudgetState> {
    const { requestsPerSecond, secondWindowMs, requestsPerDay, dayWindowMs } = this.#limits;
    const window = (limit: number | null, windowMs: number) => {
      const leaves = this.#leaving(windowMs);
      return { used: leaves.length, limit, windowMs, nextFreeAtMs: leaves[0] ?? null };
    };
    return Promise.resolve({
      second: window(requestsPerSecond, secondWindowMs),
      day: window(requestsPerDay, dayWindowMs),
      dayUsedByOthers: this.#leaving(dayWindowMs).length,
      closedUntilMs: null,
      closedReason: null,
      stoppedAtMs: null,
      stoppedReason: null,
      writesStoppedReason: null,
    });
  }

  flush(): Promise<void> {
    return Promise.resolve();
  }

  end(): Promise<void> {
    return Promise.resolve();
  }

  /** When each request that counts in a window leaves it, if those under way were answered now; the next first. */
  #leaving(windowMs: number): readonly number[] {
    const now = Date.now();
    return [...this.#counted.values()]
      .map(({ answeredAt }) => (answeredAt ?? now) + windowMs)
      .filter((leaves) => leaves > now)
      .sort((one, other) => one - other);
  }

  /** Waits until `n` more fit into a window. */
  async #room(n: number, limit: number | null, windowMs: number, signal: AbortSignal | undefined): Promise<void> {
    if (limit === null) return;
    for (let leaves = this.#leaving(windowMs); leaves.length + n > limit; leaves = this.#leaving(windowMs)) {
      const next = leaves[leaves.length + n - limit - 1] ?? 0;
      await sleep(Math.max(1, next - Date.now()), undefined, signal === undefined ? {} : { signal });
    }
  }
}
