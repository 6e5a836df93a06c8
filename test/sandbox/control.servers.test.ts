import { describe, expect, test } from '@jest/globals';
import { getProperty } from 'dot-prop';
import { connectionSchema } from '../../src/config/schema.js';
import { sandboxConnection, sandboxWebhookUrl } from '../../src/sandbox/connections.js';
import { yaplaShapes } from '../../src/sandbox/options.js';
import type { Change } from '../../src/sandbox/registry.js';
import { readPlace } from '../../src/systems/mapping.js';
import { clients, sandboxes } from './http.js';
import { tellingSandboxes } from './told.js';

const start = sandboxes();
const startTelling = tellingSandboxes();
const lea = { firstName: 'Léa', lastName: 'Invent' };

describe('the control API', () => {
  test('adds, edits, shows and removes people in either system, without a request to it', async () => {
    const { control } = await start({ people: { yapla: 2, yoplanning: 2 } });
    for (const system of ['yapla', 'yoplanning'] as const) {
      const first = await control.add(system, lea, { at: 'start' });
      const last = await control.add(system, { ...lea, email: 'lea@courriel.example' });
      const ids = await control.ids(system);
      expect([ids[0], ids.at(-1), ids.length]).toEqual([first, last, 4]);
      await control.edit(system, last, { email: null, city: 'Namur' });
      expect((await control.record(system, last))?.person).toMatchObject({ ...lea, email: null, city: 'Namur' });
      await control.remove(system, first);
      expect(await control.record(system, first)).toBeNull();
      await expect(control.remove(system, first)).rejects.toMatchObject({ name: 'SandboxControlError', status: 404 });
      expect((await control.records(system)).map(({ id }) => id)).toEqual(await control.ids(system));
    }
    expect((await control.counts()).yoplanning.requests).toBe(0);
  });

  test('edits unmapped fields, too', async () => {
    const { control } = await start();
    const client = await control.add('yoplanning', lea, {
      externalReference: '1001',
      unmapped: { note: 'a', custom: { b: [1] } },
    });
    expect((await control.record('yoplanning', client))?.document).toMatchObject({
      external_reference: '1001',
      note: 'a',
      custom: { b: [1] },
    });
    const member = await control.add('yapla', lea);
    await control.edit('yapla', member, {}, { status: 'inactive' });
    expect((await control.record('yapla', member))?.document).toMatchObject({ status: 'inactive' });
  });

  test('refuses what makes no sense, and says what', async () => {
    const { control } = await start();
    await expect(control.addFault({ action: { do: 'explode' } } as never)).rejects.toMatchObject({ status: 400 });
    await expect(control.edit('yapla', '1', { shoeSize: '38' } as never)).rejects.toThrow(/shoeSize/);
    await expect(control.removeFault('fault-9')).rejects.toMatchObject({ status: 404 });
  });

  test('changes limits and latency while it runs', async () => {
    const sandbox = await start();
    await sandbox.control.setLimits('yoplanning', { requestsPerDay: 1 });
    expect([(await clients(sandbox)).status, (await clients(sandbox)).status]).toEqual([200, 429]);
    await sandbox.control.setLimits('yoplanning', {});
    await sandbox.control.setLatency('yoplanning', { inboundMs: 30, outboundMs: 30 });
    const began = performance.now();
    expect((await clients(sandbox)).status).toBe(200);
    expect(performance.now() - began).toBeGreaterThanOrEqual(58);
  });

  test('counts by arrival, whatever the latency does to the answers', async () => {
    const sandbox = await start({
      yoplanning: { limits: { secondWindowMs: 400 }, latency: { outboundMs: 300, jitterMs: 200 } },
    });
    await Promise.all(Array.from({ length: 6 }, () => clients(sandbox)));
    expect((await sandbox.control.counts()).yoplanning.maxInSecondWindow).toBe(6);
  });

  test('shows what each fault struck, and forgets faults and counts on reset', async () => {
    const sandbox = await start({
      people: { yoplanning: 1 },
      faults: [{ kind: 'list', skip: 1, action: { do: 'slow', ms: 1 } }],
    });
    await clients(sandbox);
    await clients(sandbox);
    expect(await sandbox.control.faults()).toMatchObject([{ matched: 2, struck: 1 }]);
    await sandbox.control.reset({ yoplanning: 4, seed: 3 });
    expect(await sandbox.control.faults()).toEqual([]);
    expect((await sandbox.control.counts()).yoplanning.requests).toBe(0);
    expect(await sandbox.control.ids('yoplanning')).toHaveLength(4);
  });

  test('knows who is who', async () => {
    const { control } = await start({
      people: { yapla: 3, yoplanning: 4, shared: 5, differing: 6, referencedShare: 1, duplicates: { yapla: 2 } },
    });
    const truth = await control.truth();
    expect(truth).toHaveLength(18);
    expect(truth.flatMap(({ ids, duplicates }) => [ids.yapla ?? [], duplicates.yapla ?? []].flat()).sort()).toEqual(
      [...(await control.ids('yapla'))].sort(),
    );
    for (const { kind, ids } of truth) {
      if (kind !== 'shared' && kind !== 'differing') continue;
      const client = await control.record('yoplanning', ids.yoplanning!);
      expect(client?.document['external_reference']).toBe(ids.yapla);
    }
  });
});

test('every change of an order is told to its hook, as it left the order', async () => {
  const changes: unknown[] = [];
  const sandbox = await start(
    { people: { yoplanning: 1 }, yoplanning: { bookings: { catalogue: { products: 1 } } } },
    {
      onOrder: ({ event, by }, order) =>
        changes.push([event, by, order?.reference ?? null, order?.cancelled ?? 'gone']),
    },
  );
  const { bookings } = sandbox.control;
  const [client] = await sandbox.control.ids('yoplanning');
  const [session] = await bookings.sessions();
  const order = { items: [{ session: session!.id }], client: client!, externalReference: '5001' };
  const id = await bookings.book(order);
  await bookings.cancelOrder(id);
  await bookings.removeOrder(id);
  expect(changes).toEqual([
    ['created', 'desk', '5001', false],
    ['cancelled', 'desk', '5001', true],
    ['cancelled', 'desk', null, 'gone'],
  ]);
});

test('every change that took effect is told to the hook, and by whom', async () => {
  const changes: Change[] = [];
  const sandbox = await start({ people: { yoplanning: 1 } }, { onChange: (change) => changes.push(change) });
  const [id] = await sandbox.control.ids('yoplanning');
  await clients(sandbox, `/${id}`, { method: 'PUT', body: { first_name: 'Léa', last_name: 'Invent' } });
  await clients(sandbox, `/${id}`, { method: 'PUT', body: {} });
  await sandbox.control.edit('yoplanning', id!, { city: 'Mons' });
  await clients(sandbox, `/${id}`, { method: 'DELETE' });
  expect(changes).toEqual([
    { system: 'yoplanning', record: id, event: 'updated', by: 'api' },
    { system: 'yoplanning', record: id, event: 'updated', by: 'desk' },
    { system: 'yoplanning', record: id, event: 'deleted', by: 'api' },
  ]);
});

describe('the configuration of a sandbox account', () => {
  const addresses = { yapla: 'http://127.0.0.1:1', yoplanning: 'http://127.0.0.1:2', control: 'http://127.0.0.1:3' };

  test.each(yaplaShapes)('of shape %s is what the configuration file accepts', (shape) => {
    const parsed = connectionSchema.parse(
      sandboxConnection(addresses, { shape, rule: 'yapla', limits: { yapla: { requestsPerSecond: 50 } } }),
    );
    expect(parsed.yapla.limits.requestsPerSecond).toBe(50);
    expect(Object.values(parsed.fields).every(({ rule }) => rule === 'yapla')).toBe(true);
    expect(parsed.yoplanning.limits).toMatchObject({ requestsPerSecond: 5, requestsPerDay: 1_000 });
  });

  test('of shape flat takes every name from the defaults', () => {
    const { yapla, yoplanning } = sandboxConnection(addresses);
    const byDefault = connectionSchema.parse({ yapla, yoplanning });
    expect(connectionSchema.parse(sandboxConnection(addresses)).fields).toEqual(byDefault.fields);
  });

  test('takes the webhooks at the address that its systems are given', () => {
    const { webhooks } = connectionSchema.parse(sandboxConnection(addresses));
    for (const system of ['yapla', 'yoplanning'] as const) {
      const url = sandboxWebhookUrl('http://127.0.0.1:4', 'club', system);
      expect(url).toBe(`http://127.0.0.1:4/webhooks/club/${system}/${webhooks[system].secret}`);
    }
    expect(webhooks.yapla.secret).not.toBe(webhooks.yoplanning.secret);
    const none = sandboxConnection(addresses, { settings: { webhooks: {} } });
    expect(connectionSchema.parse(none).webhooks.yapla.secret).toBeUndefined();
  });

  test.each(yaplaShapes)('of shape %s says where its webhooks have event, member, id and version', async (shape) => {
    const { sandbox, bodies, change } = await startTelling({ yapla: { shape } });
    const id = await change('yapla', 1);
    await sandbox.control.settled();
    const { webhooks, yapla } = connectionSchema.parse(sandboxConnection(sandbox.addresses, { shape }));
    const { event, member } = webhooks.yapla;
    const at = (path: string | null) => bodies().map((body) => getProperty(body, path ?? '') as unknown);
    const words = at(event.path);
    expect(event.created).toContain(words[0]);
    expect(event.updated).toContain(words[1]);
    expect(at(`${member}.${webhooks.yapla.id ?? yapla.read.answer.id}`).map(String)).toEqual([id, id]);
    expect(at(`${member}.${webhooks.yapla.modified ?? yapla.read.answer.modified}`)).toEqual([
      expect.any(String),
      expect.any(String),
    ]);
  });

  test('of shape nested names the places where the server has the values', async () => {
    const sandbox = await start({ people: { yapla: 30 }, yapla: { shape: 'nested' } });
    const { fields } = connectionSchema.parse(sandboxConnection(sandbox.addresses, { shape: 'nested' }));
    const records = await sandbox.control.records('yapla');
    for (const { yapla } of Object.values(fields)) {
      const path = readPlace(yapla);
      const found = records.map(({ document }) => getProperty(document, path) as unknown);
      expect(found.some((value) => typeof value === 'string' && value !== '')).toBe(true);
    }
  });
});
