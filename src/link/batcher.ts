/**
 * Group commit: while one batch is on its way to Postgres, what comes gathers into the next. Many small writes cost a few round
 * trips, and nobody waits longer than for one batch before theirs.
 */
export type Batcher<T> = (item: T) => Promise<void>;

/**
 * `flush` gets all that gathered; if it throws, every caller of that batch gets the error.
 *
 * @param lingerMs a batch gathers for so long at least: larger batches, for callers who need not wait for the end of theirs. 0: until
 * the current turn of the event loop is over.
 */
export function createBatcher<T>(flush: (items: readonly T[]) => Promise<void>, lingerMs = 0): Batcher<T> {
  let gathered: { readonly items: T[]; readonly done: Promise<void> } | null = null;
  let last: Promise<void> = Promise.resolve();

  return (item) => {
    if (gathered === null) {
      const items: T[] = [];
      const lingered = new Promise<void>((resolve) => {
        if (lingerMs === 0) setImmediate(resolve);
        else setTimeout(resolve, lingerMs);
      });
      // After the batch before this one.
      const done = last
        .catch(() => undefined)
        .then(() => lingered)
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
