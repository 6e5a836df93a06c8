import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { choosePage } from '../../../src/systems/yapla/dataApi.js';
import { checkProperty } from '../../helpers/property.js';

const largestSize = fc.integer({ min: 20, max: 1_000 });
const position = fc.integer({ min: 0, max: 1_000_000 });

describe('the page chosen for a position', () => {
  test('holds the position and the one after it, is one that a page number can name, and is never too large', () =>
    checkProperty(
      fc.property(position, largestSize, (from, largest) => {
        const { number, size, start } = choosePage(from, largest);
        expect(start).toBe(number * size);
        expect(start).toBeLessThanOrEqual(from);
        expect(start + size).toBeGreaterThan(from + 1);
        expect(size).toBeLessThanOrEqual(largest);
      }),
      { numRuns: 500 },
    ));

  test('reaches further than any other page that holds the position', () =>
    checkProperty(
      fc.property(position, fc.integer({ min: 2, max: 60 }), (from, largest) => {
        const chosen = choosePage(from, largest);
        const ends = Array.from({ length: largest }, (_, at) => (Math.floor(from / (at + 1)) + 1) * (at + 1));
        expect(Math.max(...ends)).toBe(chosen.start + chosen.size);
      }),
      { numRuns: 200 },
    ));

  test('begins at the last record of the page before, with one record less', () => {
    expect(choosePage(0, 100)).toEqual({ number: 0, size: 100, start: 0 });
    expect(choosePage(99, 100)).toEqual({ number: 1, size: 99, start: 99 });
  });
});

test.each([
  { total: 1_000, largest: 100, share: 1.1 },
  { total: 10_000, largest: 100, share: 1.15 },
  { total: 10_000, largest: 50, share: 1.25 },
  { total: 5_000, largest: 20, share: 1.4 },
])(
  'a scan of $total records with pages of $largest and one record of overlap needs at most $share of the pages without',
  (scan) => {
    const { total, largest, share } = scan;
    let end = 0;
    let pages = 0;
    while (end < total) {
      const page = choosePage(Math.max(0, end - 1), largest);
      expect(page.start + page.size).toBeGreaterThan(end);
      end = page.start + page.size;
      pages += 1;
    }
    expect(pages).toBeLessThanOrEqual((total / largest) * share);
  },
);
