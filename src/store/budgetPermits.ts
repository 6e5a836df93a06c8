import type { LimitsConfig } from '../config/limits.js';

/** Who asks, first in line first: a person's change before a person's review before a bulk sync before housekeeping. */
export const lanes = ['live', 'review', 'bulk', 'idle'] as const;
export type Lane = (typeof lanes)[number];

/** Who asks for permits. `record` is an id, `purpose` groups requests in the log; `signal` ends the waiting. */
export interface PermitAsk {
  readonly lane: Lane;
  readonly purpose: string;
  readonly record?: string | undefined;
  /**
   * Of a group: each permit is for use so much later than the one before (see `Permit.grantedAt`), and its room is needed no sooner.
   * Default 0.
   */
  readonly gapMs?: number | undefined;
  /** Whoever must wait for longer is put off. Default: as long as `longWaitMs` allows. */
  readonly patienceMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The right to send one request. To be given back by exactly one of `answered` and `release`. */
export interface Permit {
  /** Id of its row in `request_log`. */
  readonly id: number;
  readonly ask: PermitAsk;
  /** On the scale of `performance.now()`: from when on it may be used, never sooner. Past already, but for the later ones of a group with a gap. */
  readonly grantedAt: number;
  /** How long a request may still be under way on this permit; nothing may be sent at 0 or less. */
  remainingMs(): number;
}

export interface PermitAnswer {
  /** HTTP status; null: no answer came. */
  readonly status: number | null;
  readonly method: string;
  /** What kind of request it was, without ids, for the request log: `GET /teams/{team}/clients`. */
  readonly kind: string;
  /** True when it was cut off, so that it may reach the server later: it then counts for `lateArrivalMs` longer. */
  readonly mayStillArrive?: boolean;
}

/**
 * Why no permit is given now. `second`, `day`, `liveShare`: full windows; `closed`: the server's 429; `lane`: others are first; `breaker`:
 * the server fails, and it is not time yet to try it again.
 */
export type BlockedBy = 'second' | 'day' | 'liveShare' | 'closed' | 'lane' | 'breaker';

/** No permit: none will come before `retryAtMs`, which is further off than `longWaitMs`, or than whoever asked would wait. */
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

/** Where permits come from in this process. */
export interface PermitSource {
  /** As `Budget.take`; `n` is within the limits. */
  take(n: number, ask: PermitAsk): Promise<Permit[]>;
  /** Whether anybody waits. */
  readonly waiting: boolean;
  /** Something changed that makes looking again worth while. */
  wake(): void;
  end(): Promise<void>;
}

/**
 * One instant on both clocks: the monotonic one does not count the sleep of a machine, the other one can be set back.
 */
export interface Instant {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

export function instant(): Instant {
  return { monotonicMs: performance.now(), wallMs: Date.now() };
}

/**
 * @param grantedAt of the first; each further one is for use `gapMs` later
 * @param from the instant from which `validMs` runs
 */
export function makePermits(
  ids: readonly number[],
  ask: PermitAsk,
  grantedAt: number,
  from: Instant,
  validMs: number,
  gapMs = 0,
): Permit[] {
  const remainingMs = () => {
    const now = instant();
    return validMs - Math.max(now.monotonicMs - from.monotonicMs, now.wallMs - from.wallMs);
  };
  return ids.map((id, index) => ({ id, ask, grantedAt: grantedAt + index * gapMs, remainingMs }));
}

/** Largest number of requests of a day that lanes other than `live` may use. At least one, or they could never work at all. */
export function dayLimitOfOthers(limits: Pick<LimitsConfig, 'requestsPerDay' | 'liveShare'>): number | null {
  if (limits.requestsPerDay === null) return null;
  // 1,000 * (1 - 0.9) is 99.99999999999997.
  return Math.max(1, Math.floor(limits.requestsPerDay * (1 - limits.liveShare) + 1e-9));
}
