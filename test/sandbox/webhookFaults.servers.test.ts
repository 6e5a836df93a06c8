/** Webhooks that are lost, repeated, late, early, reordered or stale. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Draw } from '../../src/sandbox/webhooks/draw.js';
import { webhookFaultsSchemas } from '../../src/sandbox/webhooks/options.js';
import { waitFor } from '../embedded/waitFor.js';
import { checkProperty } from '../helpers/property.js';
import { clients, openSession, send } from './http.js';
import { answersAfter, cities, lea, tellingSandboxes } from './told.js';

const start = tellingSandboxes();
const uuid = '0f8fad5b-d9cb-469f-a165-70867728950e';
const document = { first_name: 'Léa', last_name: 'Invent' };

describe('lost and repeated', () => {
  test('every third is never sent', async () => {
    const { sandbox, bodies, change } = await start({}, { yapla: { drop: { every: 3 } } });
    await change('yapla', 8);
    await sandbox.control.settled();
    expect(cities(bodies())).toEqual(['', '1', '3', '4', '6', '7']);
    expect((await sandbox.control.webhooks()).yapla).toMatchObject({ emitted: 9, delivered: 6, dropped: 3, failed: 0 });
  });

  test('every second is sent twice', async () => {
    const { sandbox, bodies, change } = await start({}, { yapla: { duplicate: { every: 2 } } });
    await change('yapla', 3);
    await sandbox.control.settled();
    expect(cities(bodies())).toEqual(['', '1', '1', '2', '3', '3']);
    expect((await sandbox.control.webhooks()).yapla).toMatchObject({ emitted: 4, delivered: 6, duplicated: 2 });
  });

  test('from the moment that the fault is set, in one system only, until it is taken back', async () => {
    const { sandbox, bodies, change } = await start();
    await change('yapla', 0);
    await sandbox.control.setWebhookFaults('yapla', { drop: 1 });
    await change('yapla', 2);
    await change('yoplanning', 0);
    await sandbox.control.setWebhookFaults('yapla', {});
    await change('yapla', 1);
    await sandbox.control.settled();
    expect(bodies().map(({ event }) => event)).toEqual(['member.created', 'created', 'member.updated']);
  });

  test('by lot: the same for the same seed, others for another, about as many as asked for', () => {
    const lots = (seed: number) => {
      const draw = new Draw(webhookFaultsSchemas.yapla.parse({ seed, drop: 0.2, duplicate: 0.2 }));
      return Array.from({ length: 1_000 }, () => draw.next());
    };
    expect(lots(5)).toEqual(lots(5));
    expect(lots(5)).not.toEqual(lots(6));
    const dropped = lots(5).filter(({ drop }) => drop).length;
    expect(dropped).toBeGreaterThan(140);
    expect(dropped).toBeLessThan(260);
    // One fault's lots are not the other's.
    expect(lots(5).some(({ drop, duplicate }) => drop !== duplicate)).toBe(true);
  });
});

describe('late and out of order', () => {
  test('all of them later, in their order', async () => {
    const delayMs = 60;
    const { sandbox, receiver, bodies, change } = await start({}, { yapla: { delayMs } });
    const id = await change('yapla', 2);
    await sandbox.control.settled();
    expect(cities(bodies())).toEqual(['', '1', '2']);
    let arrivedAt = 0;
    answersAfter(receiver, async () => (arrivedAt = performance.now()));
    const began = performance.now();
    await sandbox.control.edit('yapla', id, { city: 'Mons' });
    await sandbox.control.settled();
    expect(arrivedAt - began).toBeGreaterThanOrEqual(delayMs - 2);
    expect((await sandbox.control.webhooks()).yapla).toMatchObject({ delayed: 4 });
  });

  test('some of them later, so that the others overtake them', async () => {
    const { sandbox, bodies, change } = await start({}, { yapla: { delayMs: 3_600_000, delayed: { every: 4 } } });
    await change('yapla', 5);
    await waitFor('everything that is not delayed has arrived', () => bodies().length === 5);
    expect(cities(bodies())).toEqual(['', '1', '2', '4', '5']);
    expect((await sandbox.control.webhooks()).yapla).toMatchObject({ emitted: 6, delayed: 1, pending: 1 });
  });

  test('never in the order in which they came, within a window', async () => {
    const { sandbox, bodies, change } = await start({}, { yapla: { reorder: { window: 4, waitMs: 60_000 } } });
    await change('yapla', 7);
    await sandbox.control.settled();
    const arrived = cities(bodies());
    expect(arrived.slice(0, 4)).not.toEqual(['', '1', '2', '3']);
    expect([...arrived.slice(0, 4)].sort()).toEqual(['', '1', '2', '3']);
    expect([...arrived.slice(4)].sort()).toEqual(['4', '5', '6', '7']);
    expect((await sandbox.control.webhooks()).yapla.reordered).toBeGreaterThanOrEqual(4);
  });

  test('a window that does not fill is sent after its wait, or when the fault is taken back', async () => {
    const { sandbox, bodies, change } = await start({}, { yapla: { reorder: { window: 100, waitMs: 20 } } });
    await change('yapla', 1);
    await sandbox.control.settled();
    await sandbox.control.setWebhookFaults('yapla', { reorder: { window: 100, waitMs: 3_600_000 } });
    await change('yapla', 1);
    expect(bodies()).toHaveLength(2);
    await sandbox.control.setWebhookFaults('yapla', {});
    await sandbox.control.settled();
    expect(bodies()).toHaveLength(3);
  });
});

describe('too early', () => {
  test('is told, and answered for, before the write that caused it is answered', async () => {
    const { sandbox, receiver } = await start({}, { yoplanning: { early: 1 } });
    let told = false;
    answersAfter(receiver, async () => {
      await new Promise((resolve) => setTimeout(resolve, 40));
      told = true;
    });
    expect((await clients(sandbox, `/${uuid}`, { method: 'PUT', body: document })).status).toBe(201);
    expect(told).toBe(true);
    expect((await sandbox.control.webhooks()).yoplanning).toMatchObject({
      emitted: 1,
      delivered: 1,
      early: 1,
      pending: 0,
    });
  });

  test('the receiver can read what was written before its writer knows', async () => {
    const { sandbox, receiver } = await start({}, { yoplanning: { early: 1 } });
    let read: unknown;
    answersAfter(receiver, async () => (read = (await clients(sandbox, `/${uuid}`)).json.first_name));
    await clients(sandbox, `/${uuid}`, { method: 'PUT', body: document });
    expect(read).toBe('Léa');
  });

  test('and once more afterwards, where it is repeated, too', async () => {
    const { sandbox, receiver, bodies } = await start({}, { yapla: { early: 1, duplicate: 1 } });
    const headers = { token: await openSession(sandbox) };
    const url = `${sandbox.addresses.yapla}/api/2/members`;
    let before = 0;
    answersAfter(receiver, async () => (before = Math.max(before, receiver.received.length)));
    await send(url, { method: 'POST', headers, body: document });
    expect(before).toBeGreaterThanOrEqual(1);
    await sandbox.control.settled();
    expect(bodies()).toHaveLength(2);
    expect(bodies()[1]).toEqual(bodies()[0]);
  });

  test('a receiver that is down does not keep the write from its answer', async () => {
    const { sandbox, receiver } = await start({}, { yoplanning: { early: 1 } });
    await receiver.stop();
    expect((await clients(sandbox, `/${uuid}`, { method: 'PUT', body: document })).status).toBe(201);
    expect((await sandbox.control.webhooks()).yoplanning).toMatchObject({ failed: 1, lastFailure: 'ECONNREFUSED' });
  });

  test('is nothing that a user at the screen could tell from the usual', async () => {
    const { sandbox, change } = await start({}, { yoplanning: { early: 1 } });
    await change('yoplanning', 1);
    await sandbox.control.settled();
    expect((await sandbox.control.webhooks()).yoplanning).toMatchObject({ early: 0, delivered: 2 });
  });
});

describe('stale', () => {
  test('the member as it was before the change, with the date of then', async () => {
    const { sandbox, bodies, change } = await start({ yapla: { shape: 'nested' } }, { yapla: { stale: { every: 3 } } });
    const id = await change('yapla', 1);
    const before = await sandbox.control.record('yapla', id);
    await sandbox.control.edit('yapla', id, { city: 'Mons' });
    await sandbox.control.settled();
    const [, second, third] = bodies();
    expect(third).toEqual({ event: 'member.updated', data: before?.document });
    expect(third?.['data']).toEqual(second?.['data']);
    const dateOf = (record: typeof before) => Date.parse(record?.document['dateModification'] as string);
    expect(dateOf(await sandbox.control.record('yapla', id))).toBeGreaterThan(dateOf(before));
    expect((await sandbox.control.webhooks()).yapla).toMatchObject({ stale: 1, delivered: 3 });
  });

  test('the member as it was some changes before, or at its oldest', async () => {
    const { sandbox, bodies, change } = await start({}, { yapla: { stale: 1, staleVersions: 3 } });
    await change('yapla', 6);
    await sandbox.control.settled();
    // A creation has nothing older than itself.
    expect(cities(bodies())).toEqual(['', '', '', '', '1', '2', '3']);
    expect((await sandbox.control.webhooks()).yapla).toMatchObject({ emitted: 7, stale: 6 });
  });

  test('also of a change that our own write made', async () => {
    const { sandbox, bodies, change } = await start({}, { yapla: { stale: 1 } });
    const id = await change('yapla', 0);
    const url = `${sandbox.addresses.yapla}/api/2/members/${id}`;
    const headers = { token: await openSession(sandbox) };
    await send(url, { method: 'PUT', headers, body: { ...document, city: 'Mons' } });
    await sandbox.control.settled();
    expect(cities(bodies())).toEqual(['', '']);
    expect((await sandbox.control.record('yapla', id))?.person.city).toBe('Mons');
  });

  test('is refused for Yoplanning, whose webhooks have no content', async () => {
    const { sandbox } = await start();
    const refused = sandbox.control.setWebhookFaults('yoplanning', { stale: 1 } as never);
    await expect(refused).rejects.toMatchObject({ status: 400 });
  });
});

test('a reset forgets the faults, the counts, and what is not sent', async () => {
  const { sandbox, receiver, bodies, change } = await start({}, { yapla: { delayMs: 3_600_000 } });
  await change('yapla', 3);
  await sandbox.control.reset();
  await sandbox.control.settled();
  expect((await sandbox.control.webhooks()).yapla).toMatchObject({ emitted: 0, delivered: 0, pending: 0 });
  await change('yapla', 1);
  await sandbox.control.settled();
  expect(cities(bodies())).toEqual(['1']);
  expect(receiver.received).toHaveLength(1);
});

test('whatever goes wrong, each event is accounted for', async () => {
  const { sandbox, receiver } = await start();
  const { control } = sandbox;
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  const faults = fc.record({
    seed: fc.integer(),
    drop: share,
    duplicate: share,
    early: share,
    stale: share,
    delayed: share,
    delayMs: fc.nat(3),
    delayJitterMs: fc.nat(3),
    reorder: fc.option(fc.record({ window: fc.integer({ min: 2, max: 5 }), waitMs: fc.nat(3) })),
  });
  const step = fc.constantFrom('add', 'edit', 'create', 'refused');
  await checkProperty(
    fc.asyncProperty(faults, fc.array(step, { maxLength: 12 }), fc.nat(3), async (wrong, steps, fails) => {
      await control.reset({});
      receiver.received.length = 0;
      receiver.answers((_, response) =>
        response.writeHead(fails > 0 && receiver.received.length % (fails + 1) === 0 ? 500 : 202).end(),
      );
      const { stale: _, ...common } = wrong;
      await control.setWebhookFaults('yapla', wrong);
      await control.setWebhookFaults('yoplanning', common);
      const id = await control.add('yapla', lea);
      let changes = 1;
      for (const step of steps) {
        if (step === 'add') await control.add('yapla', lea);
        if (step === 'edit') await control.edit('yapla', id, { city: 'Mons' });
        if (step === 'create') await clients(sandbox, '', { method: 'POST', body: document });
        if (step === 'refused') await clients(sandbox, '', { method: 'POST', body: {} });
        else changes += 1;
      }
      await control.settled();
      const { yapla, yoplanning } = await control.webhooks();
      for (const { emitted, delivered, failed, dropped, duplicated, pending } of [yapla, yoplanning]) {
        expect(delivered + failed).toBe(emitted - dropped + duplicated);
        expect(pending).toBe(0);
      }
      expect(yapla.emitted + yoplanning.emitted).toBe(changes);
      const sent = [yapla, yoplanning].reduce((sum, { delivered, failed }) => sum + delivered + failed, 0);
      expect(receiver.received).toHaveLength(sent);
    }),
    { numRuns: 30 },
  );
});
