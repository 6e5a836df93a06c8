/** What webhooks may cost within an hour, without a database. */
import { describe, expect, test } from '@jest/globals';
import { createCeilings, hourMs, type CeilingSettings } from '../../src/receiver/ceilings.js';
import type { NewInboxEvent } from '../../src/store/inbox.js';
import type { WebhookUse } from '../../src/store/webhookUse.js';
import { memberEvent, testServer } from './testServer.js';

const wide: CeilingSettings = { maxReadsPerHour: 1_000, maxStrangersPerHour: 1_000, maxInboxBytes: 1_000_000 };
const event = (externalId: string, more: Partial<NewInboxEvent> = {}): NewInboxEvent => ({
  connectionId: 'club',
  kind: 'person',
  system: 'yapla',
  event: 'updated',
  externalId,
  body: '{"n":1}',
  ...more,
});

/** @param known ids that are linked; left out: everybody is */
function ceilingsWith(known?: readonly string[]) {
  let nowMs = 1_000_000;
  let stored: WebhookUse = { reads: 0, strangers: 0, bytes: 0, freeInMs: null };
  let looks = 0;
  const ceilings = createCeilings({
    use: () => {
      looks += 1;
      return Promise.resolve(stored);
    },
    isKnown: ({ externalId }) => Promise.resolve(known === undefined || known.includes(externalId!)),
    gatherMs: () => 1_000,
    now: () => nowMs,
  });
  return {
    exceeds: async (one: NewInboxEvent, settings: Partial<CeilingSettings>) =>
      (await ceilings.exceededBy(one, { ...wide, ...settings }))?.ceiling ?? null,
    retryAfterMs: async (one: NewInboxEvent, settings: Partial<CeilingSettings>) =>
      (await ceilings.exceededBy(one, { ...wide, ...settings }))?.retryAfterMs,
    pass: (ms: number) => void (nowMs += ms),
    store: (use: Partial<WebhookUse>) => void (stored = { ...stored, ...use }),
    looks: () => looks,
  };
}

test('a member and a registration of one number are two looks and two strangers', async () => {
  const { exceeds } = ceilingsWith([]);
  expect(await exceeds(event('1'), { maxReadsPerHour: 1 })).toBeNull();
  expect(await exceeds(event('1'), { maxReadsPerHour: 1 })).toBeNull();
  expect(await exceeds(event('1', { kind: 'registration' }), { maxReadsPerHour: 1 })).toBe('maxReadsPerHour');
  const strangers = ceilingsWith([]);
  expect(await strangers.exceeds(event('1'), { maxStrangersPerHour: 1 })).toBeNull();
  expect(await strangers.exceeds(event('1', { kind: 'registration' }), { maxStrangersPerHour: 1 })).toBe(
    'maxStrangersPerHour',
  );
});

describe('a ceiling on looks', () => {
  test('refuses what is above it, and events that gather with one that was taken cost none', async () => {
    const { exceeds, pass, store } = ceilingsWith();
    const settings = { maxReadsPerHour: 2 };
    expect(await exceeds(event('1'), settings)).toBeNull();
    expect(await exceeds(event('1'), settings)).toBeNull();
    pass(1_000);
    expect(await exceeds(event('1'), settings)).toBeNull();
    store({ reads: 2 });
    expect(await exceeds(event('2'), settings)).toBe('maxReadsPerHour');
    expect(await exceeds(event('3', { event: 'other' }), settings)).toBeNull();
  });

  test('counts what other receivers took, and makes room as soon as the hour is over', async () => {
    const { exceeds, retryAfterMs, pass, store } = ceilingsWith();
    const settings = { maxReadsPerHour: 10 };
    store({ reads: 10, freeInMs: 120_000 });
    expect(await exceeds(event('1'), settings)).toBe('maxReadsPerHour');
    expect(await retryAfterMs(event('1'), settings)).toBe(120_000);
    store({ reads: 9 });
    pass(1_000);
    expect(await exceeds(event('1'), settings)).toBeNull();
  });

  test('costs one question to the database in some seconds, whatever comes', async () => {
    const { exceeds, pass, looks } = ceilingsWith();
    for (let n = 0; n < 500; n++) await exceeds(event(`${n}`), {});
    expect(looks()).toBe(1);
    pass(5_000);
    await exceeds(event('1'), {});
    expect(looks()).toBe(2);
  });
});

test('a ceiling on strangers refuses nobody who is known, however many of them come', async () => {
  const known = Array.from({ length: 20 }, (_, n) => `known-${n}`);
  const { exceeds } = ceilingsWith(known);
  const settings = { maxStrangersPerHour: 4 };
  const strangers = ['a', 'b', 'c', 'd', 'e', 'f'];
  const taken = [];
  for (const id of strangers) if ((await exceeds(event(id), settings)) === null) taken.push(id);
  expect(taken).toEqual(['a', 'b', 'c', 'd']);
  for (const id of known) expect(await exceeds(event(id), settings)).toBeNull();
  expect(await exceeds(event('g'), settings)).toBe('maxStrangersPerHour');
});

test('a ceiling on bytes counts what is kept and what comes, of events that nobody acts on too', async () => {
  const { exceeds, retryAfterMs, store } = ceilingsWith();
  store({ bytes: 90 });
  const body = `"${'x'.repeat(8)}"`;
  expect(await exceeds(event('1', { body, event: 'other' }), { maxInboxBytes: 100 })).toBeNull();
  expect(await exceeds(event('2', { body, event: 'other' }), { maxInboxBytes: 100 })).toBe('maxInboxBytes');
  expect(await retryAfterMs(event('2', { body }), { maxInboxBytes: 100 })).toBe(hourMs);
});

test('a database that is away refuses nothing here: whoever stores says so', async () => {
  const ceilings = createCeilings({
    use: () => Promise.reject(new Error('away')),
    isKnown: () => Promise.reject(new Error('away')),
    gatherMs: () => 0,
  });
  expect(await ceilings.exceededBy(event('1'), wide)).toBeNull();
});

test('a delivery above a ceiling is answered 429 with the time, is not stored, and is counted and logged without what it says', async () => {
  const exceeded = { ceiling: 'maxReadsPerHour', retryAfterMs: 90_500 } as const;
  const { toYapla, stored, logged, metrics, app } = await testServer({
    ceilings: { exceededBy: () => Promise.resolve(exceeded) },
  });
  const answer = await toYapla(memberEvent);
  await app.close();
  expect(answer).toMatchObject({ status: 429, body: { error: 'ceiling' } });
  expect(answer.headers['retry-after']).toBe('91');
  expect(stored).toEqual([]);
  const page = await metrics.text();
  expect(page).toContain('passerelle_webhooks_above_ceiling_total{connection="club",ceiling="maxReadsPerHour"} 1');
  expect(page).toContain('passerelle_webhooks_refused_total{reason="ceiling"} 1');
  expect(logged.join('')).toContain('"ceiling":"maxReadsPerHour"');
  expect(logged.join('')).not.toContain('1042');
});
