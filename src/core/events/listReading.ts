/**
 * Reading a list page by page so that one knows whether all of it was seen: each page begins with the last record of the one before. Where that
 * is another record, or the stated count changes, the list moved under us, and what was not seen may be there all the same. Pure.
 */

/** How far a reading is. Kept between pages. */
export interface ListReading {
  /** Epoch milliseconds. */
  readonly beganAtMs: number;
  /** Records that were read so far. */
  readonly offset: number;
  /** As the first page stated it. */
  readonly count: number;
  /** Of the last record that was read; null: it has none that can be read. */
  readonly lastId: string | null;
  /** Nothing can have been missed so far. */
  readonly isComplete: boolean;
}

export interface ReadPage {
  /** Position of its first record. */
  readonly start: number;
  /** The list's length, as stated. */
  readonly count: number;
  /** Of its records, in their order; null: the record cannot be read, not even its id. */
  readonly ids: readonly (string | null)[];
}

/** Where the next page is to begin. */
export function nextStart(reading: ListReading | null): number {
  return reading === null || reading.offset === 0 ? 0 : reading.offset - 1;
}

/** @param before null: this is the first page. @returns how far it is with this page, and whether that was the last one */
export function readOn(
  before: ListReading | null,
  { start, count, ids }: ReadPage,
  nowMs: number,
): { readonly reading: ListReading; readonly isOver: boolean } {
  const offset = Math.max(before?.offset ?? 0, start + ids.length);
  const follows =
    before === null
      ? start === 0
      : count === before.count && before.lastId !== null && ids[0] === before.lastId && start === nextStart(before);
  const isOver = offset >= count || offset === (before?.offset ?? 0);
  const reading = {
    beganAtMs: before?.beganAtMs ?? nowMs,
    offset,
    count: before?.count ?? count,
    lastId: ids.at(-1) ?? null,
    isComplete: (before?.isComplete ?? true) && follows && !ids.includes(null) && (!isOver || offset === count),
  };
  return { reading, isOver };
}
