/**
 * Group commit: while one batch is on its way to Postgres, what comes gathers into the next. Many small writes cost a few round
 * trips, and nobody waits longer than for one batch before theirs.
 */
export type Batcher<T> = (item: T) => Promise<void>;

/** `flush` gets all that gathered; if it throws, every caller of that batch gets the error. */
export function createBatcher<T>(flush: (items: readonly T[]) => Promise<void>): Batcher<T> {
  let gathered: { readonly items: T[]; readonly done: Promise<void> } | null = null;
  let last: Promise<void> = Promise.resolve();

  return (item) => {
    if (gathered === null) {
      const items: T[] = [];
      // After the batch before this one, and at the earliest when the current turn of the event loop is over.
      const done = last
        .catch(() => undefined)
        .then(() => new Promise<void>((resolve) => setImmediate(resolve)))
        .then(() => {
          gathered = null;
          return flush(items);
        });
      last = done;
      gathered = { items, done };
    }
    gathered.items.push(item);
    return gathered.done;
  };
}
