import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { advanceScan, isContinuous, startScan, type PageFacts, type ScanState } from '../../src/core/scan.js';
import { checkProperty } from '../helpers/property.js';

/** What happens to the list before the next page is read; positions count from the beginning, modulo the length. */
type Edit = { readonly kind: 'insert' | 'delete'; readonly at: number };

/**
 * A list that people edit while it is read, and the reader of its pages: what the activity does with Postgres, done with sets.
 * Records keep their relative order; a new record has an id of its own.
 */
class LiveList {
  readonly seen = new Set<number>();
  /** Records that are looked for. */
  readonly known = new Set<number>();
  /** Records there since the pass began. */
  readonly throughout = new Set<number>();
  #records: number[];
  #nextId: number;
  #pass = 0;

  /** Of the passes that reached the end: the ids seen. */
  readonly #ended = new Map<number, string>();

  /** @param statesTotal false: pages say only whether they are the last */
  constructor(
    length: number,
    private readonly statesTotal = true,
  ) {
    this.#records = Array.from({ length }, (_, i) => i);
    this.#nextId = length;
  }

  get length(): number {
    return this.#records.length;
  }

  edit({ kind, at }: Edit): void {
    if (kind === 'insert') {
      this.#records.splice(at % (this.#records.length + 1), 0, this.#nextId++);
    } else if (this.#records.length > 0) {
      const [gone] = this.#records.splice(at % this.#records.length, 1);
      this.throughout.delete(gone!);
    }
  }

  /** Reads the page that the state asks for; it begins `early` records before the position, as where pages are numbered. */
  read(state: ScanState, pageSize: number, early: number): PageFacts {
    if (state.pass !== this.#pass) {
      this.#pass = state.pass;
      this.seen.clear();
      this.throughout.clear();
      for (const id of this.#records) this.throughout.add(id);
    }
    const start = Math.max(0, state.from - early);
    const page = this.#records.slice(start, start + pageSize);
    const firstKnown = start === 0 || (page[0] !== undefined && this.seen.has(page[0]));
    if (isContinuous({ start, firstKnown })) for (const id of page) this.seen.add(id);
    const facts = { start, received: page.length, firstKnown, seen: this.seen.size };
    if (this.statesTotal) return { ...facts, count: this.#records.length };
    const ends = start + page.length >= this.#records.length;
    if (!ends || !isContinuous(facts)) return { ...facts, count: null, ends };
    const saw = [...this.seen].sort().join();
    const repeats = [...this.#ended].some(([pass, one]) => pass < state.pass && one === saw);
    this.#ended.set(state.pass, saw);
    const lacksNothing = [...this.known].every((id) => this.seen.has(id));
    return { ...facts, count: null, ends, lacksNothing, repeats };
  }
}

/** Scans the list, making the edits due before each page; at most `maxPages`. */
function scanLive(
  list: LiveList,
  edits: readonly (readonly Edit[])[],
  {
    pageSize,
    maxRestarts,
    early = 0,
    maxPages = 10_000,
  }: { pageSize: number; maxRestarts: number; early?: number; maxPages?: number },
): ScanState {
  let state = startScan();
  while (state.status === 'reading' && state.pages < maxPages) {
    const facts = list.read(state, pageSize, early);
    for (const edit of edits[state.pages] ?? []) list.edit(edit);
    state = advanceScan(state, facts, { pageSize, maxRestarts });
  }
  return state;
}

const ordinary = { pageSize: 10, maxRestarts: 3 };

describe('a list at rest', () => {
  test.each([
    [0, 1],
    [1, 1],
    [10, 1],
    [11, 2],
    [19, 2],
    [20, 3],
    [100, 11],
  ])('of %i records is complete after %i pages of ten, one record of overlap each', (length, pages) => {
    const list = new LiveList(length);
    expect(scanLive(list, [], ordinary)).toMatchObject({ status: 'complete', pass: 1, pages, reason: null });
    expect(list.seen.size).toBe(length);
  });

  test('whose pages begin before the position asked for is complete as well', () => {
    const list = new LiveList(57);
    expect(scanLive(list, [], { ...ordinary, early: 8 })).toMatchObject({ status: 'complete', pass: 1 });
  });
});

describe('one page', () => {
  const reading: ScanState = { ...startScan(), from: 90, pages: 9 };
  const advance = (state: ScanState, facts: PageFacts) => advanceScan(state, facts, ordinary);
  const unknown = (start: number): PageFacts => ({ start, received: 10, firstKnown: false, seen: 90, count: 200 });

  test('that does not begin with a record seen sends the scan back, twice as far each time', () => {
    const once = advance(reading, unknown(90));
    const twice = advance(once, unknown(81));
    expect([once.from, twice.from]).toEqual([81, 63]);
    expect(twice).toMatchObject({ status: 'reading', pass: 1, pages: 11 });
  });

  test('that goes on after a way back does not shorten the next way back before the trouble is passed', () => {
    const back = advance(reading, unknown(90));
    const forward = advance(back, { start: 81, received: 10, firstKnown: true, seen: 90, count: 200 });
    expect(forward.from).toBe(90);
    expect(advance(forward, unknown(90)).from).toBe(72);
    const beyond = advance(forward, { start: 90, received: 10, firstKnown: true, seen: 99, count: 200 });
    expect(advance(beyond, unknown(99)).from).toBe(90);
  });

  test('that is empty because the list became shorter sends the scan back from the new end', () => {
    expect(advance(reading, { start: 90, received: 0, firstKnown: false, seen: 90, count: 50 }).from).toBe(41);
  });

  test('that brings nothing new and is not the end starts a new pass instead of being asked for again', () => {
    const facts = { start: 90, received: 1, firstKnown: true, seen: 91, count: 200 };
    expect(advance(reading, facts)).toMatchObject({ status: 'reading', pass: 2, from: 0, reason: 'stuck' });
    expect(advance(startScan(), { start: 0, received: 0, firstKnown: true, seen: 0, count: 5 })).toMatchObject({
      pass: 2,
      reason: 'stuck',
    });
  });

  test('that reaches the end with a sum that is wrong starts a new pass, and the last pass fails', () => {
    const facts = { start: 90, received: 10, firstKnown: true, seen: 99, count: 100 };
    expect(advance(reading, facts)).toMatchObject({ status: 'reading', pass: 2, from: 0, reason: 'sum', pages: 10 });
    expect(advance({ ...reading, pass: 4 }, facts)).toMatchObject({ status: 'failed', pass: 4, reason: 'sum' });
  });

  test('changes nothing once the scan has ended', () => {
    const ended: ScanState = { ...startScan(), status: 'complete' };
    expect(advance(ended, unknown(90))).toBe(ended);
  });

  test('needs room for the overlap', () => {
    expect(() => advanceScan(startScan(), unknown(0), { pageSize: 1, maxRestarts: 0 })).toThrow(RangeError);
  });
});

describe('a list that states no total', () => {
  const reading: ScanState = { ...startScan(), from: 90, pages: 9 };
  const atTheEnd = { start: 90, received: 4, firstKnown: true, seen: 94, count: null, ends: true } as const;
  const advance = (state: ScanState, facts: PageFacts) => advanceScan(state, facts, ordinary);

  test('is complete after one pass that lacks nothing, however many it has seen', () => {
    const list = new LiveList(94, false);
    for (let id = 0; id < 94; id += 1) list.known.add(id);
    expect(scanLive(list, [], ordinary)).toMatchObject({ status: 'complete', pass: 1, pages: 11 });
  });

  test('is read a second time where somebody is missing, and complete when that shows the same', () => {
    const list = new LiveList(94, false);
    list.known.add(1_000);
    expect(scanLive(list, [], ordinary)).toMatchObject({ status: 'complete', reason: null, pass: 2, pages: 22 });
  });

  test('is not complete where somebody is missing and no other pass has seen the same', () => {
    const differing = { ...atTheEnd, lacksNothing: false, repeats: false };
    expect(advance(reading, differing)).toMatchObject({ status: 'reading', pass: 2, from: 0, reason: 'unconfirmed' });
    // The first repetition is no trouble and takes nothing from `maxRestarts`.
    expect(advance({ ...reading, pass: 4 }, differing)).toMatchObject({ status: 'reading', pass: 5 });
    expect(advance({ ...reading, pass: 5 }, differing)).toMatchObject({ status: 'failed', reason: 'unconfirmed' });
  });

  test('goes on after a page that is not the last, and goes back where it moved', () => {
    const more = { ...atTheEnd, received: 10, ends: false };
    expect(advance(reading, more)).toMatchObject({ status: 'reading', pass: 1, from: 99 });
    expect(advance(reading, { ...more, firstKnown: false })).toMatchObject({ pass: 1, from: 81 });
    const shrunk = { start: 90, received: 0, firstKnown: false, seen: 90, count: null, ends: true };
    expect(advance(reading, shrunk)).toMatchObject({ pass: 1, from: 81 });
  });
});

test('a list that empties while it is read ends complete and empty', () => {
  const list = new LiveList(30);
  const deleteAll = Array.from({ length: 30 }, (): Edit => ({ kind: 'delete', at: 0 }));
  expect(scanLive(list, [[], deleteAll], ordinary)).toMatchObject({ status: 'complete' });
  expect(list.seen.size).toBe(0);
});

test('a deletion that hides a record, with a sum made right by an insertion, is not taken for complete', () => {
  // Without the overlap the reader would see 0 to 9 and 11 to 20, and count 20 of 20: record 10 would pass for removed.
  const list = new LiveList(20);
  const state = scanLive(
    list,
    [
      [
        { kind: 'delete', at: 0 },
        { kind: 'insert', at: 19 },
      ],
    ],
    ordinary,
  );
  expect(state.status).toBe('complete');
  expect(list.seen.has(10)).toBe(true);
});

test('a list that names one record twice never adds up', () => {
  const twice: PageFacts = { start: 0, received: 10, firstKnown: true, seen: 9, count: 10 };
  let state = startScan();
  while (state.status === 'reading') state = advanceScan(state, twice, ordinary);
  expect(state).toMatchObject({ status: 'failed', reason: 'sum', pages: 4 });
});

test('a server that answers every page in another order is given up, not read for ever', () => {
  const facts = (state: ScanState): PageFacts => ({
    start: state.from,
    received: 10,
    firstKnown: state.from === 0,
    seen: 10,
    count: 1_000,
  });
  let state = startScan();
  while (state.status === 'reading' && state.pages < 1_000) state = advanceScan(state, facts(state), ordinary);
  expect(state).toMatchObject({ status: 'failed', reason: 'moved', pages: 8 });
});

describe('whatever is inserted or deleted between pages', () => {
  const edit = fc.record({ kind: fc.constantFrom('insert' as const, 'delete' as const), at: fc.nat(200) });
  const run = fc
    .record({
      length: fc.nat(60),
      pageSize: fc.integer({ min: 2, max: 12 }),
      early: fc.nat(10),
      // Before each of the first pages; then the list is quiet.
      edits: fc.array(fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, fc.array(edit, { maxLength: 6 })), {
        maxLength: 40,
      }),
    })
    // A page must reach beyond the position asked for, or it could never lead on.
    .map((one) => ({ ...one, early: Math.min(one.early, one.pageSize - 2) }));

  test('a complete scan missed nobody who was there throughout its last pass', async () => {
    await checkProperty(
      fc.property(run, ({ length, edits, ...options }) => {
        const list = new LiveList(length);
        const state = scanLive(list, edits, { ...options, maxRestarts: 5 });
        if (state.status !== 'complete') return;
        const missed = [...list.throughout].filter((id) => !list.seen.has(id));
        if (missed.length > 0) throw new Error(`missed ${missed.join(', ')} after ${state.pages} pages`);
      }),
      { numRuns: 5_000 },
    );
  });

  test('a complete scan of a list without a total missed nobody, where somebody is looked for who is not there', async () => {
    await checkProperty(
      fc.property(run, ({ length, edits, ...options }) => {
        const list = new LiveList(length, false);
        list.known.add(-1);
        const state = scanLive(list, edits, { ...options, maxRestarts: 5 });
        if (state.status !== 'complete') return;
        const missed = [...list.throughout].filter((id) => !list.seen.has(id));
        if (missed.length > 0) throw new Error(`missed ${missed.join(', ')} after ${state.pages} pages`);
        if (state.pass < 2) throw new Error('one reading was taken for proof');
      }),
      { numRuns: 3_000 },
    );
  });

  test('once the list is quiet the scan is complete after at most one way back and two passes', async () => {
    await checkProperty(
      fc.property(run, ({ length, edits, ...options }) => {
        const list = new LiveList(length);
        const state = scanLive(list, edits, { ...options, maxRestarts: 1_000, maxPages: 1_000 });
        // Each page leads on by what it holds beyond the position asked for.
        const gain = options.pageSize - 1 - options.early;
        const onePass = 1 + Math.ceil(list.length / gain);
        const wayBack = 1 + Math.ceil(Math.log2(1 + list.length));
        const most = edits.length + wayBack + 2 * onePass;
        if (state.status !== 'complete' || state.pages > most) {
          throw new Error(`${state.status} after ${state.pages} pages, at most ${most} expected`);
        }
      }),
      { numRuns: 1_500 },
    );
  });
});
