/**
 * Django REST framework's throttling (SimpleRateThrottle, APIView.check_throttles): a sliding window of *allowed* requests per
 * token, and two windows that are judged both at each request. So a request that one window refuses still counts in the other.
 */
import type { ResolvedLimits } from './options.js';

export type Verdict =
  | { readonly allowed: true }
  /** `seconds`: whole seconds to wait; `null` where DRF names none (a limit that was lowered below what was already used). */
  | { readonly allowed: false; readonly seconds: number | null };

const allowed: Verdict = { allowed: true };

class Window {
  /** Arrival times of allowed requests, oldest first from `#head`; the monotonic clock, milliseconds. */
  #times: number[] = [];
  #head = 0;

  /** @returns `undefined` if allowed, else the wait in seconds, or `null` for none. */
  judge(atMs: number, limit: number, lengthMs: number): number | null | undefined {
    while (this.#head < this.#times.length && (this.#times[this.#head] as number) <= atMs - lengthMs) this.#head += 1;
    if (this.#head > 1_024 && this.#head * 2 > this.#times.length) {
      this.#times = this.#times.slice(this.#head);
      this.#head = 0;
    }
    const used = this.#times.length - this.#head;
    if (used < limit) {
      this.#times.push(atMs);
      return undefined;
    }
    const available = limit - used + 1;
    if (available <= 0) return null;
    return (lengthMs - (atMs - (this.#times[this.#head] as number))) / available / 1_000;
  }
}

/** One system's throttle. */
export class Throttle {
  readonly #windows = new Map<string, { readonly second: Window; readonly day: Window }>();

  constructor(public limits: ResolvedLimits) {}

  /** @param credential whose request it is. @param atMs its arrival, never earlier than the one before. */
  judge(credential: string, atMs: number): Verdict {
    const { requestsPerSecond, requestsPerDay, secondWindowMs, dayWindowMs } = this.limits;
    if (requestsPerSecond === null && requestsPerDay === null) return allowed;
    let windows = this.#windows.get(credential);
    if (windows === undefined) this.#windows.set(credential, (windows = { second: new Window(), day: new Window() }));
    const waits: (number | null)[] = [];
    if (requestsPerSecond !== null) {
      const wait = windows.second.judge(atMs, requestsPerSecond, secondWindowMs);
      if (wait !== undefined) waits.push(wait);
    }
    if (requestsPerDay !== null) {
      const wait = windows.day.judge(atMs, requestsPerDay, dayWindowMs);
      if (wait !== undefined) waits.push(wait);
    }
    if (waits.length === 0) return allowed;
    const named = waits.filter((wait) => wait !== null);
    return { allowed: false, seconds: named.length === 0 ? null : Math.ceil(Math.max(...named)) };
  }

  forget(): void {
    this.#windows.clear();
  }
}
