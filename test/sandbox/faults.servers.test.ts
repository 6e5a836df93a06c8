import { describe, expect, test } from '@jest/globals';
import { Faults, type Fault } from '../../src/sandbox/faults.js';
import { clients, flatData, openSession, sandboxes, send } from './http.js';

const start = sandboxes();
const lea = { first_name: 'Léa', last_name: 'Invent', phone_number: '+33612345678' };
const id = '0f8fad5b-d9cb-469f-a165-70867728950e';
const put = { method: 'PUT', body: lea };

async function withFault(fault: Fault, people = {}) {
  const sandbox = await start({ people });
  await sandbox.control.addFault(fault);
  return sandbox;
}

describe('which requests a fault strikes', () => {
  const target = { system: 'yapla', method: 'GET', kind: 'list', record: null } as const;
  const action = { do: 'malformed' } as const;
  const struck = (fault: Fault, targets: readonly Parameters<Faults['strike']>[0][]) => {
    const faults = new Faults();
    faults.add(fault);
    return targets.map((one) => faults.strike(one, 'request').length);
  };

  test('is told by system, method, kind and record', () => {
    const write = { system: 'yoplanning', method: 'PUT', kind: 'write', record: 'a' } as const;
    expect(struck({ action, system: 'yoplanning' }, [target, write])).toEqual([0, 1]);
    expect(struck({ action, method: ['PUT', 'POST'] }, [target, write])).toEqual([0, 1]);
    expect(struck({ action, kind: ['list', 'read'] }, [target, write])).toEqual([1, 0]);
    expect(struck({ action, record: 'a' }, [target, write, { ...write, record: 'b' }])).toEqual([0, 1, 0]);
  });

  test('is the nth, or the next few', () => {
    const many = Array.from({ length: 6 }, () => target);
    expect(struck({ action, skip: 2, times: 1 }, many)).toEqual([0, 0, 1, 0, 0, 0]);
    expect(struck({ action, times: 3 }, many)).toEqual([1, 1, 1, 0, 0, 0]);
    expect(struck({ action, skip: 4 }, many)).toEqual([0, 0, 0, 0, 1, 1]);
  });

  test('is drawn by lot, the same for the same seed', () => {
    const many = Array.from({ length: 400 }, () => target);
    const lots = struck({ action, probability: 0.25, seed: 9 }, many);
    expect(lots).toEqual(struck({ action, probability: 0.25, seed: 9 }, many));
    expect(lots).not.toEqual(struck({ action, probability: 0.25, seed: 10 }, many));
    const share = lots.filter((count) => count === 1).length / 400;
    expect(share).toBeGreaterThan(0.18);
    expect(share).toBeLessThan(0.32);
  });
});

describe('refusals and errors', () => {
  test('a refusal names its seconds and lets nothing take effect', async () => {
    const sandbox = await withFault({ action: { do: 'refuse', seconds: 17 }, times: 1 });
    const reply = await clients(sandbox, `/${id}`, put);
    expect([reply.status, reply.headers['retry-after']]).toEqual([429, '17']);
    expect(reply.json.detail).toBe('Request was throttled. Expected available in 17 seconds.');
    expect((await clients(sandbox, `/${id}`, put)).status).toBe(201);
    expect((await sandbox.control.counts()).yoplanning).toMatchObject({ refusals: 1, throttled: 0 });
  });

  test.each([500, 502, 503])('%i is answered with a page, without effect unless asked', async (status) => {
    const sandbox = await withFault({ action: { do: 'status', status }, times: 1 });
    const reply = await clients(sandbox, `/${id}`, put);
    expect([reply.status, reply.headers['content-type']]).toEqual([status, expect.stringContaining('html')]);
    expect(await sandbox.control.ids('yoplanning')).toEqual([]);
    await sandbox.control.addFault({ action: { do: 'status', status, effect: 'applied' }, times: 1 });
    expect((await clients(sandbox, `/${id}`, put)).status).toBe(status);
    expect(await sandbox.control.ids('yoplanning')).toEqual([id]);
  });

  test('400 can be tied to one record', async () => {
    const sandbox = await withFault({ record: id, kind: 'write', action: { do: 'invalid', field: 'email' } });
    expect((await clients(sandbox, `/${id}`, put)).json).toEqual({ email: ['Enter a valid value.'] });
    expect((await clients(sandbox, `/${id.replace('0', '1')}`, put)).status).toBe(201);
  });

  test('a token is revoked from some request on: 401, at no cost', async () => {
    const sandbox = await withFault({ system: 'yoplanning', skip: 2, action: { do: 'revoke' } });
    const statuses: number[] = [];
    for (let i = 0; i < 4; i += 1) statuses.push((await clients(sandbox)).status);
    expect(statuses).toEqual([200, 200, 401, 401]);
    expect((await sandbox.control.counts()).yoplanning).toMatchObject({ requests: 4, counted: 2 });
  });

  test('Yapla can be forbidden, and can say 200 with an error inside', async () => {
    const sandbox = await start({ people: { yapla: 1 } });
    await sandbox.control.addFault({ system: 'yapla', times: 1, action: { do: 'forbid' } });
    expect((await flatData(sandbox)).status).toBe(403);
    await sandbox.control.addFault({ system: 'yapla', times: 1, action: { do: 'errorInside' } });
    const reply = await flatData(sandbox);
    expect([reply.status, reply.json.result]).toEqual([200, false]);
    expect((await flatData(sandbox)).json.result).toBe(true);
  });
});

describe('silence and cuts', () => {
  test.each(['none', 'applied'] as const)('a time-out with effect %s never answers', async (effect) => {
    const sandbox = await withFault({ kind: 'write', action: { do: 'timeout', effect } });
    await expect(clients(sandbox, `/${id}`, { ...put, timeoutMs: 60 })).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(await sandbox.control.ids('yoplanning')).toEqual(effect === 'applied' ? [id] : []);
    expect((await sandbox.control.counts()).yoplanning).toMatchObject({ requests: 1, byStatus: { none: 1 } });
  });

  test.each(['none', 'applied'] as const)('a reset with effect %s cuts the connection', async (effect) => {
    const sandbox = await withFault({ kind: 'write', action: { do: 'reset', effect } });
    await expect(clients(sandbox, `/${id}`, put)).rejects.toMatchObject({
      code: expect.stringMatching(/ECONNRESET|UND_ERR_SOCKET/),
    });
    expect(await sandbox.control.ids('yoplanning')).toEqual(effect === 'applied' ? [id] : []);
  });

  test('a slow answer comes late; its effect does not', async () => {
    const sandbox = await withFault({ kind: 'write', action: { do: 'slow', ms: 150 } });
    const began = performance.now();
    const answer = clients(sandbox, `/${id}`, put);
    while ((await sandbox.control.ids('yoplanning')).length === 0);
    expect(performance.now() - began).toBeLessThan(150);
    expect((await answer).status).toBe(201);
    expect(performance.now() - began).toBeGreaterThanOrEqual(149);
  });
});

describe('answers that are wrong', () => {
  test('JSON breaks off in the middle, after the effect', async () => {
    const sandbox = await withFault({ action: { do: 'malformed' } });
    const reply = await clients(sandbox, `/${id}`, put);
    expect(reply.status).toBe(201);
    expect(() => reply.json).toThrow(SyntaxError);
    expect(await sandbox.control.ids('yoplanning')).toEqual([id]);
  });

  test('the shape is another one', async () => {
    const sandbox = await withFault({ kind: 'list', action: { do: 'wrongShape' } }, { yoplanning: 2 });
    expect((await clients(sandbox)).json).toEqual({ results: 'maintenance', data: 'maintenance' });
  });
});

describe('values that do not stay as written', () => {
  const rewriting: Fault = {
    kind: ['write', 'create'],
    action: { do: 'rewrite', fields: { lastName: 'upper', phone: 'internationalPhone' } },
  };

  test('are rewritten by Yoplanning', async () => {
    const sandbox = await withFault(rewriting);
    const reply = await clients(sandbox, `/${id}`, put);
    expect(reply.json).toMatchObject({ first_name: 'Léa', last_name: 'INVENT', phone_number: '+33 6 12 34 56 78' });
    expect((await clients(sandbox, `/${id}`)).json).toEqual(reply.json);
  });

  test('are rewritten by Yapla', async () => {
    const sandbox = await withFault(rewriting);
    const url = `${sandbox.addresses.yapla}/api/2/members`;
    const headers = { token: await openSession(sandbox) };
    const body = { first_name: 'Léa', last_name: 'Invent', phone: '0612345678' };
    const reply = await send(url, { method: 'POST', headers, body });
    expect(reply.json.data).toMatchObject({ last_name: 'INVENT', phone: '+33 6 12 34 56 78' });
  });

  test('are dropped, and the old ones stay', async () => {
    const sandbox = await withFault({
      kind: 'write',
      skip: 1,
      action: { do: 'ignore', fields: ['phone', 'firstName'] },
    });
    await clients(sandbox, `/${id}`, put);
    const body = { first_name: 'Zoé', last_name: 'Autre', phone_number: null };
    const reply = await clients(sandbox, `/${id}`, { method: 'PUT', body });
    expect(reply.json).toMatchObject({ first_name: 'Léa', last_name: 'Autre', phone_number: '+33612345678' });
  });
});

describe('a list that changes while it is read', () => {
  test.each(['yapla', 'yoplanning'] as const)(
    'of %s gains and loses people before a page is answered',
    async (system) => {
      const sandbox = await start({ people: { yapla: 10, yoplanning: 10 } });
      const before = await sandbox.control.ids(system);
      await sandbox.control.addFault({
        system,
        kind: 'list',
        skip: 1,
        times: 1,
        action: { do: 'drift', insert: 2, remove: 3, at: 'start' },
      });
      const total = async () =>
        system === 'yapla' ? (await flatData(sandbox)).json.total : (await clients(sandbox)).json.count;
      expect([await total(), await total(), await total()]).toEqual([10, 9, 9]);
      const after = await sandbox.control.ids(system);
      expect(after.slice(2)).toEqual(before.slice(3));
      expect(before).not.toEqual(expect.arrayContaining(after.slice(0, 2)));
    },
  );
});
