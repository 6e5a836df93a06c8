/**
 * Reading a whole list page by page while people edit it, and knowing whether anybody was missed. A state machine without I/O:
 * the `bulkSync` workflow holds the state, an activity reads each page and reports what it proves.
 *
 * **Why one record of overlap.** Pages are positions. When a record before the cursor is deleted, the rest moves up, and the next
 * page begins one record too late: the one in between is on neither page. So each page is asked to begin with the last record of
 * the page before. If it does begin with a record seen in this pass, the page is *continuous*, and this holds:
 *
 * > Every record that was in the list throughout the pass, and stands before the last record of a continuous page, has been seen.
 *
 * Proof, by induction over the continuous pages; records keep their relative order. A page from position 0 contains all that stands
 * before its last record. Otherwise let f be the page's first record, seen on an earlier continuous page. A record throughout
 * present that stands after f is on this very page, which is one slice of the list. One that stands before f stands before the
 * last record of that earlier page, and has been seen by induction.
 *
 * A page that is not continuous proves nothing. Its records are *not* marked as seen, or a later page could lean on them, and
 * the scan goes back. Once a continuous page reaches the end, nobody who was there throughout is missing. The scan is complete
 * only if, on top of that, the distinct ids seen are as many as the list says it holds: so what it does not contain is missing
 * from the list, and not merely from our reading. Else a new pass begins, with nothing seen.
 *
 * A list that reorders itself while it is read breaks the premise; then only the sum stands between us and a wrong answer. So
 * systems ask for a stable order where they can.
 *
 * **A list that states no total** has no sum. What its pages do not show may be missing from an answer that was cut short, and not from the
 * list. So where something is taken as missing, the list is read twice: the scan is complete when two passes that reached the end have seen
 * the same ids. Where everything that is looked for was seen, nothing stands on an absence, and one pass is enough.
 */

/** What one page proves. Counts and truth values only: this travels through the workflow's history. */
export interface PageFacts {
  /** Position (0-based) of the page's first record. */
  readonly start: number;
  /** Records on the page. */
  readonly received: number;
  /** Whether the page's first record was seen in this pass already; true when `start` is 0. */
  readonly firstKnown: boolean;
  /** Distinct ids seen in this pass, this page's included if it is continuous (see isContinuous). */
  readonly seen: number;
  /** How many records the list holds, as the system states on this page; null: it states no total, and the following say what takes its place. */
  readonly count: number | null;
  /** Whether the list ends with this page. */
  readonly ends?: boolean;
  /** Where it ends: whether what is looked for was seen, so that nothing stands on an absence. */
  readonly lacksNothing?: boolean;
  /** Where it ends: whether an earlier pass that reached the end has seen the same ids. */
  readonly repeats?: boolean;
}

export interface ScanOptions {
  /** Most records of one page, at least 2: the overlap takes one. */
  readonly pageSize: number;
  /** Passes after the first one, before the scan gives up. */
  readonly maxRestarts: number;
}

/**
 * - `sum`: the end was reached, but ids seen and stated count differ
 * - `moved`: the list moved so much that going back led to its beginning
 * - `stuck`: a page holds nothing beyond the position asked for, and yet is not the end
 * - `unconfirmed`: the end was reached of a list that states no total, something is missing, and no pass before has seen the same
 */
export type ScanTrouble = 'sum' | 'moved' | 'stuck' | 'unconfirmed';

export interface ScanState {
  readonly status: 'reading' | 'complete' | 'failed';
  /** What made the last pass fail; `null` in a first pass. */
  readonly reason: ScanTrouble | null;
  /** 1 for the first pass. With a new pass the set of ids seen is empty. */
  readonly pass: number;
  /** Position that the next page must contain. */
  readonly from: number;
  /** How far to go back at the next page that is not continuous, in records; 0: one page less one record. */
  readonly backBy: number;
  /** Where the list was found to have moved; going forward beyond it ends the trouble. */
  readonly trouble: number;
  /** Pages read, all passes together. */
  readonly pages: number;
}

export function startScan(): ScanState {
  return { status: 'reading', reason: null, pass: 1, from: 0, backBy: 0, trouble: 0, pages: 0 };
}

/** Whether the page proves anything: only then may its records be marked as seen. */
export function isContinuous(page: Pick<PageFacts, 'start' | 'firstKnown'>): boolean {
  return page.start === 0 || page.firstKnown;
}

/**
 * The state after one page. With a list at rest the scan ends after at most one way back and two passes; a scan that is not
 * `reading` stays as it is.
 *
 * @throws {RangeError} if pageSize is below 2
 */
export function advanceScan(state: ScanState, facts: PageFacts, options: ScanOptions): ScanState {
  if (options.pageSize < 2) throw new RangeError(`expected pages of at least 2 records, found ${options.pageSize}`);
  if (state.status !== 'reading') return state;
  const read = { ...state, pages: state.pages + 1 };
  if (!isContinuous(facts)) return goBack(read, facts, options);
  const end = facts.start + facts.received;
  const complete: ScanState = { ...read, status: 'complete', reason: null };
  if (facts.count === null) {
    if (facts.ends) return facts.lacksNothing || facts.repeats ? complete : restart(read, 'unconfirmed', options);
  } else if (end >= facts.count) {
    return facts.seen === facts.count ? complete : restart(read, 'sum', options);
  }
  const next = end - 1;
  // A page that may begin before the position asked for can end at it as well: asking again would bring the same page.
  if (next <= read.from) return restart(read, 'stuck', options);
  return next > read.trouble ? { ...read, from: next, backBy: 0 } : { ...read, from: next };
}

/**
 * Goes back far enough to meet a record that was seen. Twice as far each time that the same stretch is in trouble: a list whose
 * order means nothing then leads to its beginning soon, where a new pass is counted, instead of going to and fro for ever.
 */
function goBack(state: ScanState, facts: PageFacts, options: ScanOptions): ScanState {
  const by = state.backBy === 0 ? options.pageSize - 1 : state.backBy * 2;
  const length = facts.count ?? (facts.ends ? facts.start + facts.received : Infinity);
  const from = Math.min(state.from, length) - by;
  if (from <= 0) return restart(state, 'moved', options);
  return { ...state, from, backBy: by, trouble: Math.max(state.trouble, state.from) };
}

function restart(state: ScanState, reason: ScanTrouble, options: ScanOptions): ScanState {
  // To read a list twice is no trouble: it takes nothing from what trouble may cost.
  const passes = options.maxRestarts + (reason === 'unconfirmed' ? 1 : 0);
  if (state.pass > passes) return { ...state, status: 'failed', reason };
  return { ...startScan(), pass: state.pass + 1, reason, pages: state.pages };
}
