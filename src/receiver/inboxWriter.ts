/**
 * Stores deliveries in the inbox, many in one insert: while one batch is on its way to PostgreSQL, what comes gathers into the next. A
 * delivery is acknowledged once its batch is committed; one that is not stored in time is refused, and dropped if it still waited.
 */
import { DatabaseError, withoutValues } from '../store/database.js';
import type { NewInboxEvent } from '../store/inbox.js';
import { Refusal } from './refusals.js';

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
