/**
 * What the server saw, counted apart from its throttle and apart from our budget: by arrival, in windows of its own. This is
 * what tests and benches hold our claims against.
 */
import { performance } from 'node:perf_hooks';
import type { RequestKind } from './faults.js';

export interface Counts {
  /** Everything that arrived, whatever became of it. */
  readonly requests: number;
  /** Requests that a limit counts: neither redirected nor refused with 401 or 403. */
  readonly counted: number;
  /** Answers by status; `none`: never answered (time-outs and resets). */
  readonly byStatus: Readonly<Record<string, number>>;
  readonly byKind: Readonly<Record<RequestKind, number>>;
  /** Answers with 429, by the throttle or by a fault. */
  readonly refusals: number;
  /** Of these, the ones that the system's own limits refused. */
  readonly throttled: number;
  /** The most counted requests, refused ones included, that arrived within any "second" and any "day" of the limits. */
  readonly maxInSecondWindow: number;
  readonly maxInDayWindow: number;
  /** Creations, updates and removals that took effect through the API. */
  readonly created: number;
  readonly updated: number;
  readonly removed: number;
  /** Epoch milliseconds; `null` before the first counted request. */
  readonly firstAtMs: number | null;
  readonly lastAtMs: number | null;
}

/** How many fell within any window `(t - length, t]`, and the most there ever were. Amortised constant time. */
export class SlidingCount {
  #times = new Float64Array(64);
  #head = 0;
  #size = 0;
  max = 0;

  constructor(readonly lengthMs: number) {}

  /** @param atMs never smaller than the one before. */
  add(atMs: number): void {
    const capacity = this.#times.length;
    while (this.#size > 0 && (this.#times[this.#head] as number) <= atMs - this.lengthMs) {
      this.#head = (this.#head + 1) % capacity;
      this.#size -= 1;
    }
    if (this.#size === capacity) this.#grow();
    this.#times[(this.#head + this.#size) % this.#times.length] = atMs;
    this.#size += 1;
    if (this.#size > this.max) this.max = this.#size;
  }

  #grow(): void {
    const grown = new Float64Array(this.#times.length * 2);
    for (let i = 0; i < this.#size; i += 1) grown[i] = this.#times[(this.#head + i) % this.#times.length] as number;
    this.#times = grown;
    this.#head = 0;
  }
}

/** The books of one system. */
export class Accounting {
  #requests = 0;
  #counted = 0;
  #throttled = 0;
  #created = 0;
  #updated = 0;
  #removed = 0;
  #firstAt: number | null = null;
  #lastAt: number | null = null;
  #arrivals: number[] = [];
  readonly #byStatus = new Map<number | 'none', number>();
  #byKind = noKinds();
  readonly #writes = new Map<string, number>();
  #second: SlidingCount;
  #day: SlidingCount;

  constructor(windows: { readonly secondWindowMs: number; readonly dayWindowMs: number }) {
    this.#second = new SlidingCount(windows.secondWindowMs);
    this.#day = new SlidingCount(windows.dayWindowMs);
  }

  arrived(kind: RequestKind): void {
    this.#requests += 1;
    this.#byKind[kind] += 1;
  }

  /** The request counts towards the limits. @param atMs its arrival, on the monotonic clock. */
  countedAt(atMs: number): void {
    this.#counted += 1;
    this.#second.add(atMs);
    this.#day.add(atMs);
    this.#firstAt ??= atMs;
    this.#lastAt = atMs;
    this.#arrivals.push(atMs);
  }

  throttled(): void {
    this.#throttled += 1;
  }

  answered(status: number | 'none'): void {
    this.#byStatus.set(status, (this.#byStatus.get(status) ?? 0) + 1);
  }

  applied(effect: 'created' | 'updated' | 'removed', record: string): void {
    if (effect === 'removed') {
      this.#removed += 1;
      return;
    }
    if (effect === 'created') this.#created += 1;
    else this.#updated += 1;
    this.#writes.set(record, (this.#writes.get(record) ?? 0) + 1);
  }

  counts(): Counts {
    const epoch = (at: number | null) => (at === null ? null : performance.timeOrigin + at);
    return {
      requests: this.#requests,
      counted: this.#counted,
      byStatus: Object.fromEntries(this.#byStatus),
      byKind: { ...this.#byKind },
      refusals: this.#byStatus.get(429) ?? 0,
      throttled: this.#throttled,
      maxInSecondWindow: this.#second.max,
      maxInDayWindow: this.#day.max,
      created: this.#created,
      updated: this.#updated,
      removed: this.#removed,
      firstAtMs: epoch(this.#firstAt),
      lastAtMs: epoch(this.#lastAt),
    };
  }

  /** When each counted request arrived, in order: epoch milliseconds, with fractions. */
  arrivals(): number[] {
    return this.#arrivals.map((at) => performance.timeOrigin + at);
  }

  writes(): Record<string, number> {
    return Object.fromEntries(this.#writes);
  }

  /** Starts all over, with windows of these lengths. */
  reset(windows = { secondWindowMs: this.#second.lengthMs, dayWindowMs: this.#day.lengthMs }): void {
    this.#requests = this.#counted = this.#throttled = this.#created = this.#updated = this.#removed = 0;
    this.#firstAt = this.#lastAt = null;
    this.#arrivals = [];
    this.#byStatus.clear();
    this.#byKind = noKinds();
    this.#writes.clear();
    this.measure(windows);
  }

  /** Forgets the two maxima and measures windows of these lengths from now on. */
  measure(windows: { readonly secondWindowMs: number; readonly dayWindowMs: number }): void {
    this.#second = new SlidingCount(windows.secondWindowMs);
    this.#day = new SlidingCount(windows.dayWindowMs);
  }
}

function noKinds(): Record<RequestKind, number> {
  return { session: 0, schema: 0, team: 0, list: 0, read: 0, check: 0, create: 0, write: 0, delete: 0 };
}
