import { describe, expect, test } from '@jest/globals';
import { Accounting, SlidingCount } from '../../src/sandbox/accounting.js';
import { Random } from '../../src/sandbox/random.js';

describe('the largest number in any sliding window', () => {
  test('is what counting every window by hand gives', () => {
    const random = new Random(3);
    const times: number[] = [];
    for (let at = 0, i = 0; i < 2_000; i += 1)
      times.push((at += random.chance(0.05) ? random.next() * 900 : random.next() * 5));
    const sliding = new SlidingCount(1_000);
    for (const at of times) sliding.add(at);
    const byHand = Math.max(...times.map((end) => times.filter((at) => at > end - 1_000 && at <= end).length));
    expect(sliding.max).toBe(byHand);
    expect(byHand).toBeGreaterThan(64);
  });

  test('leaves out what is exactly one window old', () => {
    const sliding = new SlidingCount(1_000);
    sliding.add(0);
    sliding.add(1_000);
    expect(sliding.max).toBe(1);
  });
});

describe('the books', () => {
  test('count writes by record and creations apart from updates', () => {
    const books = new Accounting({ secondWindowMs: 1_000, dayWindowMs: 86_400_000 });
    books.applied('created', '1');
    books.applied('updated', '1');
    books.applied('updated', '2');
    books.applied('removed', '2');
    expect(books.writes()).toEqual({ '1': 2, '2': 1 });
    expect(books.counts()).toMatchObject({ created: 1, updated: 2, removed: 1 });
    books.reset();
    expect(books.writes()).toEqual({});
    expect(books.counts()).toMatchObject({ created: 0, requests: 0, firstAtMs: null });
  });

  test('keep when each counted request arrived, until they start all over', () => {
    const books = new Accounting({ secondWindowMs: 1_000, dayWindowMs: 86_400_000 });
    books.countedAt(10);
    books.countedAt(12.5);
    const { firstAtMs, lastAtMs } = books.counts();
    expect(books.arrivals()).toEqual([firstAtMs, lastAtMs]);
    books.reset();
    expect(books.arrivals()).toEqual([]);
  });
});
