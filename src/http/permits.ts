/** Requests that follow each other: what they may cost is known before the first of them is sent. */
import type { Permit } from '../store/budget.js';
import type { Ask, HttpClient } from './client.js';

/**
 * Reserves the permits of all, hands them out one after the other, and gives back those that were not used. Where the limit allows fewer at
 * once, `undefined` is handed out for the rest: `send` then takes one when its time comes.
 *
 * @throws as `HttpClient.reserve`: then nothing was sent
 */
export async function withPermits<Result>(
  http: Pick<HttpClient, 'reserve' | 'release'>,
  n: number,
  ask: Ask,
  work: (next: () => Permit | undefined) => Promise<Result>,
): Promise<Result> {
  const left = await http.reserve(n, ask);
  try {
    return await work(() => left.shift());
  } finally {
    http.release(left);
  }
}
