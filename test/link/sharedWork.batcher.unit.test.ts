import { describe, expect, test } from '@jest/globals';
import { createBatcher } from '../../src/link/sharedWork.js';

/** A flush that a test lets through, batch by batch. */
function gate<T>() {
  const batches: { items: readonly T[]; pass: () => void; fail: (error: Error) => void }[] = [];
  const waiting: (() => void)[] = [];
  const flush = (items: readonly T[]) =>
    new Promise<void>((pass, fail) => {
      batches.push({ items, pass, fail });
      waiting.splice(0).forEach((go) => go());
    });
  const batch = async (n: number) => {
    while (batches.length <= n) await new Promise<void>((go) => waiting.push(go));
    return batches[n]!;
  };
  return { flush, batch, batches };
}

describe('group commit', () => {
  test('takes together what comes together, in order, and gathers the next while one is on its way', async () => {
    const { flush, batch, batches } = gate<number>();
    const add = createBatcher(flush);
    const first = [add(1), add(2)];
    const one = await batch(0);
    const second = [add(3), add(4)];
    expect(batches).toHaveLength(1);
    one.pass();
    await Promise.all(first);
    (await batch(1)).pass();
    await Promise.all(second);
    expect(batches.map(({ items }) => items)).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  test('with a linger takes together what comes within it, and not only within one turn of the event loop', async () => {
    const { flush, batch } = gate<number>();
    const add = createBatcher(flush, 50);
    const first = add(1);
    for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    const second = add(2);
    const one = await batch(0);
    expect(one.items).toEqual([1, 2]);
    one.pass();
    await Promise.all([first, second]);
  });

  test('tells a failure to everyone of its batch, and to nobody of the next', async () => {
    const { flush, batch } = gate<number>();
    const add = createBatcher(flush);
    const failing = Promise.allSettled([add(1), add(2)]);
    const one = await batch(0);
    const passing = add(3);
    one.fail(new Error('refused'));
    expect(await failing).toMatchObject([{ reason: { message: 'refused' } }, { reason: { message: 'refused' } }]);
    (await batch(1)).pass();
    await expect(passing).resolves.toBeUndefined();
  });

  test('lets nobody wait for more than the batch before theirs, however many come after', async () => {
    let flushed = 0;
    const add = createBatcher<number>(() => Promise.resolve(void (flushed += 1)));
    const busy = { on: true };
    const crowd = (async () => {
      while (busy.on) await add(0);
    })();
    await add(0);
    const before = flushed;
    await add(1);
    expect(flushed - before).toBeLessThanOrEqual(2);
    busy.on = false;
    await crowd;
  });
});
