/** Each behaviour here is documented by the vendor, or is Django REST framework's where the vendor is silent. */
import { describe, expect, test } from '@jest/globals';
import { sandboxCredentials } from '../../src/sandbox/options.js';
import { clients, sandboxes, send } from './http.js';

const start = sandboxes();
const { yoplanningToken, yoplanningTeam, yoplanningForeignTeam } = sandboxCredentials;
const authorization = `Token ${yoplanningToken}`;
const newId = '0f8fad5b-d9cb-469f-a165-70867728950e';
const lea = { first_name: 'Léa', last_name: 'Invent', email: 'lea@courriel.example' };

describe('access', () => {
  test('without a token is refused with 401, its words and the scheme', async () => {
    const sandbox = await start();
    const url = `${sandbox.addresses.yoplanning}/api/v3.1/teams/`;
    const none = await send(url);
    expect([none.status, none.json]).toEqual([401, { detail: 'Authentication credentials were not provided.' }]);
    expect(none.headers['www-authenticate']).toBe('Token');
    const wrong = await send(url, { headers: { authorization: 'Token nonsense' } });
    expect([wrong.status, wrong.json]).toEqual([401, { detail: 'Invalid token.' }]);
    const bearer = await send(url, { headers: { authorization: `Bearer ${yoplanningToken}` } });
    expect(bearer.json).toEqual({ detail: 'Authentication credentials were not provided.' });
  });

  test("to somebody else's team is refused with 403", async () => {
    const sandbox = await start();
    const url = `${sandbox.addresses.yoplanning}/api/v3.1/teams/${yoplanningForeignTeam}/clients`;
    const reply = await send(url, { headers: { authorization } });
    expect([reply.status, reply.json]).toEqual([403, { detail: 'You do not have permission to perform this action.' }]);
  });

  test('of a token that may only read refuses writes with 403 and changes nothing', async () => {
    const sandbox = await start({ people: { yoplanning: 1 }, yoplanning: { mayWrite: false } });
    const [id] = await sandbox.control.ids('yoplanning');
    expect((await clients(sandbox, `/${id}`)).status).toBe(200);
    expect((await clients(sandbox, `/${id}`, { method: 'PUT', body: lea })).status).toBe(403);
    expect((await clients(sandbox, `/${id}`, { method: 'DELETE' })).status).toBe(403);
    expect(await sandbox.control.ids('yoplanning')).toEqual([id]);
  });

  test('shows the teams that the token may use', async () => {
    const sandbox = await start();
    const reply = await send(`${sandbox.addresses.yoplanning}/api/v3.1/teams/?limit=1`, { headers: { authorization } });
    expect(reply.json).toMatchObject({ count: 1, next: null, previous: null, results: [{ id: yoplanningTeam }] });
    const one = await send(`${sandbox.addresses.yoplanning}/api/v3.1/teams/${yoplanningTeam}/`, {
      headers: { authorization },
    });
    expect(one.json.id).toBe(yoplanningTeam);
  });
});

describe('a client', () => {
  test('is created by PUT to an id of our own, and updated by the next PUT', async () => {
    const sandbox = await start();
    const created = await clients(sandbox, `/${newId}`, {
      method: 'PUT',
      body: { ...lea, external_reference: '1042' },
    });
    expect(created.status).toBe(201);
    expect(created.json).toMatchObject({
      ...lea,
      id: newId,
      external_reference: '1042',
      phone_number: null,
      note: null,
    });
    expect(created.json.last_update).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/);
    const updated = await clients(sandbox, `/${newId.toUpperCase()}`, {
      method: 'PUT',
      body: { ...created.json, city: 'Brest' },
    });
    expect([updated.status, updated.json.city, updated.json.id]).toEqual([200, 'Brest', newId]);
    expect((await clients(sandbox, `/${newId}`)).json).toEqual(updated.json);
    expect(await sandbox.control.writes('yoplanning')).toEqual({ [newId]: 2 });
  });

  test('is not created by PUT where the account does not allow it', async () => {
    const sandbox = await start({ yoplanning: { putCreates: false } });
    const reply = await clients(sandbox, `/${newId}`, { method: 'PUT', body: lea });
    expect([reply.status, reply.json]).toEqual([404, { detail: 'Not found.' }]);
  });

  test('is created by POST under an id of the server, whatever id is sent, and twice when sent twice', async () => {
    const sandbox = await start();
    const first = await clients(sandbox, '', { method: 'POST', body: { ...lea, id: newId } });
    const second = await clients(sandbox, '', { method: 'POST', body: lea });
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(new Set([first.json.id, second.json.id, newId]).size).toBe(3);
  });

  test('survives GET, merge and PUT with every unmapped field as it was', async () => {
    const sandbox = await start({ people: { yoplanning: 60 } });
    const documents = (await clients(sandbox)).json.results;
    const rich = documents.find(({ custom }) => custom !== null)!;
    const reply = await clients(sandbox, `/${rich.id}`, { method: 'PUT', body: { ...rich, city: 'Vannes' } });
    expect(reply.json).toEqual({ ...rich, city: 'Vannes', last_update: reply.json.last_update, ...trimmed(rich) });
    expect(Date.parse(`${reply.json.last_update}Z`)).toBeGreaterThan(Date.parse(`${rich.last_update}Z`));
  });

  test('loses what a PUT leaves out, as the vendor warns', async () => {
    const sandbox = await start();
    await clients(sandbox, `/${newId}`, {
      method: 'PUT',
      body: { ...lea, note: 'allergie', external_reference: '7', custom: { a: 1 } },
    });
    const reply = await clients(sandbox, `/${newId}`, { method: 'PUT', body: lea });
    expect(reply.json).toMatchObject({ note: null, external_reference: null, custom: null });
  });

  test('is removed for good by DELETE', async () => {
    const sandbox = await start({ people: { yoplanning: 2 } });
    const [id] = await sandbox.control.ids('yoplanning');
    const gone = await clients(sandbox, `/${id}`, { method: 'DELETE' });
    expect([gone.status, gone.text]).toEqual([204, '']);
    const missing = await clients(sandbox, `/${id}`);
    expect([missing.status, missing.json]).toEqual([404, { detail: 'Not found.' }]);
    expect((await clients(sandbox)).json.count).toBe(1);
  });

  test.each([
    ['a missing name', { last_name: 'Invent' }, { first_name: ['This field is required.'] }],
    ['an empty name', { ...lea, last_name: '  ' }, { last_name: ['This field may not be blank.'] }],
    ['a null name', { ...lea, last_name: null }, { last_name: ['This field may not be null.'] }],
    ['a name that is no text', { ...lea, last_name: ['x'] }, { last_name: ['Not a valid string.'] }],
    ['a bad e-mail', { ...lea, email: 'lea@' }, { email: ['Enter a valid email address.'] }],
    [
      'a day that does not exist',
      { ...lea, birth_date: '2023-02-29' },
      { birth_date: ['Date has wrong format. Use one of these formats instead: YYYY-MM-DD.'] },
    ],
    [
      'an empty date',
      { ...lea, birth_date: '' },
      { birth_date: ['Date has wrong format. Use one of these formats instead: YYYY-MM-DD.'] },
    ],
    [
      'too long a text',
      { ...lea, phone_number: '0'.repeat(31) },
      { phone_number: ['Ensure this field has no more than 30 characters.'] },
    ],
    ['a country that is none, quoting it', { ...lea, country: 'XX' }, { country: ['"XX" is not a valid choice.'] }],
    ['a list', [1], { non_field_errors: ['Invalid data. Expected a dictionary, but got list.'] }],
  ])('with %s is refused with 400 and the field', async (_what, body, errors) => {
    const sandbox = await start();
    const reply = await clients(sandbox, '', { method: 'POST', body });
    expect([reply.status, reply.json]).toEqual([400, errors]);
    expect(await sandbox.control.ids('yoplanning')).toEqual([]);
  });

  test('under an id that is no UUID is refused with 400, quoting it, by PUT, and is not found by GET', async () => {
    const sandbox = await start();
    const reply = await clients(sandbox, '/Marie', { method: 'PUT', body: lea });
    expect([reply.status, reply.json]).toEqual([400, { id: ['"Marie" is not a valid UUID.'] }]);
    expect((await clients(sandbox, '/Marie')).status).toBe(404);
  });

  test('has blanks trimmed, numbers taken as text, and unknown fields ignored', async () => {
    const sandbox = await start();
    const body = { ...lea, first_name: ' Léa ', postal_code: 29200, shoe_size: 38 };
    const reply = await clients(sandbox, '', { method: 'POST', body });
    expect(reply.json).toMatchObject({ first_name: 'Léa', postal_code: '29200' });
    expect(reply.json).not.toHaveProperty('shoe_size');
  });

  test("sent as broken JSON, as another type or by another verb is refused in the framework's words", async () => {
    const sandbox = await start();
    const broken = await clients(sandbox, '', { method: 'POST', body: '{"first_name": ' });
    expect([broken.status, broken.json.detail]).toEqual([400, expect.stringMatching(/^JSON parse error - /)]);
    const text = await clients(sandbox, '', { method: 'POST', body: 'x', headers: { 'content-type': 'text/plain' } });
    expect([text.status, text.json]).toEqual([415, { detail: 'Unsupported media type "text/plain" in request.' }]);
    const patch = await clients(sandbox, `/${newId}`, { method: 'PATCH', body: lea });
    expect([patch.status, patch.json]).toEqual([405, { detail: 'Method "PATCH" not allowed.' }]);
    expect(patch.headers['allow']).toBe('GET, PUT, DELETE');
  });
});

describe('a list', () => {
  test('is cut into pages of at most 100, linked to each other', async () => {
    const sandbox = await start({ people: { yoplanning: 230 } });
    const ids = await sandbox.control.ids('yoplanning');
    const first = (await clients(sandbox, '?limit=5000')).json;
    expect([first.count, first.previous, first.results.length]).toEqual([230, null, 100]);
    const list = `${sandbox.addresses.yoplanning}/api/v3.1/teams/${yoplanningTeam}/clients`;
    expect(first.next).toBe(`${list}?limit=100&offset=100`);
    const second = (await send(first.next!, { headers: { authorization } })).json;
    expect(second.previous).toBe(`${list}?limit=100`);
    const third = (await send(second.next!, { headers: { authorization } })).json;
    expect([third.next, third.previous]).toEqual([null, `${list}?limit=100&offset=100`]);
    const seen = [first, second, third].flatMap(({ results }) => results.map(({ id }) => id));
    expect(seen).toEqual(ids);
  });

  test('keeps the other parameters in its links', async () => {
    const sandbox = await start({ people: { yoplanning: 60 } });
    const reply = await clients(sandbox, '?offset=20&limit=2&birth_date__gt=1900-01-01&expand=orders');
    expect(new URL(reply.json.next!).search).toBe('?birth_date__gt=1900-01-01&expand=orders&limit=2&offset=22');
    expect(new URL(reply.json.previous!).search).toBe('?birth_date__gt=1900-01-01&expand=orders&limit=2&offset=18');
  });

  test('ignores a limit and an offset that make no sense, and is empty behind its end', async () => {
    const sandbox = await start({ people: { yoplanning: 3 } });
    expect((await clients(sandbox, '?limit=0&offset=-5')).json.results).toHaveLength(3);
    expect((await clients(sandbox, '?limit=x&offset=y')).json.results).toHaveLength(3);
    expect((await clients(sandbox, '?offset=50')).json).toMatchObject({ count: 3, next: null, results: [] });
  });

  test('is filtered by first name and by birth date with lt, gt, lte and gte', async () => {
    const sandbox = await start();
    for (const [first_name, birth_date] of [
      ['Ada', '1990-01-01'],
      ['Bob', '1995-01-25'],
      ['Ada', '2000-02-29'],
      ['Cid', null],
    ]) {
      await clients(sandbox, '', { method: 'POST', body: { first_name, last_name: 'Invent', birth_date } });
    }
    const dates = async (query: string) =>
      (await clients(sandbox, query)).json.results.map(({ birth_date }) => birth_date);
    expect(await dates('?first_name=Ada')).toEqual(['1990-01-01', '2000-02-29']);
    expect(await dates('?birth_date=1995-01-25')).toEqual(['1995-01-25']);
    expect(await dates('?birth_date__gt=1995-01-25')).toEqual(['2000-02-29']);
    expect(await dates('?birth_date__gte=1995-01-25')).toEqual(['1995-01-25', '2000-02-29']);
    expect(await dates('?birth_date__lt=1995-01-25')).toEqual(['1990-01-01']);
    expect(await dates('?birth_date__lte=1995-01-25&first_name=Bob')).toEqual(['1995-01-25']);
    expect(await dates('?ordering=-birth_date')).toEqual([null, '2000-02-29', '1995-01-25', '1990-01-01']);
  });

  test('ignores filters that nobody documented, and refuses a filter that is no date', async () => {
    const sandbox = await start({ people: { yoplanning: 4 } });
    const unknown = await clients(
      sandbox,
      '?email=nobody@courriel.example&external_reference=1&birh_date__gt=1995-01-25',
    );
    expect(unknown.json.count).toBe(4);
    const wrong = await clients(sandbox, '?birth_date__gt=soon');
    expect([wrong.status, wrong.json]).toEqual([400, { birth_date__gt: ['Enter a valid date.'] }]);
  });

  test('is filtered by last_update in UTC, with the plus sign as a blank', async () => {
    const sandbox = await start({ people: { yoplanning: 10 } });
    const [id] = await sandbox.control.ids('yoplanning');
    await sandbox.control.edit('yoplanning', id!, { city: 'Brest' });
    const recent = await clients(sandbox, '?last_update__gt=2025-06-23+10:53:00');
    expect(recent.json.results.map(({ id }) => id)).toEqual([id]);
    expect((await clients(sandbox, '?last_update__lt=2025-06-23+10:53:00')).json.count).toBe(9);
    expect((await clients(sandbox, '?ordering=-last_update&limit=1')).json.results[0]?.id).toBe(id);
  });

  test('leaves out the fields that the account does not list', async () => {
    const sandbox = await start({
      people: { shared: 1, referencedShare: 1 },
      yoplanning: { listOmits: ['external_reference'] },
    });
    const [listed] = (await clients(sandbox)).json.results;
    expect(listed).not.toHaveProperty('external_reference');
    expect((await clients(sandbox, `/${listed!.id}`)).json.external_reference).toBe('1001');
  });
});

describe('the form of a path', () => {
  test('that is not canonical is redirected, costs nothing, and a write that follows is lost', async () => {
    const sandbox = await start({ yoplanning: { slashes: { clients: 'with' } } });
    const reply = await clients(sandbox, '?x=1', { method: 'POST', body: lea });
    expect([reply.status, reply.headers['location']]).toEqual([301, `/api/v3.1/teams/${yoplanningTeam}/clients/?x=1`]);
    expect(await sandbox.control.ids('yoplanning')).toEqual([]);
    expect((await sandbox.control.counts()).yoplanning).toMatchObject({
      requests: 1,
      counted: 0,
      byStatus: { 301: 1 },
    });
    expect((await clients(sandbox, '/', { method: 'POST', body: lea })).status).toBe(201);
  });

  test("is the vendor's own by default: teams with a slash, clients without", async () => {
    const sandbox = await start();
    const teams = await send(`${sandbox.addresses.yoplanning}/api/v3.1/teams`, { headers: { authorization } });
    expect([teams.status, teams.headers['location']]).toEqual([301, '/api/v3.1/teams/']);
    expect((await clients(sandbox, '/')).status).toBe(301);
  });

  test('that nobody knows is answered with a page, not with JSON', async () => {
    const sandbox = await start();
    const reply = await send(`${sandbox.addresses.yoplanning}/api/v3.1/nothing`, { headers: { authorization } });
    expect([reply.status, reply.headers['content-type']]).toEqual([404, expect.stringContaining('text/html')]);
  });
});

describe('the limits', () => {
  test('refuse with 429, the words and Retry-After, and are counted', async () => {
    const sandbox = await start({ yoplanning: { limits: { requestsPerDay: 2 } } });
    await clients(sandbox);
    await clients(sandbox);
    const reply = await clients(sandbox);
    expect(reply.status).toBe(429);
    const [, seconds] = /^Request was throttled\. Expected available in (\d+) seconds\.$/.exec(reply.json.detail) ?? [];
    expect(Number(seconds)).toBeGreaterThan(86_300);
    expect(reply.headers['retry-after']).toBe(seconds);
    expect((await sandbox.control.counts()).yoplanning).toMatchObject({ refusals: 1, throttled: 1, maxInDayWindow: 3 });
  });

  test('count 400, 404 and 405, but neither 401, 403 nor redirects', async () => {
    const sandbox = await start({ yoplanning: { limits: { requestsPerDay: 3 }, mayWrite: true } });
    await clients(sandbox, '', { headers: { authorization: 'Token nonsense' } });
    await clients(sandbox, '/');
    const foreign = `${sandbox.addresses.yoplanning}/api/v3.1/teams/${yoplanningForeignTeam}/clients`;
    expect((await send(foreign, { headers: { authorization } })).status).toBe(403);
    expect((await clients(sandbox, '', { method: 'POST', body: {} })).status).toBe(400);
    expect((await clients(sandbox, `/${newId}`)).status).toBe(404);
    expect((await clients(sandbox, '', { method: 'PATCH', body: {} })).status).toBe(405);
    expect((await clients(sandbox)).status).toBe(429);
    expect((await sandbox.control.counts()).yoplanning).toMatchObject({ requests: 7, counted: 4 });
  });

  test('are the documented five a second and thousand a day unless set', async () => {
    const sandbox = await start({ yoplanning: { limits: undefined } });
    const replies = await Promise.all(Array.from({ length: 8 }, () => clients(sandbox)));
    expect(replies.filter(({ status }) => status === 429)).toHaveLength(3);
    expect(replies.find(({ status }) => status === 429)?.json.detail).toBe(
      'Request was throttled. Expected available in 1 second.',
    );
    expect((await sandbox.control.counts()).yoplanning).toMatchObject({ maxInSecondWindow: 8, refusals: 3 });
  });
});

/** The framework trims what it stores; generated people carry blanks at the end. */
function trimmed(document: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(document).flatMap(([name, value]) =>
      typeof value === 'string' && name !== 'city' && name !== 'last_update' ? [[name, value.trim()]] : [],
    ),
  );
}
