/**
 * Stores deliveries in the inbox, many in one insert: while one batch is on its way to PostgreSQL, what comes gathers into the next. A
 * delivery is acknowledged once its batch is committed; one that is not stored in time is refused, and dropped if it still waited.
 */
import { DatabaseError, withoutValues } from '../store/database.js';
import type { NewInboxEvent } from '../store/inbox.js';
import { Refusal } from './refusals.js';
import type { Log } from '../log.js';

export interface InboxWriterOptions {
  /** Stores all of them or none. */
  readonly insert: (events: readonly NewInboxEvent[]) => Promise<void>;
  /** A delivery is refused as `unavailable` when it is not stored by then. */
  readonly timeoutMs: number;
  /** Told of each insert: how long it took, and whether it failed for PostgreSQL's sake. */
  readonly onInsert: (milliseconds: number, error: unknown) => void;
}

export interface InboxWriter {
  /** Resolves when the event is committed. @throws {Refusal} `unavailable`, or `json` where PostgreSQL cannot hold the body. */
  add(event: NewInboxEvent): Promise<void>;
}

/** Two at once: one travels while the other is committed. More only make the batches smaller. */
const parallelInserts = 2;

/** A batch takes no more than this, so that it fits into memory twice and is stored well before the time-out. */
const maxBatchEvents = 500;
const maxBatchBytes = 4 * 1_048_576;

interface Waiting {
  readonly event: NewInboxEvent;
  readonly stored: () => void;
  readonly failed: (refusal: Refusal) => void;
  /** The time-out has answered already. */
  givenUp: boolean;
}

export function createInboxWriter({ insert, timeoutMs, onInsert }: InboxWriterOptions): InboxWriter {
  let waiting: Waiting[] = [];
  let inserting = 0;
  let scheduled = false;

  /** When the current turn of the event loop is over: requests that arrived together make one batch. */
  function schedule(): void {
    if (scheduled || inserting >= parallelInserts || waiting.length === 0) return;
    scheduled = true;
    setImmediate(() => {
      scheduled = false;
      const batch = takeBatch();
      if (batch.length === 0) return;
      inserting += 1;
      schedule();
      void store(batch).finally(() => {
        inserting -= 1;
        schedule();
      });
    });
  }

  function takeBatch(): Waiting[] {
    const alive = waiting.filter((one) => !one.givenUp);
    let bytes = 0;
    const end = alive.findIndex((one, at) => (bytes += one.event.body.length) > maxBatchBytes && at > 0);
    const batch = alive.slice(0, Math.min(maxBatchEvents, end === -1 ? alive.length : end));
    waiting = alive.slice(batch.length);
    return batch;
  }

  async function store(batch: readonly Waiting[]): Promise<void> {
    const startedAt = performance.now();
    try {
      await insert(batch.map((one) => one.event));
      onInsert(performance.now() - startedAt, null);
      for (const one of batch) one.stored();
    } catch (error) {
      const refused = isAboutValues(error);
      onInsert(performance.now() - startedAt, refused ? null : error);
      if (!refused) for (const one of batch) one.failed(new Refusal('unavailable'));
      // One body that PostgreSQL cannot hold must not take the others with it.
      else if (batch.length > 1) for (const half of halves(batch)) await store(half);
      else batch[0]!.failed(new Refusal('json', 'This one is nested too deeply, or cannot be stored as it is.'));
    }
  }

  return {
    add: (event) =>
      new Promise((resolve, reject) => {
        const settle = (end: () => void) => () => {
          clearTimeout(timer);
          end();
        };
        const one: Waiting = {
          event,
          givenUp: false,
          stored: settle(resolve),
          failed: (refusal) => settle(() => reject(refusal))(),
        };
        const timer = setTimeout(() => {
          one.givenUp = true;
          // All wait equally long, so that those who gave up stand in front: they must not pile up while nothing is stored.
          while (waiting[0]?.givenUp === true) waiting.shift();
          reject(new Refusal('unavailable'));
        }, timeoutMs);
        waiting.push(one);
        schedule();
      }),
  };
}

function halves<T>(items: readonly T[]): readonly (readonly T[])[] {
  const middle = Math.ceil(items.length / 2);
  return [items.slice(0, middle), items.slice(middle)];
}

/** SQLSTATE classes 22 (data exception) and 54 (program limit exceeded): the values are at fault, and would be again. */
function isAboutValues(error: unknown): boolean {
  const known = withoutValues(error);
  return known instanceof DatabaseError && /^(?:22|54)/.test(known.code);
}

// What the receiver depends on and may not have: whether it answers, and a sleep that ends early when there is news.

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
