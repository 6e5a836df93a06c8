import { AsyncLocalStorage } from 'node:async_hooks';
import { getEventListeners } from 'node:events';
import type { Client } from '@temporalio/client';
import { expect, test } from '@jest/globals';
import { watching } from '../../src/cli/applyPlan.js';
import { collectedOutput } from '../helpers/collectedOutput.js';

/** As the SDK's: what it adds to a signal it never takes back. */
function clientOfMany() {
  const store = new AsyncLocalStorage<AbortSignal>();
  const signals = new Set<AbortSignal>();
  const client = {
    withAbortSignal: (signal: AbortSignal, send: () => Promise<unknown>) => store.run(signal, send),
  } as unknown as Client;
  const call = async (work: () => Promise<unknown>) => {
    const signal = store.getStore()!;
    signals.add(signal);
    signal.addEventListener('abort', () => undefined);
    return await work();
  };
  return { client, signals, call };
}

test('a sync that is followed for long warns of nothing, and leaves no question open when it ends', async () => {
  const { client, signals, call } = clientOfMany();
  const warned: Error[] = [];
  const onWarning = (warning: Error) => warned.push(warning);
  process.on('warning', onWarning);
  const handle = {
    result: () => call(() => new Promise((resolve) => setImmediate(resolve))),
    query: () => call(async () => await Promise.resolve({ plan: null })),
  } as unknown as Parameters<typeof watching>[1];
  await watching({ client, sql: {} as never }, handle, collectedOutput(), async ({ ask }) => {
    for (let nth = 0; nth < 40; nth++) await ask();
  });
  await new Promise((resolve) => setImmediate(resolve));
  process.off('warning', onWarning);
  expect(warned).toEqual([]);
  expect(Math.max(...[...signals].map((signal) => getEventListeners(signal, 'abort').length))).toBe(1);
  expect([...signals].at(-1)!.aborted).toBe(true);
});
