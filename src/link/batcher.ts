/**
 * Group commit: while one batch is on its way to Postgres, what comes gathers into the next. Many small writes cost a few round
 * trips, and nobody waits longer than for one batch before theirs.
 */
export type Batcher<T, R = void> = (item: T) => Promise<R>;

/**
 * `flush` gets all that gathered and answers for each of them, in order; if it throws, every caller of that batch gets the error.
 *
 * @param lingerMs a batch gathers for so long at least: larger batches, for callers who need not wait for the end of theirs. 0: until
 * the current turn of the event loop is over.
 */
export function createBatcher<T>(flush: (items: readonly T[]) => Promise<void>, lingerMs?: number): Batcher<T>;
export function createBatcher<T, R>(
  flush: (items: readonly T[]) => Promise<readonly R[]>,
  lingerMs?: number,
): Batcher<T, R>;
export function createBatcher<T, R>(
  flush: (items: readonly T[]) => Promise<readonly R[] | void>,
  lingerMs = 0,
): Batcher<T, R | void> {
  let gathered: { readonly items: T[]; readonly done: Promise<readonly R[] | void> } | null = null;
  let last: Promise<unknown> = Promise.resolve();

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
    const place = gathered.items.push(item) - 1;
    return gathered.done.then((answers) => answers?.[place]);
  };
}
