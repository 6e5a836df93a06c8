/** The addresses of the feeds: who finds them, and what a reader who has one already is told. */
import { afterEach, describe, expect, test } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import type { CatalogueRow } from '../../src/core/events/feed.js';
import type { CatalogueDocument } from '../../src/feeds/document.js';
import type { FeedSources } from '../../src/receiver/feeds.js';
import { isReceiverNeeded } from '../../src/receiver/receiver.js';
import { rowOf } from '../feeds/feedRows.js';
import { testConfig, testServer } from './testServer.js';

const secret = 'feed-secret-of-nobody-0123456789';
const base = `/feeds/club/${secret}/catalogue`;
const files = ['ics', 'json', 'xlsx'] as const;

let app: FastifyInstance | undefined;
afterEach(async () => await app?.close());

/** A receiver whose connection has feeds, with a clock that stands still until it is moved, and a mirror of these sessions. */
async function house(more: { feeds?: Partial<FeedSources>; receiver?: object; maxAgeMs?: number } = {}) {
  const state = {
    nowMs: Date.parse('2027-05-30T19:00:00Z'),
    rows: [rowOf()] as CatalogueRow[],
    reads: 0,
    lastOverAt: null,
  };
  const feeds = { secret, ...(more.maxAgeMs === undefined ? {} : { maxAgeMs: more.maxAgeMs }) };
  const server = await testServer({
    connection: {
      yapla: { read: { key: { value: 'key' } }, events: {} },
      events: { catalogue: { feeds } },
    },
    ...(more.receiver === undefined ? {} : { receiver: more.receiver }),
    feeds: {
      now: () => state.nowMs,
      read: async () => {
        state.reads += 1;
        return { sessions: state.rows, lastOverAt: state.lastOverAt };
      },
      ...more.feeds,
    },
  });
  ({ app } = server);
  const get = (url: string, headers: Record<string, string> = {}, method: 'GET' | 'HEAD' = 'GET') =>
    server.app.inject({ method, url, headers });
  return { state, get, logged: server.logged, metrics: server.metrics };
}

describe('a feed', () => {
  test('is served in each form, with what a page and a cache need to know', async () => {
    const { get } = await house();
    const types = {
      ics: 'text/calendar; charset=utf-8; method=PUBLISH',
      json: 'application/json; charset=utf-8',
      xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
    };
    for (const file of files) {
      const { statusCode, headers, rawPayload } = await get(`${base}.${file}`);
      expect({ file, statusCode, type: headers['content-type'] }).toEqual({ file, statusCode: 200, type: types[file] });
      expect(headers).toMatchObject({
        'cache-control': 'public, max-age=300',
        'last-modified': 'Sun, 30 May 2027 18:15:00 GMT',
        'access-control-allow-origin': '*',
        'x-content-type-options': 'nosniff',
        'x-robots-tag': 'noindex, nofollow',
        'content-disposition': expect.stringContaining(`filename="catalogue.${file}"`),
        'content-length': String(rawPayload.length),
      });
    }
    const { sessions } = (await get(`${base}.json`)).json<CatalogueDocument>();
    expect(sessions).toMatchObject([{ placesLeft: 3, knownAt: rowOf().knownAt }]);
  });

  test('answers HEAD as it answers GET, without the feed', async () => {
    const { get } = await house();
    const [whole, head] = [await get(`${base}.ics`), await get(`${base}.ics`, {}, 'HEAD')];
    expect([head.statusCode, head.body]).toEqual([200, '']);
    for (const name of ['etag', 'last-modified', 'content-length', 'content-type'])
      expect([name, head.headers[name]]).toEqual([name, whole.headers[name]]);
  });

  test('has another validator for other bytes, and the same for the same, in another process, too', async () => {
    const tags = async () => {
      const { get, state } = await house();
      const before = await Promise.all(files.map(async (file) => (await get(`${base}.${file}`)).headers['etag']));
      state.rows = [rowOf({ placesLeft: 2 })];
      state.nowMs += 1_000;
      const after = await Promise.all(files.map(async (file) => (await get(`${base}.${file}`)).headers['etag']));
      await app?.close();
      return [...before, ...after];
    };
    const [once, again] = [await tags(), await tags()];
    expect(new Set(once).size).toBe(6);
    expect(again).toEqual(once);
  });

  test('is not sent to a reader who has it, by its validator or by its time, and is sent again once it is another', async () => {
    const { get, state, metrics } = await house();
    const first = await get(`${base}.ics`);
    const { etag, 'last-modified': modified } = first.headers as Record<string, string>;
    const since = { 'if-modified-since': modified! };
    for (const headers of [{ 'if-none-match': etag! }, { 'if-none-match': `"x", W/${etag}` }, since]) {
      const { statusCode, body, headers: told } = await get(`${base}.ics`, headers);
      expect({ statusCode, body, etag: told['etag'] }).toEqual({ statusCode: 304, body: '', etag });
      expect(told['cache-control']).toBe('public, max-age=300');
    }
    state.rows = [rowOf({ knownAt: '2027-05-30T19:00:00.500Z' })];
    state.nowMs += 1_000;
    expect((await get(`${base}.ics`, { 'if-none-match': etag! })).statusCode).toBe(200);
    expect((await get(`${base}.ics`, since)).statusCode).toBe(200);
    // The validator counts before the time.
    expect((await get(`${base}.ics`, { ...since, 'if-none-match': '"another"' })).statusCode).toBe(200);
    const text = await metrics.text();
    expect(text).toContain('passerelle_feeds_served_total{connection="club",format="ics",answer="new"} 4');
    expect(text).toContain('passerelle_feeds_served_total{connection="club",format="ics",answer="unchanged"} 3');
  });

  test('may be kept for as long as the configuration says', async () => {
    const { get } = await house({ maxAgeMs: 0 });
    expect((await get(`${base}.json`)).headers['cache-control']).toBe('public, max-age=0');
  });

  test('of a mirror that has read nothing yet is empty, and has no time', async () => {
    const { get, state } = await house();
    state.rows = [];
    const answer = await get(`${base}.json`);
    expect(answer.json()).toMatchObject({ sessions: [], knownSince: null });
    expect(answer.headers['last-modified']).toBeUndefined();
  });
});

describe('an address', () => {
  test('that is wrong in whatever part is answered as one that never was, to the byte', async () => {
    const { get, state, logged } = await house();
    const answers = [];
    for (const url of [
      '/feeds/club/wrong-secret-of-nobody-0123456789/catalogue.ics',
      `/feeds/stranger/${secret}/catalogue.ics`,
      // A connection that has no feeds.
      `/feeds/silent/${secret}/catalogue.ics`,
      `${base}.html`,
      `/feeds/__proto__/${secret}/catalogue.ics`,
      `/feeds/club/${'x'.repeat(900)}/catalogue.ics`,
      `/feeds/club/${secret}`,
      '/nowhere',
    ]) {
      const { statusCode, body, headers } = await get(url);
      answers.push({ statusCode, body, headers: { ...headers, date: null } });
    }
    expect(answers[0]).toMatchObject({ statusCode: 404, body: expect.stringContaining('"notFound"') });
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(state.reads).toBe(0);
    expect(logged.join('')).not.toMatch(/of-nobody|stranger|catalogue/);
  });

  test.each(['POST', 'PUT', 'DELETE', 'PATCH'] as const)('takes no %s', async (method) => {
    await house();
    const { statusCode } = await app!.inject({ method, url: `${base}.ics` });
    expect(statusCode).toBe(404);
  });

  test('has its secret in no line of the log, whatever happens there', async () => {
    const { get, logged } = await house({ feeds: { read: () => Promise.reject(new Error(secret)) } });
    expect((await get(`${base}.ics`)).statusCode).toBe(503);
    await get(`${base}.html`);
    expect(logged.length).toBeGreaterThan(0);
    expect(logged.join('')).not.toContain(secret);
  });

  test('is refused to one who asks too often, before its secret is looked at', async () => {
    const { get } = await house({ receiver: { maxRequestsPerSecond: 1 } });
    // All at once: however slow the machine is, they do not spread over twenty seconds.
    const answers = await Promise.all(Array.from({ length: 20 }, () => get('/feeds/club/wrong-secret/catalogue.json')));
    const refused = answers.filter(({ statusCode }) => statusCode === 429);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]!.json()).toMatchObject({ error: 'busy' });
  });
});

test('a receiver is needed where a catalogue has feeds, also where no webhooks are taken', () => {
  const of = (feeds: object | undefined) =>
    testConfig({
      connection: {
        webhooks: {},
        yapla: { read: { key: { value: 'key' } }, events: {} },
        events: { catalogue: feeds === undefined ? {} : { feeds: { secret } } },
      },
    }).connections;
  expect([isReceiverNeeded(of({})), isReceiverNeeded(of(undefined))]).toEqual([true, false]);
});

describe('the mirror', () => {
  test('is read once for all who ask within a second, and again after it', async () => {
    const { get, state } = await house();
    await Promise.all(files.map((file) => get(`${base}.${file}`)));
    expect(state.reads).toBe(1);
    state.nowMs += 999;
    await get(`${base}.ics`);
    expect(state.reads).toBe(1);
    state.nowMs += 1;
    await get(`${base}.ics`);
    expect(state.reads).toBe(2);
  });

  test('that cannot be read is said to be away for a while, and is asked again by the next', async () => {
    let isAway = true;
    const { get } = await house({
      feeds: {
        read: () =>
          isAway ? Promise.reject(new Error('away')) : Promise.resolve({ sessions: [rowOf()], lastOverAt: null }),
      },
      receiver: { retryMs: 2_500 },
    });
    const away = await get(`${base}.ics`);
    expect(away).toMatchObject({ statusCode: 503, headers: { 'retry-after': '3' } });
    expect(away.json()).toMatchObject({ error: 'unread' });
    isAway = false;
    expect((await get(`${base}.ics`)).statusCode).toBe(200);
  });
});
