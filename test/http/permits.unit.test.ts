import { describe, expect, test } from '@jest/globals';
import type { Permit } from '../../src/store/budget.js';
import { withPermits } from '../../src/http/permits.js';

const ask = { lane: 'live', purpose: 'test' } as const;

/** Gives so many at once, and notes what comes back. */
function granting(most: number) {
  const given = Array.from({ length: most }, (_, nth) => ({ id: nth })) as unknown as Permit[];
  const released: unknown[] = [];
  return {
    given,
    released,
    http: {
      reserve: (n: number) => Promise.resolve(given.slice(0, n)),
      release: (permits: readonly Permit[]) => void released.push(...permits),
    },
  };
}

describe('permits of requests that follow each other', () => {
  test('are handed out in order, and those that were not used are given back', async () => {
    const { http, given, released } = granting(3);
    const used = await withPermits(http, 3, ask, (next) => Promise.resolve([next(), next()]));
    expect(used).toEqual(given.slice(0, 2));
    expect(released).toEqual([given[2]]);
  });

  test('are given back where the first request fails', async () => {
    const { http, given, released } = granting(2);
    const failing = withPermits(http, 2, ask, (next) => {
      next();
      return Promise.reject(new RangeError('refused'));
    });
    await expect(failing).rejects.toThrow(RangeError);
    expect(released).toEqual([given[1]]);
  });

  test('are fewer where the limit allows fewer at once', async () => {
    const { http, given } = granting(1);
    expect(await withPermits(http, 2, ask, (next) => Promise.resolve([next(), next()]))).toEqual([given[0], undefined]);
  });

  test('are none where they are not to be had, and nothing is begun', async () => {
    const { http } = granting(0);
    let begun = false;
    const refused = withPermits({ ...http, reserve: () => Promise.reject(new RangeError('spent')) }, 2, ask, () => {
      begun = true;
      return Promise.resolve();
    });
    await expect(refused).rejects.toThrow(RangeError);
    expect(begun).toBe(false);
  });
});
