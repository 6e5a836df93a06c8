import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type ListReading, nextStart, readOn } from '../../../src/core/events/listReading.js';
import { checkProperty } from '../../helpers/property.js';

/** Reads a list to its end; before the page with that number the list becomes another one. */
function readAll(
  list: readonly string[],
  size: number,
  changes: readonly { readonly page: number; readonly to: readonly string[] }[] = [],
): { readonly reading: ListReading; readonly seen: ReadonlySet<string>; readonly pages: number } {
  const seen = new Set<string>();
  let now = list;
  let reading: ListReading | null = null;
  for (let page = 0; ; page += 1) {
    now = changes.findLast((one) => one.page <= page)?.to ?? now;
    const start = nextStart(reading);
    const ids = now.slice(start, start + size);
    for (const id of ids) seen.add(id);
    const result = readOn(reading, { start, count: now.length, ids }, 1_000 + page);
    ({ reading } = result);
    if (result.isOver) return { reading, seen, pages: page + 1 };
  }
}

const list = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 3 }), { maxLength: 30 });
const size = fc.integer({ min: 2, max: 8 });

describe('a list', () => {
  test('that stands still is read as a whole', () =>
    checkProperty(
      fc.property(list, size, (ids, pageSize) => {
        const { reading, seen } = readAll(ids, pageSize);
        expect(reading).toMatchObject({ isComplete: true, beganAtMs: 1_000, offset: ids.length });
        expect(seen).toEqual(new Set(ids));
      }),
      { numRuns: 200 },
    ));

  test('that moves is never called complete while a record of before and after was not seen, and its reading ends', () =>
    checkProperty(
      fc.property(list, size, fc.nat(4), fc.nat(30), list, (ids, pageSize, page, nth, more) => {
        // One is taken out, and as many are entered behind, so that the count tells nothing.
        const left = ids.filter((_, index) => index !== nth % Math.max(1, ids.length));
        const entered = more.filter((id) => !ids.includes(id)).slice(0, 1);
        const to = [...left, ...entered];
        const { reading, seen, pages } = readAll(ids, pageSize, [{ page, to }]);
        expect(pages).toBeLessThanOrEqual(ids.length + 2);
        if (reading.isComplete) for (const id of left) expect(seen).toContain(id);
      }),
      { numRuns: 500 },
    ));

  test('with a record whose id cannot be read is not complete', () => {
    const { reading } = readOn(null, { start: 0, count: 2, ids: ['a', null] }, 1);
    expect(reading.isComplete).toBe(false);
  });

  test('that ends before its stated count is over, and not complete', () => {
    const first = readOn(null, { start: 0, count: 5, ids: ['a', 'b'] }, 1);
    expect(first).toMatchObject({ isOver: false, reading: { isComplete: true } });
    const second = readOn(first.reading, { start: 1, count: 5, ids: ['b'] }, 2);
    expect(second).toMatchObject({ isOver: true, reading: { isComplete: false } });
  });
});
