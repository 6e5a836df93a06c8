/** What is public about Yapla, and the three shapes that stand for what is not. */
import { describe, expect, test } from '@jest/globals';
import { sandboxCredentials } from '../../src/sandbox/options.js';
import type { Sandbox } from '../../src/sandbox/sandbox.js';
import { flatData, openSession, sandboxes, send, type Sending } from './http.js';

const start = sandboxes();
const { yaplaKey } = sandboxCredentials;

const rest = async (sandbox: Sandbox, path: string, sending: Sending = {}) =>
  send(`${sandbox.addresses.yapla}/api/2${path}`, { ...sending, headers: { token: await openSession(sandbox) } });

describe('REST 2.0 sessions', () => {
  test('are opened with the key, in the shape that was seen', async () => {
    const sandbox = await start();
    const url = `${sandbox.addresses.yapla}/api/2/authentication`;
    const reply = await send(url, { method: 'POST', body: { api_key: yaplaKey } });
    expect(reply.json).toEqual({
      result: true,
      data: {
        session_token: expect.any(String),
        expire_date: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/),
      },
    });
    const expiresIn = Date.parse(`${reply.json.data.expire_date.replace(' ', 'T')}Z`) - Date.now();
    expect(Math.abs(expiresIn - 3_600_000)).toBeLessThan(60_000);
    expect((await send(url, { method: 'POST', body: { api_key: 'nonsense' } })).status).toBe(401);
  });

  test('end: the token is then refused with 401', async () => {
    const sandbox = await start({ people: { yapla: 1 } });
    const headers = { token: await openSession(sandbox) };
    const url = `${sandbox.addresses.yapla}/api/2/members/1001`;
    expect((await send(url, { headers })).status).toBe(200);
    await sandbox.control.expireSessions();
    expect((await send(url, { headers })).status).toBe(401);
    expect((await send(url)).status).toBe(401);
  });

  test('end by themselves after their life', async () => {
    const sandbox = await start({ people: { yapla: 1 }, yapla: { sessionMs: 1 } });
    const url = `${sandbox.addresses.yapla}/api/2/members/1001`;
    const headers = { token: await openSession(sandbox) };
    const began = Date.now();
    while (Date.now() - began < 2) await new Promise(setImmediate);
    expect((await send(url, { headers })).status).toBe(401);
  });
});

describe('shape flat', () => {
  test('lists members by page number, for the ongoing campaign and for its own number, and for no other', async () => {
    const sandbox = await start({ people: { yapla: 230 } });
    const first = (await flatData(sandbox)).json;
    expect([first.result, first.total, first.pages, first.data.length]).toEqual([true, 230, 3, 100]);
    const pages = await Promise.all([1, 2, 3, 4].map((page) => flatData(sandbox, `?page=${page}&limit=100`)));
    const ids = pages.flatMap((page) => page.json.data.map(({ id }) => String(id)));
    expect(ids).toEqual(await sandbox.control.ids('yapla'));
    const campaign = (id: string) =>
      send(`${sandbox.addresses.yapla}/api/1.0/campaign/${id}/members`, { headers: { 'x-api-key': yaplaKey } });
    expect([(await campaign('2587')).status, (await campaign('1')).status]).toEqual([200, 404]);
  });

  test('wants its key in a header', async () => {
    const sandbox = await start();
    const url = `${sandbox.addresses.yapla}/api/1.0/campaign/0/members`;
    expect((await send(url)).status).toBe(401);
    expect((await send(`${url}?apiKey=${yaplaKey}`)).status).toBe(401);
    expect((await send(url, { headers: { 'x-api-key': yaplaKey } })).status).toBe(200);
  });

  test('shows empty texts and dates in its own ugly ways, and takes them back', async () => {
    const sandbox = await start();
    const id = await sandbox.control.add('yapla', { firstName: 'Léa', lastName: 'Invent', birthDate: '2000-02-29' });
    const one = (await flatData(sandbox, `/${id}`)).json.data;
    expect(one).toMatchObject({
      id: 1001,
      member_number: '00001',
      status: 'active',
      email: '',
      birth_date: '2000-02-29 00:00:00',
    });
    await sandbox.control.edit('yapla', id, { birthDate: null });
    const none = (await flatData(sandbox, `/${id}`)).json.data;
    expect(none.birth_date).toBe('0000-00-00');
    expect((await rest(sandbox, `/members/${id}`, { method: 'PUT', body: none })).status).toBe(200);
    expect((await sandbox.control.record('yapla', id))?.person).toMatchObject({ email: null, birthDate: null });
  });

  test('reads a member, and a whole update brings it back unchanged but for what was changed', async () => {
    const sandbox = await start({ people: { yapla: 40 } });
    const listed = (await flatData(sandbox)).json.data.find(({ memberships }) => memberships.length > 1)!;
    const read = (await rest(sandbox, `/members/${listed.id}`)).json.data;
    expect(read).toEqual(listed);
    const written = await rest(sandbox, `/members/${listed.id}`, { method: 'PUT', body: { ...read, city: 'Namur' } });
    expect(written.json.data).toEqual({ ...read, city: 'Namur', updated_at: written.json.data.updated_at });
    expect(written.json.data.updated_at > read.updated_at).toBe(true);
  });

  test('wipes what a whole update leaves out, but neither number nor status', async () => {
    const sandbox = await start({ people: { yapla: 40 } });
    const members = (await flatData(sandbox)).json.data;
    const full = members.find(
      (member) => member.email !== '' && member.memberships.length > 0 && member.status === 'active',
    )!;
    const body = { first_name: 'A', last_name: 'B' };
    const written = (await rest(sandbox, `/members/${full.id}`, { method: 'PUT', body })).json.data;
    expect(written).toMatchObject({
      ...body,
      email: '',
      phone: '',
      memberships: [],
      member_number: full.member_number,
      status: 'active',
    });
  });

  test('creates a member and answers it with its id and the next number', async () => {
    const sandbox = await start({ people: { yapla: 3 } });
    const reply = await rest(sandbox, '/members', {
      method: 'POST',
      body: { first_name: 'Léa', last_name: 'Invent', country: 'BE' },
    });
    expect([reply.status, reply.json.data.id, reply.json.data.member_number]).toEqual([201, 1004, '00004']);
    expect((await sandbox.control.counts()).yapla).toMatchObject({ created: 1 });
  });

  test('refuses what it cannot take with 400 and the fields', async () => {
    const sandbox = await start({ people: { yapla: 1 } });
    const body = { last_name: '', email: 'nobody', birth_date: '2023-02-29', status: 'archived' };
    const reply = await rest(sandbox, '/members', { method: 'POST', body });
    expect([reply.status, reply.json.result, Object.keys(reply.json.errors).sort()]).toEqual([
      400,
      false,
      ['birth_date', 'email', 'last_name', 'status'],
    ]);
    expect(await sandbox.control.ids('yapla')).toHaveLength(1);
  });

  test('archives only an inactive member, and takes an archived one back', async () => {
    const sandbox = await start();
    const id = await sandbox.control.add('yapla', { firstName: 'Léa', lastName: 'Invent' });
    const put = async (status: string) => {
      const { data } = (await rest(sandbox, `/members/${id}`)).json;
      return (await rest(sandbox, `/members/${id}`, { method: 'PUT', body: { ...data, status } })).status;
    };
    expect([await put('archived'), await put('inactive'), await put('archived'), await put('active')]).toEqual([
      400, 200, 200, 200,
    ]);
  });

  test('cannot delete a member', async () => {
    const sandbox = await start({ people: { yapla: 1 } });
    expect((await rest(sandbox, '/members/1001', { method: 'DELETE' })).status).toBe(405);
    expect(await sandbox.control.ids('yapla')).toEqual(['1001']);
  });
});

describe('shape nested', () => {
  const nested = { yapla: { shape: 'nested' as const } };
  const data = (sandbox: Sandbox, query = '') =>
    send(`${sandbox.addresses.yapla}/api/1.0/campaign/0/members?apiKey=${yaplaKey}${query}`);

  test('lists members by position, with its key in the query, and reads none alone', async () => {
    const sandbox = await start({ ...nested, people: { yapla: 130 } });
    const { items, totalCount } = (await data(sandbox, '&start=95&max=20')).json.response.members;
    expect([totalCount, items.length]).toEqual([130, 20]);
    expect(items.map(({ memberId }) => memberId)).toEqual((await sandbox.control.ids('yapla')).slice(95, 115));
    expect((await data(sandbox, '&start=130')).json.response.members).toEqual({ items: [], totalCount: 130 });
    const url = `${sandbox.addresses.yapla}/api/1.0/campaign/0/members`;
    expect((await send(url, { headers: { 'x-api-key': yaplaKey } })).status).toBe(401);
    expect((await send(`${url}/1001?apiKey=${yaplaKey}`)).status).toBe(404);
  });

  test('shows French names, labels and dates', async () => {
    const sandbox = await start(nested);
    const person = {
      firstName: 'Léa',
      lastName: 'Invent',
      birthDate: '2000-02-29',
      language: 'fr',
      country: 'BE',
      phone: '0470 12 34 56',
    };
    const id = await sandbox.control.add('yapla', person);
    expect((await rest(sandbox, `/membres/${id}`)).json.response.membre).toMatchObject({
      memberId: id,
      noMembre: '00001',
      statut: 'Actif',
      identite: { prenom: 'Léa', nom: 'Invent', dateNaissance: '29/02/2000', langue: 'Français' },
      coordonnees: { courriel: null, telephone: '0470 12 34 56', adresse: { rue: null, pays: 'Belgique' } },
    });
  });

  test('creates in a wrapper, under other names than it reads, and answers the id alone', async () => {
    const sandbox = await start(nested);
    const membre = {
      identite: { prenom: 'Léa', nom: 'Invent', naissance: '2000-02-29' },
      coordonnees: { tel: '+32470123456', adresse: { pays: 'BE' } },
    };
    const reply = await rest(sandbox, '/membres', { method: 'POST', body: { membre } });
    expect([reply.status, reply.json]).toEqual([201, { response: { createdId: '1001' } }]);
    expect((await sandbox.control.record('yapla', '1001'))?.person).toMatchObject({
      firstName: 'Léa',
      birthDate: '2000-02-29',
      phone: '+32470123456',
      country: 'BE',
    });
  });

  test('updates partially, says nothing of the member, and ignores the names that it only reads', async () => {
    const sandbox = await start({ ...nested, people: { yapla: 1 } });
    const before = await sandbox.control.record('yapla', '1001');
    const membre = {
      coordonnees: { tel: '+33612345678', telephone: '999' },
      identite: { dateNaissance: '01/01/1900' },
    };
    const reply = await rest(sandbox, '/membres/1001', { method: 'PATCH', body: { membre } });
    expect([reply.status, reply.json]).toEqual([200, { response: { ok: true } }]);
    expect((await sandbox.control.record('yapla', '1001'))?.person).toEqual({
      ...before?.person,
      phone: '+33612345678',
    });
  });

  test('refuses what it cannot take with 422 and the places', async () => {
    const sandbox = await start(nested);
    const membre = { identite: { nom: 'Invent' }, coordonnees: { courriel: 'nobody' } };
    const reply = await rest(sandbox, '/membres', { method: 'POST', body: { membre } });
    expect([reply.status, reply.json.response.erreurs[0]?.champ]).toEqual([422, 'coordonnees.courriel']);
  });
});

describe('the shape listed', () => {
  const listed = { people: { yapla: 2 }, yapla: { shape: 'listed' as const } };

  test('lists members as shape flat does, and reads none alone, in neither API', async () => {
    const sandbox = await start(listed);
    expect((await flatData(sandbox)).json.data.map(({ id }) => String(id))).toEqual(await sandbox.control.ids('yapla'));
    expect((await flatData(sandbox, '/1001')).status).toBe(404);
    expect((await rest(sandbox, '/members/1001')).status).toBe(404);
  });

  test('creates and answers that it is done, without the id', async () => {
    const sandbox = await start(listed);
    const reply = await rest(sandbox, '/members', { method: 'POST', body: { first_name: 'Léa', last_name: 'Invent' } });
    expect([reply.status, reply.json]).toEqual([200, { result: true }]);
    expect((await sandbox.control.record('yapla', '1003'))?.person).toMatchObject({ lastName: 'Invent', city: null });
  });

  test('updates the fields that are named, leaves the others, mapped or not, and answers that it is done', async () => {
    const sandbox = await start(listed);
    const before = (await sandbox.control.record('yapla', '1001'))!;
    const reply = await rest(sandbox, '/members/1001', { method: 'PATCH', body: { city: 'Mons', phone: null } });
    expect([reply.status, reply.json]).toEqual([200, { result: true }]);
    const { updated_at: _, ...document } = before.document;
    expect((await sandbox.control.record('yapla', '1001'))!.document).toMatchObject({
      ...document,
      city: 'Mons',
      phone: '',
    });
  });
});

test.each([
  ['noAddress', 404],
  ['notAllowed', 405],
] as const)('single reads can be taken from any shape: each id is answered alike (%s)', async (singleReads, status) => {
  for (const shape of ['flat', 'nested'] as const) {
    const sandbox = await start({ people: { yapla: 1 }, yapla: { shape, singleReads } });
    const path = shape === 'flat' ? '/members' : '/membres';
    for (const id of ['1001', '9999']) expect((await rest(sandbox, `${path}/${id}`)).status).toBe(status);
    if (shape === 'flat') expect((await flatData(sandbox, '/1001')).status).toBe(status);
  }
});

test('limits refuse with 429, and one account has one counter', async () => {
  const sandbox = await start({ people: { yapla: 1 }, yapla: { limits: { requestsPerDay: 2 } } });
  await flatData(sandbox);
  const token = await openSession(sandbox);
  const reply = await send(`${sandbox.addresses.yapla}/api/2/members/1001`, { headers: { token } });
  expect([reply.status, Number(reply.headers['retry-after']) > 86_000]).toEqual([429, true]);
});
