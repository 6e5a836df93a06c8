/**
 * Which page to ask for, where a list is counted in page numbers.
 *
 * A scan reads with one record of overlap (docs/how-it-works.md, Scan), but a page number counts in multiples of the page
 * size: page 2 of 100 begins exactly where page 1 ended, and asking it to begin one record earlier is not possible. What is
 * free is the size. With 99 records a page, page 2 begins at position 99, the last record of page 1 of 100. So each request
 * gets the size and number of a page that holds the wanted position and reaches furthest beyond it.
 */

/** A page by number, and the positions (0-based) it stands for. */
export interface NumberedPage {
  /** 0-based number of the page. */
  readonly number: number;
  readonly size: number;
  /** Position of its first record: `number * size`. */
  readonly start: number;
}

/**
 * The page of at most `largestSize` records that contains position `from` and reaches furthest.
 *
 * Always `start <= from < start + size`. Of two pages that reach equally far the smaller is taken: fewer records twice.
 */
export function choosePage(from: number, largestSize: number): NumberedPage {
  let best = pageHolding(from, 1);
  for (let size = 2; size <= largestSize; size++) {
    const candidate = pageHolding(from, size);
    if (candidate.start + candidate.size > best.start + best.size) best = candidate;
  }
  return best;
}

function pageHolding(from: number, size: number): NumberedPage {
  const number = Math.floor(from / size);
  return { number, size, start: number * size };
}
