import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  type CatalogueProgress,
  type CatalogueSettings,
  dayMs,
  nextReading,
  oldestMs,
  type ProductProgress,
  requestsOfTurn,
  turnMs,
} from '../../../src/core/events/catalogue.js';
import { checkProperty } from '../../helpers/property.js';

const hourMs = 3_600_000;
const settings: CatalogueSettings = {
  requestsPerDay: 100,
  everyMs: 900_000,
  changesEveryMs: 2 * hourMs,
  wholeEveryMs: dayMs,
};
const now = Date.UTC(2027, 5, 1);

const product = (id: string, more: Partial<ProductProgress> = {}): ProductProgress => ({
  id,
  readAtMs: now - dayMs,
  offset: 0,
  nextStartMs: now + 90 * dayMs,
  waiting: 0,
  hasChanged: false,
  ...more,
});
const fresh = { wholeAtMs: now, begunAtMs: now, underWay: null, showsChanges: true } as const;
const progress = (products: readonly ProductProgress[], more: Partial<CatalogueProgress> = {}): CatalogueProgress => ({
  list: fresh,
  products,
  turns: 0,
  ...more,
});
const next = (of: CatalogueProgress) => nextReading(of, settings, now);
const read = (productId: string, offset = 0) => ({ read: 'sessions', productId, offset });

describe('what is read next', () => {
  test('is the whole list, where nobody has read it', () => {
    const list = { ...fresh, wholeAtMs: null, begunAtMs: null };
    expect(next(progress([], { list }))).toEqual({ read: 'products', whole: true, offset: 0 });
  });

  test('is the list of what changed after a while, and the whole one after a longer while', () => {
    const before = (ms: number) => ({ ...fresh, begunAtMs: now - 3 * hourMs, wholeAtMs: now - ms });
    expect(next(progress([], { list: before(3 * hourMs) }))).toMatchObject({ whole: false });
    expect(next(progress([], { list: before(dayMs) }))).toMatchObject({ whole: true });
  });

  test('is no list of what changed where the server does not show it', () => {
    const list = { ...fresh, begunAtMs: now - 3 * hourMs, showsChanges: false };
    expect(next(progress([product('a')], { list }))).toEqual(read('a'));
  });

  test('is the next page of what is under way before anything else', () => {
    const list = { ...fresh, wholeAtMs: null, underWay: { whole: true, offset: 100 } };
    const started = product('b', { offset: 50 });
    expect(next(progress([started], { list }))).toEqual({ read: 'products', whole: true, offset: 100 });
    expect(next(progress([product('a', { readAtMs: null }), started]))).toEqual(read('b', 50));
  });

  test('is in one turn the product that was read longest ago, and in the next one that begins soon', () => {
    const products = [product('a', { readAtMs: now - 2 * dayMs }), product('b', { nextStartMs: now + dayMs })];
    expect(next(progress(products, { turns: 0 }))).toEqual(read('a'));
    expect(next(progress(products, { turns: 1 }))).toEqual(read('b'));
  });

  test('is rather a product that somebody waits for, or that has changed', () => {
    for (const more of [{ waiting: 1 }, { hasChanged: true }])
      expect(next(progress([product('a'), product('b', more)], { turns: 1 }))).toEqual(read('b'));
  });

  test('is nothing that was read in the same turn', () => {
    expect(next(progress([product('a', { readAtMs: now })]))).toBeNull();
  });

  test('is nothing where there is nothing', () => {
    expect(next(progress([]))).toBeNull();
  });
});

test('a catalogue that nobody has read yet may take half of the day at once, and a known one its share', () => {
  const unread = progress([product('a', { readAtMs: null })]);
  expect(requestsOfTurn(unread, settings, 10)).toBe(40);
  expect(requestsOfTurn(unread, settings, 70)).toBe(1);
  expect(requestsOfTurn(progress([product('a')]), settings, 10)).toBe(1);
  expect(requestsOfTurn(unread, settings, 100)).toBe(0);
});

// --- the same over weeks, with a catalogue that answers at once ---

interface World {
  readonly settings: CatalogueSettings;
  readonly listPages: number;
  readonly sessionPages: readonly number[];
  /** By product: whether somebody always waits for it. */
  readonly waited: readonly boolean[];
}

interface Seen {
  /** When each request was sent. */
  readonly sent: readonly number[];
  /** Oldest reading of any product, at each turn; infinite until all are read. */
  readonly ages: readonly { readonly atMs: number; readonly ageMs: number }[];
}

function simulate({ settings: rules, listPages, sessionPages, waited }: World, days: number): Seen {
  const sent: number[] = [];
  const ages: { atMs: number; ageMs: number }[] = [];
  let list: CatalogueProgress['list'] = { wholeAtMs: null, begunAtMs: null, underWay: null, showsChanges: true };
  let products: ProductProgress[] = [];
  let turns = 0;
  const known = sessionPages.map((_, nth) =>
    product(`p${nth}`, { readAtMs: null, waiting: waited[nth] === true ? 1 : 0 }),
  );
  for (let at = 0; at < days * dayMs; at += turnMs(rules)) {
    const inDay = sent.filter((one) => one > at - dayMs).length;
    for (let left = requestsOfTurn({ list, products }, rules, inDay); left > 0; left -= 1) {
      const reading = nextReading({ list, products, turns }, rules, at);
      if (reading === null) break;
      sent.push(at);
      if (reading.read === 'products') {
        const begunAtMs = reading.offset === 0 ? at : list.begunAtMs;
        const isOver = !reading.whole || reading.offset + 1 === listPages;
        const underWay = isOver ? null : { whole: true, offset: reading.offset + 1 };
        list = { ...list, begunAtMs, underWay, wholeAtMs: isOver && reading.whole ? at : list.wholeAtMs };
        if (products.length === 0 && isOver) products = known;
        continue;
      }
      const nth = products.findIndex(({ id }) => id === reading.productId);
      const isOver = reading.offset + 1 === sessionPages[nth];
      const change = isOver ? { offset: 0, readAtMs: at } : { offset: reading.offset + 1 };
      products = products.map((one, index) => (index === nth ? { ...one, ...change } : one));
      if (isOver) turns += 1;
    }
    const ageMs = Math.max(
      products.length === 0 ? Infinity : 0,
      ...products.map(({ readAtMs }) => (readAtMs === null ? Infinity : at - readAtMs)),
    );
    ages.push({ atMs: at, ageMs });
  }
  return { sent, ages };
}

const worlds = fc
  .record({
    settings: fc.record({
      requestsPerDay: fc.integer({ min: 30, max: 200 }),
      everyMs: fc.constantFrom(300_000, 900_000, hourMs, 5 * hourMs),
      changesEveryMs: fc.constantFrom(2 * hourMs, 6 * hourMs),
      wholeEveryMs: fc.constantFrom(dayMs, 3 * dayMs),
    }),
    listPages: fc.integer({ min: 1, max: 4 }),
    products: fc.array(fc.record({ pages: fc.integer({ min: 1, max: 3 }), waited: fc.boolean() }), {
      minLength: 1,
      maxLength: 40,
    }),
  })
  .map(({ products, ...rest }): World => ({
    ...rest,
    sessionPages: products.map(({ pages }) => pages),
    waited: products.map(({ waited }) => waited),
  }));

test('no 24 hours have more requests than the day allows', () =>
  checkProperty(
    fc.property(worlds, (world) => {
      const { sent } = simulate(world, 6);
      sent.forEach((first, nth) => {
        const beyond = sent[nth + world.settings.requestsPerDay];
        expect(beyond === undefined || beyond - first >= dayMs).toBe(true);
      });
    }),
    { numRuns: 60 },
  ));

test('no reading gets older than the bound that is told, whoever waits for what', () =>
  checkProperty(
    fc.property(worlds, (world) => {
      const bound = oldestMs(world, world.settings);
      expect(bound).toBeLessThan(Infinity);
      const { ages } = simulate(world, 20);
      const allRead = ages.find(({ ageMs }) => ageMs < Infinity);
      expect(allRead).toBeDefined();
      for (const { atMs, ageMs } of ages) if (atMs >= allRead!.atMs + dayMs) expect(ageMs).toBeLessThanOrEqual(bound);
    }),
    { numRuns: 60 },
  ));

test('the bound of 300 products and 5,000 sessions at 100 requests a day is about a week', () => {
  const bound = oldestMs({ listPages: 3, sessionPages: Array.from({ length: 300 }, () => 1) }, settings);
  expect(bound / dayMs).toBeGreaterThan(7);
  expect(bound / dayMs).toBeLessThan(8);
});

test('no bound is told where lists take all requests', () => {
  expect(oldestMs({ listPages: 1, sessionPages: [1] }, { ...settings, requestsPerDay: 10 })).toBe(Infinity);
});
