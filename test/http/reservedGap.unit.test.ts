import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { httpSchema } from '../../src/config/limits.js';
import { createHttpClient } from '../../src/http/client.js';
import type { HttpClient } from '../../src/http/client.js';
import { RoundTrips } from '../../src/http/roundTrips.js';
import type { Budget } from '../../src/store/budget.js';
import { LocalServer } from './localServer.js';
import { RecordingBudget } from './recordingBudget.js';

const ask = { lane: 'bulk', purpose: 'test' } as const;
const get = { method: 'GET', path: '/things/1' } as const;
const put = { method: 'PUT', path: '/things/1', body: {} } as const;

describe('the gap between reserved permits', () => {
  let server: LocalServer;
  let budget: RecordingBudget;
  let client: HttpClient;
  beforeEach(async () => {
    server = await LocalServer.start();
    budget = new RecordingBudget();
    client = createHttpClient({
      connection: 'club',
      system: 'yoplanning',
      baseUrl: server.url,
      headers: () => ({}),
      budget: budget as unknown as Budget,
      http: httpSchema.parse({}),
      maxRetryAfterMs: 90_000_000,
      secrets: [],
    });
  });
  afterEach(async () => {
    await server.stop();
    await client.close();
  });

  test('is none before anything is known', async () => {
    await client.reserve(2, ask);
    expect(budget.taken[0]).toMatchObject({ gapMs: 0 });
  });

  test('is as long as the fastest reserved read took lately, other requests apart', async () => {
    await client.send(get, ask);
    const [first, second] = await client.reserve(2, ask);
    const began = performance.now();
    server.answers((_, response) => void setTimeout(() => response.end('{}'), 30));
    await client.send(get, ask, first);
    const tookMs = performance.now() - began;
    server.answersWith(200, {});
    await client.send(put, ask, second);
    await client.reserve(2, ask);
    const { gapMs } = budget.taken.at(-1)!;
    expect(gapMs).toBeGreaterThanOrEqual(29);
    expect(gapMs).toBeLessThanOrEqual(tookMs);
  });

  test('is kept: nothing is sent on a permit before its time', async () => {
    const [permit] = await client.reserve(1, ask);
    const dueAt = performance.now() + 40;
    let arrivedAt = 0;
    server.answers((_, response) => {
      arrivedAt = performance.now();
      response.end('{}');
    });
    await client.send(put, ask, { ...permit!, grantedAt: dueAt });
    expect(arrivedAt).toBeGreaterThanOrEqual(dueAt);
  });

  test('ends with the signal, and the permit is given back unused', async () => {
    const controller = new AbortController();
    const [permit] = await client.reserve(1, ask);
    const sending = client.send(
      put,
      { ...ask, signal: controller.signal },
      { ...permit!, grantedAt: performance.now() + 60_000 },
    );
    controller.abort(new Error('enough'));
    await expect(sending).rejects.toThrow('enough');
    expect(budget.released).toEqual([permit!.id]);
    expect(server.received).toEqual([]);
  });
});

describe('the shortest of the latest round trips', () => {
  test('forgets what is long past', () => {
    const trips = new RoundTrips();
    expect(trips.shortestMs).toBe(0);
    trips.add(5);
    trips.add(50);
    expect(trips.shortestMs).toBe(5);
    for (let i = 0; i < 15; i += 1) trips.add(50 + i);
    expect(trips.shortestMs).toBe(50);
  });
});
