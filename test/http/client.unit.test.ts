import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { httpSchema } from '../../src/config/limits.js';
import { createHttpClient, inFlightTimeoutMs } from '../../src/http/client.js';
import type { HttpClient, HttpClientOptions, HttpRequest } from '../../src/http/client.js';
import { isFailure } from '../../src/http/failures.js';
import type { AnyFailure } from '../../src/http/failures.js';
import { PermitPostponed, PermitsStopped } from '../../src/store/budget.js';
import type { Budget } from '../../src/store/budget.js';
import { LocalServer } from './localServer.js';
import { RecordingBudget } from './recordingBudget.js';

const secret = 'se-cr-et';
const ask = { lane: 'bulk', purpose: 'test', record: 'yapla:1042' } as const;
const get = { access: 'read', method: 'GET', path: '/things/1', kind: '/things/{id}' } as const;
const put = { access: 'update', method: 'PUT', path: '/things/1', body: { name: 'Zoé' } } as const;

let server: LocalServer;
let budget: RecordingBudget;
let client: HttpClient;
const clients: HttpClient[] = [];

function clientWith(changed: Partial<HttpClientOptions>, http: object = {}): HttpClient {
  const made = createHttpClient({
    connection: 'club',
    system: 'yoplanning',
    baseUrl: `${server.url}/api`,
    headers: () => ({ authorization: `Token ${secret}` }),
    budget: budget as unknown as Budget,
    http: httpSchema.parse(http),
    maxRetryAfterMs: 90_000_000,
    secrets: [secret],
    ...changed,
  });
  clients.push(made);
  return made;
}

beforeEach(async () => {
  server = await LocalServer.start();
  budget = new RecordingBudget();
  client = clientWith({});
});
afterEach(async () => {
  await server.stop();
  await Promise.all(clients.splice(0).map((each) => each.close()));
});

async function failureOf(request: HttpRequest, through = client): Promise<AnyFailure> {
  const error: unknown = await through.send(request, ask).then(
    () => new Error('expected a failure, got an answer'),
    (reason: unknown) => reason,
  );
  if (!isFailure(error)) throw error;
  return error;
}

describe('a request', () => {
  test('is sent once, exactly as given, with a permit taken before and reported after', async () => {
    server.answersWith(200, { id: '1', name: 'ZOÉ' });
    const answer = await client.send(
      {
        ...put,
        query: { since: '2019-05-23 10:53:00', none: undefined, n: 5 },
        headers: { 'x-trace': 'a' },
        kind: '/things/{id}',
      },
      ask,
    );
    expect(server.received).toHaveLength(1);
    const [received] = server.received;
    expect(received).toMatchObject({ method: 'PUT', url: '/api/things/1?since=2019-05-23+10%3A53%3A00&n=5' });
    expect(received!.body).toBe('{"name":"Zoé"}');
    expect(received!.headers).toMatchObject({
      authorization: `Token ${secret}`,
      'content-type': 'application/json',
      'content-length': '15',
      'x-trace': 'a',
    });
    expect(answer).toMatchObject({ status: 200, body: { id: '1', name: 'ZOÉ' }, requestId: '1' });
    expect(answer.headers['content-type']).toBe('application/json');
    expect(answer.answeredAtMs).toBeGreaterThanOrEqual(answer.sentAtMs);
    expect(Math.abs(answer.sentAtMs - Date.now())).toBeLessThan(10_000);
    expect(budget.taken).toEqual([{ ...ask, writes: true }]);
    expect(budget.answers).toEqual([{ id: 1, status: 200, access: 'update', method: 'PUT', kind: '/things/{id}' }]);
  });

  test('reuses the connections of those before', async () => {
    for (let i = 0; i < 10; i += 1) await client.send(get, ask);
    expect(server.received).toHaveLength(10);
    // undici rests a connection for one turn of the event loop, so two take turns.
    expect(server.sockets.size).toBeLessThanOrEqual(2);
  });

  test('without a body has no content type', async () => {
    await client.send(get, ask);
    expect(server.received[0]!.headers['content-type']).toBeUndefined();
    expect(server.received[0]!.body).toBe('');
  });

  test('asks for its credentials each time, before it takes a permit', async () => {
    let session = 0;
    const renewing = clientWith({
      headers: async () => {
        await Promise.resolve();
        expect(budget.taken).toHaveLength(session);
        return { token: `s${(session += 1)}` };
      },
    });
    await renewing.send(get, ask);
    await renewing.send(get, ask);
    expect(server.received.map(({ headers }) => headers['token'])).toEqual(['s1', 's2']);
  });

  test('that cannot get its credentials is not sent, and gives a reserved permit back', async () => {
    const locked = clientWith({ headers: () => Promise.reject(new Error('no session')) });
    const [permit] = await locked.reserve(1, ask);
    await expect(locked.send(get, ask, permit)).rejects.toThrow('no session');
    expect(budget.released).toEqual([1]);
    expect(server.received).toHaveLength(0);
  });

  test('is not sent without a permit', async () => {
    const retryAtMs = Date.UTC(2030, 0, 1);
    budget.refusal = new PermitPostponed(retryAtMs, 'day');
    expect(await failureOf(get)).toMatchObject({ type: 'BudgetExhausted', effect: 'none', retryAtMs, reason: 'day' });
    budget.refusal = new PermitsStopped('401 on GET /things');
    expect(await failureOf(put)).toMatchObject({
      type: 'ConnectionStopped',
      effect: 'none',
      reason: '401 on GET /things',
    });
    budget.refusal = new PermitsStopped('403 on PUT /things/1', 'writes');
    expect(await failureOf(put)).toMatchObject({
      type: 'WritesStopped',
      effect: 'none',
      reason: '403 on PUT /things/1',
    });
    expect(server.received).toHaveLength(0);
  });

  test('ends with the signal, and counts for as long as it may still arrive', async () => {
    const abort = new AbortController();
    server.answers(() => abort.abort(new Error('cancelled')));
    await expect(client.send(get, { ...ask, signal: abort.signal })).rejects.toThrow('cancelled');
    expect(budget.answers).toMatchObject([{ status: null, mayStillArrive: true }]);
  });

  test('whose signal fired before it was sent gives its permit back', async () => {
    const abort = new AbortController();
    const [permit] = await client.reserve(1, ask);
    abort.abort(new Error('cancelled'));
    await expect(client.send(get, { ...ask, signal: abort.signal }, permit)).rejects.toThrow('cancelled');
    expect(server.received).toHaveLength(0);
    expect(budget.released).toEqual([1]);
  });
});

describe('reserved permits', () => {
  test('are used by the requests they are given to', async () => {
    const [first, second] = await client.reserve(2, ask);
    expect((await client.send(get, ask, first)).requestId).toBe('1');
    client.release([second!]);
    expect(budget.taken).toHaveLength(2);
    expect(budget.answers).toMatchObject([{ id: 1 }]);
    expect(budget.released).toEqual([2]);
  });

  test('are asked for as what they are for: requests that only read, or that end in a write', async () => {
    await client.reserve(1, ask);
    await client.reserve(2, { ...ask, writes: true });
    await client.send(get, ask);
    await client.send(put, ask);
    expect(budget.taken.map(({ writes }) => writes === true)).toEqual([false, true, true, false, true]);
  });

  test('are as many as can be had at once, and the rest is taken when its time comes', async () => {
    budget.largest = 1;
    const [first, second] = await client.reserve(2, ask);
    await client.send(get, ask, first);
    await client.send(put, ask, second);
    expect(budget.answers).toMatchObject([{ id: 1 }, { id: 2 }]);
  });

  test('held until their time is up are exchanged for a new one', async () => {
    budget.validMs = 0;
    const [stale] = await client.reserve(1, ask);
    budget.validMs = 60_000;
    expect((await client.send(get, ask, stale)).requestId).toBe('2');
    expect(budget.released).toEqual([1]);
  });

  test('bound the time of the request that uses them', async () => {
    budget.validMs = 100;
    server.answers(() => undefined);
    expect(await failureOf(get)).toMatchObject({ type: 'NoAnswer', code: 'DEADLINE' });
  });
});

describe('the table of failures', () => {
  test('200 to 299 are answers, and no content is null', async () => {
    server.answers((_, response) => response.writeHead(204).end());
    expect(await client.send(put, ask)).toMatchObject({ status: 204, body: null });
  });

  test('400, 409 and 422 on a write refuse the record, naming fields and never values', async () => {
    for (const status of [400, 409, 422]) {
      server.answersWith(status, { email: ['zoe@example.org is taken.'], detail: 'no' });
      const failure = await failureOf(put);
      expect(failure).toMatchObject({ type: 'InvalidRecord', effect: 'none', status, fields: ['email'] });
      expect(failure.message).toContain('yapla:1042');
      expect(`${failure.stack}${JSON.stringify(failure)}`).not.toContain('zoe@example.org');
      expect(failure.type === 'InvalidRecord' && failure.words).toContain('zoe@example.org is taken.');
      expect(Object.keys(failure)).not.toContain('words');
    }
  });

  test('400 on a read and any other 4xx refuse the request', async () => {
    server.answersWith(400, { detail: 'bad filter for zoe@example.org' });
    expect(await failureOf(get)).toMatchObject({ type: 'RequestRefused', effect: 'none', status: 400 });
    for (const status of [405, 410, 413]) {
      server.answersWith(status, {});
      expect(await failureOf(put)).toMatchObject({ type: 'RequestRefused', status });
    }
  });

  test('5xx, a cut connection and a server that cannot be reached are told to the breaker, with their record; it says until when to wait', async () => {
    budget.openUntil = 1_234;
    server.answersWith(503, '<html>');
    expect(await failureOf(get)).toMatchObject({ type: 'ServerFailed', retryAtMs: 1_234 });
    server.answers(() => undefined);
    expect(await failureOf(get, clientWith({}, { headersTimeoutMs: 20 }))).toMatchObject({
      type: 'NoAnswer',
      retryAtMs: 1_234,
    });
    budget.openUntil = null;
    const nobody = await failureOf(get, clientWith({ baseUrl: 'http://127.0.0.1:9' }));
    expect(nobody).toMatchObject({ type: 'NoAnswer', code: 'ECONNREFUSED' });
    expect(nobody).not.toHaveProperty('retryAtMs');
    expect(budget.failures).toEqual(Array(3).fill('yapla:1042'));
  });

  test('what the server answers, whatever it is, and a request that we cancel are no failures of the server', async () => {
    for (const status of [200, 404, 429]) {
      server.answersWith(status, {});
      await client.send(get, ask).catch(() => undefined);
    }
    server.answersWith(400, {});
    await failureOf(put);
    const abort = new AbortController();
    server.answers(() => abort.abort(new Error('cancelled')));
    await expect(client.send(get, { ...ask, signal: abort.signal })).rejects.toThrow('cancelled');
    expect(budget.failures).toEqual([]);
  });

  test('403 stops writes alone where it was one, and everything where it was a read', async () => {
    server.answersWith(403, {});
    await failureOf(put);
    expect([budget.stops, budget.writeStops]).toEqual([[], ['403 on PUT /things/1']]);
    await failureOf(get);
    expect([budget.stops, budget.writeStops]).toEqual([['403 on GET /things/1'], ['403 on PUT /things/1']]);
  });

  test('403 about a resource besides people stops nothing of the credential, read or written, and says so; 401 does', async () => {
    server.answersWith(403, {});
    const ofResource = (one: HttpRequest) => ({ ...one, forbids: 'resource' as const });
    for (const one of [get, put]) {
      const failure = await failureOf(ofResource(one));
      expect(failure).toMatchObject({ type: 'AccessRefused', stopped: null });
      expect(failure.message).toContain('people are synchronised meanwhile, then run `passerelle resume`');
    }
    expect([budget.stops, budget.writeStops]).toEqual([[], []]);
    server.answersWith(401, {});
    expect(await failureOf(ofResource(get))).toMatchObject({ type: 'AccessRefused', stopped: 'all' });
    expect(budget.stops).toEqual(['401 on GET /things/1']);
  });

  test('401 and 403 stop what was refused, each with what to do', async () => {
    server.answersWith(401, { detail: 'Invalid token.' });
    const unknown = await failureOf(get);
    server.answersWith(403, { detail: 'You do not have permission to perform this action.' });
    const forbidden = await failureOf(put);
    expect(unknown).toMatchObject({ type: 'AccessRefused', effect: 'none', status: 401 });
    expect(forbidden).toMatchObject({ type: 'AccessRefused', effect: 'none', status: 403 });
    expect(unknown.message).toMatch(/token.*passerelle resume/);
    expect(forbidden.message).toMatch(/right.*passerelle resume/);
    expect([budget.stops, budget.writeStops]).toEqual([['401 on GET /things/1'], ['403 on PUT /things/1']]);
  });

  test('401 is an answer where a session is renewed first; 403 never is', async () => {
    const renewable = { ...get, onUnauthorised: 'answer' } as const;
    server.answersWith(401, '<html>', { 'content-type': 'text/html' });
    expect(await client.send(renewable, ask)).toMatchObject({ status: 401, body: null });
    expect(budget.stops).toEqual([]);
    server.answersWith(403, {});
    expect(await failureOf(renewable)).toMatchObject({ type: 'AccessRefused', status: 403 });
  });

  test('404 is an answer on a read and a missing record on a write', async () => {
    server.answersWith(404, 'not found', { 'content-type': 'text/plain' });
    expect(await client.send(get, ask)).toMatchObject({ status: 404, body: null });
    expect(await failureOf(put)).toMatchObject({ type: 'RecordMissing', effect: 'none' });
  });

  test('429 closes the budget for the time the server names, and the retry comes later by a bounded jitter', async () => {
    server.answersWith(
      429,
      { detail: 'Request was throttled. Expected available in 40 seconds.' },
      { 'retry-after': '20' },
    );
    const waits: number[] = [];
    for (let i = 0; i < 30; i += 1) {
      const failure = await failureOf(put);
      if (failure.type !== 'Throttled') throw failure;
      expect(failure.effect).toBe('none');
      waits.push(failure.retryAfterMs);
    }
    expect(new Set(budget.closures)).toEqual(new Set([20_000]));
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(20_000);
    expect(Math.max(...waits)).toBeLessThanOrEqual(22_000);
    expect(new Set(waits).size).toBeGreaterThan(1);
  });

  test('a 429 that names another century closes the budget for the longest time configured, and no longer', async () => {
    const patient = clientWith({ maxRetryAfterMs: 60_000 });
    for (const headers of [
      { 'retry-after': '9999999999' },
      { 'retry-after': 'Fri, 31 Dec 2319 23:59:59 GMT' },
      { 'retry-after': '9'.repeat(400) },
    ]) {
      server.answersWith(429, { detail: 'Expected available in 99999999999 seconds.' }, headers);
      const failure = await failureOf(put, patient);
      if (failure.type !== 'Throttled') throw failure;
      expect(failure.retryAfterMs).toBeLessThanOrEqual(66_000);
    }
    expect(budget.closures).toEqual([60_000, 60_000, 60_000]);
  });

  test('5xx is a failure of the server that may have taken effect, unless it was a read', async () => {
    for (const status of [500, 502, 503, 504]) {
      server.answersWith(status, 'stack trace with zoe@example.org');
      const failure = await failureOf(put);
      expect(failure).toMatchObject({ type: 'ServerFailed', effect: 'unknown', status });
      expect(failure.message).not.toContain('zoe');
      expect(await failureOf(get)).toMatchObject({ type: 'ServerFailed', effect: 'none', status });
    }
  });

  test.each([
    ['/api/things/zoe@example.org/?token=x', 'another path of the same server'],
    ['things/zoe@example.org', 'another path of the same server'],
    ['https://zoe:x@elsewhere.example:8443/zoe@example.org?q=zoe#zoe', 'https://elsewhere.example:8443'],
    ['//elsewhere.example/zoe', 'another server'],
    ['/api/things/1/?q=zoe', 'the same path with a slash at the end'],
    ['https://zoe.example/api/things/1/', 'the same path with a slash at the end'],
    ['data:text/plain,zoe@example.org', null],
    ['http://[zoe', null],
  ])('a redirect is never followed, and of %s only the origin is told', async (location, told) => {
    server.answersWith(301, '', { location });
    for (const request of [get, put]) {
      const failure = await failureOf(request);
      expect(failure).toMatchObject({ type: 'RequestRefused', effect: 'none', status: 301 });
      if (told === null) expect(failure.message).toContain('was not sent on.');
      else expect(failure.message).toContain(`was not sent on: to ${told}.`);
      expect(failure.message + JSON.stringify(failure)).not.toContain('zoe');
    }
    expect(server.received).toHaveLength(2);
  });

  test('an answer that is not JSON is unexpected, and is not quoted', async () => {
    for (const body of ['<h1>Zoé</h1>', '{"name": "Zoé"']) {
      server.answersWith(200, body, { 'content-type': 'text/html; charset=utf-8' });
      const failure = await failureOf(put);
      expect(failure).toMatchObject({ type: 'UnexpectedResponse', effect: 'unknown' });
      expect(failure.message).toContain('text/html');
      expect(failure.message).not.toContain('Zoé');
      expect(await failureOf(get)).toMatchObject({ type: 'UnexpectedResponse', effect: 'none' });
    }
  });

  test('an answer that holds numbers which JavaScript would change is sent back as it came', async () => {
    const text = '{"id":12345678901234567890,"factor":1e400}';
    server.answersWith(200, text);
    const { body } = await client.send(get, ask);
    await client.send({ ...put, body }, ask);
    expect(server.received.at(-1)!.body).toBe(text);
  });

  test('a write whose answer or refusal is nested beyond all measure is a failure like others', async () => {
    const nested = '{"data":'.repeat(9_000) + '["no"]' + '}'.repeat(9_000);
    server.answersWith(200, nested);
    expect(await failureOf(put)).toMatchObject({ type: 'UnexpectedResponse', effect: 'unknown' });
    server.answersWith(400, nested);
    expect(await failureOf(put)).toMatchObject({ type: 'InvalidRecord', fields: [] });
  });

  test('an answer that is too large is unexpected, stated length or not', async () => {
    const small = clientWith({}, { maxResponseBytes: 1_000 });
    server.answersWith(200, `"${'x'.repeat(2_000)}"`, { 'content-length': '2002' });
    expect(await failureOf(get, small)).toMatchObject({ type: 'UnexpectedResponse', effect: 'none' });
    server.answersWith(200, `"${'x'.repeat(2_000)}"`, { 'transfer-encoding': 'chunked' });
    const failure = await failureOf(put, small);
    expect(failure).toMatchObject({ type: 'UnexpectedResponse', effect: 'unknown' });
    expect(failure.message).toContain('maxResponseBytes');
  });

  test('a time-out before the answer is no answer, and the request counts for longer', async () => {
    const hasty = clientWith({}, { headersTimeoutMs: 80 });
    server.answers(() => undefined);
    // Both wait at once: the library measures its time-outs by a coarse clock.
    const [written, read] = await Promise.all([failureOf(put, hasty), failureOf(get, hasty)]);
    expect(written).toMatchObject({ type: 'NoAnswer', effect: 'unknown' });
    expect(read).toMatchObject({ type: 'NoAnswer', effect: 'none' });
    expect(budget.answers).toMatchObject([
      { status: null, mayStillArrive: true },
      { status: null, mayStillArrive: true },
    ]);
  });

  test('a time-out within the answer is no answer, though its status is on record', async () => {
    const hasty = clientWith({}, { bodyTimeoutMs: 80 });
    server.answers((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '10' });
      response.write('{');
    });
    expect(await failureOf(put, hasty)).toMatchObject({ type: 'NoAnswer', effect: 'unknown' });
    expect(budget.answers).toMatchObject([{ status: 200 }]);
    expect(budget.answers[0]!.mayStillArrive).toBeUndefined();
  });

  test('a reset connection is no answer', async () => {
    server.answers((_, response) => response.socket!.resetAndDestroy());
    expect(await failureOf(put)).toMatchObject({ type: 'NoAnswer', effect: 'unknown' });
    expect(await failureOf(get)).toMatchObject({ type: 'NoAnswer', effect: 'none' });
    expect(server.received).toHaveLength(2);
  });

  test('a server that cannot be reached has certainly not acted, and costs no permit', async () => {
    const closed = await new Promise<number>((resolve) => {
      const probe = createServer().listen(0, '127.0.0.1', () => {
        const { port } = probe.address() as AddressInfo;
        probe.close(() => resolve(port));
      });
    });
    const nowhere = clientWith({ baseUrl: `http://127.0.0.1:${closed}` });
    expect(await failureOf(put, nowhere)).toMatchObject({ type: 'NoAnswer', effect: 'none', code: 'ECONNREFUSED' });
    const unnamed = clientWith({ baseUrl: 'http://passerelle.invalid' });
    expect(await failureOf(put, unnamed)).toMatchObject({ type: 'NoAnswer', effect: 'none' });
    expect(budget.answers).toEqual([]);
    expect(budget.released).toEqual([1, 2]);
  });

  test('a failure tells where, for which record and what to do, and can be stored as JSON', async () => {
    server.answersWith(500, '');
    const failure = await failureOf({ ...put, query: { email: 'zoe@example.org' } });
    expect(failure.name).toBe('ServerFailed');
    expect(failure.message).toMatch(/^club\/yoplanning, record yapla:1042: PUT \/things\/1: .+\. .+\.$/);
    expect(JSON.parse(JSON.stringify(failure))).toEqual({
      type: 'ServerFailed',
      effect: 'unknown',
      status: 500,
      context: {
        connection: 'club',
        system: 'yoplanning',
        access: 'update',
        method: 'PUT',
        path: '/things/1',
        record: 'yapla:1042',
      },
    });
  });

  test('whether a request reads is said by who sends it: a query of GraphQL is a POST, and its lost answer changed nothing', async () => {
    const query = { method: 'POST', access: 'read', path: '/graphql', body: { query: '{ member { id } }' } } as const;
    const mutation = { ...query, access: 'update' } as const;
    for (const [request, effect] of [
      [query, 'none'],
      [mutation, 'unknown'],
    ] as const) {
      server.answersWith(502, '');
      expect(await failureOf(request)).toMatchObject({ type: 'ServerFailed', effect });
      server.answersWith(200, '{"data": {"mem');
      expect(await failureOf(request)).toMatchObject({ type: 'UnexpectedResponse', effect });
      server.answers((_, response) => response.destroy());
      expect(await failureOf(request)).toMatchObject({ type: 'NoAnswer', effect });
    }
    server.answersWith(404, '');
    expect((await client.send(query, ask)).status).toBe(404);
    expect(await failureOf(mutation)).toMatchObject({ type: 'RecordMissing' });
    server.answersWith(400, {});
    expect(await failureOf(query)).toMatchObject({ type: 'RequestRefused' });
    expect(await failureOf(mutation)).toMatchObject({ type: 'InvalidRecord' });
  });

  test('a secret within a path does not reach an error', async () => {
    server.answersWith(403, {});
    const failure = await failureOf({ method: 'GET', access: 'read', path: `/keys/${secret}/things` });
    expect(failure.message + JSON.stringify(failure) + budget.stops.join()).not.toContain(secret);
  });
});

test('a request can be under way as long as its time limits together', () => {
  const http = httpSchema.parse({ connectTimeoutMs: 1, headersTimeoutMs: 20, bodyTimeoutMs: 300 });
  expect(inFlightTimeoutMs(http)).toBe(321);
});
