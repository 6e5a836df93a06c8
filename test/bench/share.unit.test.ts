import { describe, expect, test } from '@jest/globals';
import { shareUsed } from '../../bench/share.js';

/** Arrivals of a client that sends each window's requests at once, and the next as soon as the first answer is a window old. */
function perfect(limit: number, periodMs: number, requests: number): number[] {
  return Array.from({ length: requests }, (_, index) => Math.floor(index / limit) * periodMs);
}

const options = { limit: 5, windowMs: 1_000, roundTripMs: 50, tail: 0 };

describe('the share used', () => {
  test('is all of it for a client that wastes nothing', () => {
    const { used, possible, requests } = shareUsed(perfect(5, 1_050, 51), options);
    expect(used / possible).toBeCloseTo(1, 10);
    expect(requests).toBe(50);
  });

  test('is all of it, too, when the requests come evenly', () => {
    const even = Array.from({ length: 101 }, (_, index) => index * 210);
    const { used, possible } = shareUsed(even, options);
    expect(used / possible).toBeCloseTo(1, 10);
  });

  test('falls by what every window wastes', () => {
    const { used, possible } = shareUsed(perfect(5, 1_200, 101), options);
    expect(used / possible).toBeCloseTo(1_050 / 1_200, 10);
  });

  test('is that of the slots used, where one in five is not', () => {
    const { used, possible } = shareUsed(perfect(4, 1_050, 101), options);
    expect(used / possible).toBeCloseTo(0.8, 2);
  });

  test('leaves out the end, where there was less work than could be sent', () => {
    const arrivals = [...perfect(5, 1_050, 51), 90_000, 190_000];
    expect(shareUsed(arrivals, options).used).toBeCloseTo(50 / 10.5, 10);
    expect(shareUsed(arrivals, { ...options, tail: 20 }).requests).toBe(30);
  });

  test('cannot be told from less than a window', () => {
    expect(() => shareUsed(perfect(5, 1_050, 5), options)).toThrow(RangeError);
    expect(() => shareUsed(perfect(5, 1_050, 25), { ...options, tail: 20 })).toThrow(RangeError);
  });
});
