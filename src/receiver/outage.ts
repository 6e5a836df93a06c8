/** What the receiver depends on and may not have: whether it answers, and a sleep that ends early when there is news. */
import type { Log } from '../log.js';

/** Whether something answers that others depend on: one line in the log for each change, and ever longer pauses while it does not. */
export interface Outage {
  failed(error: unknown): void;
  succeeded(): void;
  /** `unknown`: nothing has been asked of it yet. */
  readonly state: 'up' | 'down' | 'unknown';
  /** It is not asked before this moment, by `performance.now()`. */
  readonly pausedUntil: number;
}

export interface OutageOptions {
  /** The first pause; each further one is twice as long, up to `maxRetryMs`. */
  readonly retryMs: number;
  readonly maxRetryMs: number;
  readonly log: Log;
  /** What is logged when it fails, and when it answers again. */
  readonly lost: string;
  readonly found: string;
}

export function watchOutage({ retryMs, maxRetryMs, log, lost, found }: OutageOptions): Outage {
  let state: Outage['state'] = 'unknown';
  let failures = 0;
  let pausedUntil = -Infinity;
  return {
    failed: (error) => {
      failures += 1;
      pausedUntil = performance.now() + Math.min(maxRetryMs, retryMs * 2 ** (failures - 1));
      if (state !== 'down') log.warn({ error: errorCode(error) }, lost);
      state = 'down';
    },
    succeeded: () => {
      if (state === 'down') log.info(found);
      state = 'up';
      failures = 0;
      pausedUntil = -Infinity;
    },
    get state() {
      return state;
    },
    get pausedUntil() {
      return pausedUntil;
    },
  };
}

/** What may be logged of any error: its code (of Node, SQLSTATE, or gRPC) or its name, never its words. */
export function errorCode(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const { code } = error as { code?: unknown };
  if (typeof code === 'string' || typeof code === 'number') return `${error.name} ${code}`;
  return error.cause instanceof Error ? `${error.name}, ${errorCode(error.cause)}` : error.name;
}

/** A sleep of which the end can be moved forward. Times are those of `performance.now()`. For one sleeper. */
export interface Alarm {
  sleepUntil(time: number): Promise<void>;
  /** Ends the sleep at this time, if it would last longer. While nobody sleeps it does nothing. */
  notLaterThan(time: number): void;
}

export function createAlarm(): Alarm {
  let sleep: { readonly end: () => void; timer: NodeJS.Timeout; until: number } | null = null;
  const ring = () => {
    const ended = sleep;
    sleep = null;
    ended?.end();
  };
  const timerTo = (time: number) => setTimeout(ring, Math.max(0, time - performance.now()));
  return {
    sleepUntil: (time) =>
      new Promise((resolve) => {
        sleep = { end: resolve, timer: timerTo(time), until: time };
      }),
    notLaterThan: (time) => {
      if (sleep === null || sleep.until <= time) return;
      clearTimeout(sleep.timer);
      sleep.timer = timerTo(time);
      sleep.until = time;
    },
  };
}
