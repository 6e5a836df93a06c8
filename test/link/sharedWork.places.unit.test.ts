import { describe, expect, test } from '@jest/globals';
import { createPlaces } from '../../src/link/sharedWork.js';

/** What has been given so far, once all that can happen without anybody else has happened. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('places for items under way', () => {
  test('are never more than their number, and one that is given back goes to who waits', async () => {
    const chunk = createPlaces(2).join();
    const given: number[] = [];
    for (const n of [1, 2, 3, 4]) void chunk.take().then(() => given.push(n));
    await settled();
    expect(given).toEqual([1, 2]);
    chunk.free();
    await settled();
    expect(given).toEqual([1, 2, 3]);
  });

  test('go to the chunk that joined first, whoever waits longer', async () => {
    const places = createPlaces(1);
    const [older, younger] = [places.join(), places.join()];
    await younger.take();
    const given: string[] = [];
    for (const [name, chunk] of Object.entries({ younger, older })) void chunk.take().then(() => given.push(name));
    younger.free();
    await settled();
    expect(given).toEqual(['older']);
    older.free();
    await settled();
    expect(given).toEqual(['older', 'younger']);
  });

  test('are all for one chunk while the others need none', async () => {
    const places = createPlaces(3);
    const alone = places.join();
    const done = places.join();
    await done.take();
    done.free();
    await Promise.all([alone.take(), alone.take(), alone.take()]);
    let fourth = false;
    void alone.take().then(() => (fourth = true));
    await settled();
    expect(fourth).toBe(false);
  });
});
