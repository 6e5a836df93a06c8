/** What the two systems tell, to whom, and when. What goes wrong on the way: webhookFaults.unit.test.ts. */
import { describe, expect, test } from '@jest/globals';
import { sandboxCredentials, yaplaShapes } from '../../src/sandbox/options.js';
import { clients, flatData, openSession, sandboxes, send } from './http.js';
import { answersAfter, cities, lea, tellingSandboxes } from './told.js';

const start = tellingSandboxes();
const startSilent = sandboxes();
const { yoplanningTeam, yoplanningToken, yaplaKey } = sandboxCredentials;
const uuid = '0f8fad5b-d9cb-469f-a165-70867728950e';
const document = { first_name: 'Léa', last_name: 'Invent' };

describe('Yoplanning tells', () => {
  test('resource, link and event, and nothing else, of what a user did', async () => {
    const { sandbox, receiver, bodies } = await start();
    const id = await sandbox.control.add('yoplanning', lea);
    await sandbox.control.edit('yoplanning', id, { city: 'Mons' });
    await sandbox.control.remove('yoplanning', id);
    await sandbox.control.settled();
    const resource = { id, type: 'client' };
    const link = `${sandbox.addresses.yoplanning}/api/v3.1/teams/${yoplanningTeam}/clients/${id}`;
    expect(bodies()).toEqual([
      { resource, link, event: 'created' },
      { resource, link, event: 'updated' },
      { resource, link, event: 'deleted' },
    ]);
    expect(receiver.received[0]).toMatchObject({
      method: 'POST',
      url: '/yoplanning',
      headers: expect.objectContaining({ 'content-type': 'application/json' }),
    });
  });

  test('a link under which the client is read', async () => {
    const { sandbox, bodies, change } = await start();
    await change('yoplanning', 1);
    await sandbox.control.settled();
    const link = bodies().at(-1)?.['link'] as string;
    const reply = await send(link, { headers: { authorization: `Token ${yoplanningToken}` } });
    expect([reply.status, reply.json.city]).toEqual([200, '1']);
  });

  test('of writes through its API as of any other change, and not of those it refused', async () => {
    const { sandbox, bodies } = await start();
    await clients(sandbox, `/${uuid}`, { method: 'PUT', body: document });
    await clients(sandbox, `/${uuid}`, { method: 'PUT', body: {} });
    await clients(sandbox, `/${uuid}`, { method: 'PUT', body: document });
    await clients(sandbox, `/${uuid}`);
    await clients(sandbox, `/${uuid}`, { method: 'DELETE' });
    await sandbox.control.settled();
    expect(bodies().map(({ event }) => event)).toEqual(['created', 'updated', 'deleted']);
  });

  test('of a write whose answer was lost on the way', async () => {
    const { sandbox, bodies } = await start({
      faults: [{ method: 'PUT', action: { do: 'reset', effect: 'applied' } }],
    });
    await expect(clients(sandbox, `/${uuid}`, { method: 'PUT', body: document })).rejects.toThrow();
    await sandbox.control.settled();
    expect(bodies()).toMatchObject([{ event: 'created', resource: { id: uuid } }]);
  });
});

describe('Yapla tells', () => {
  test('the whole member as its DATA API answers it, in shape flat', async () => {
    const { sandbox, bodies } = await start();
    const id = await sandbox.control.add('yapla', { ...lea, birthDate: '2000-02-29' });
    await sandbox.control.settled();
    expect(bodies()).toEqual([{ event: 'member.created', data: (await flatData(sandbox, `/${id}`)).json.data }]);
    await sandbox.control.edit('yapla', id, { country: 'BE' });
    await sandbox.control.settled();
    expect(bodies()[1]).toEqual({ event: 'member.updated', data: (await flatData(sandbox, `/${id}`)).json.data });
  });

  test('the whole member as its DATA API answers it, in shape nested', async () => {
    const { sandbox, bodies } = await start({ yapla: { shape: 'nested' } });
    await sandbox.control.add('yapla', { ...lea, birthDate: '2000-02-29', country: 'BE' });
    await sandbox.control.settled();
    const list = await send(`${sandbox.addresses.yapla}/api/1.0/campaign/0/members?apiKey=${yaplaKey}`);
    expect(bodies()).toEqual([{ event: 'member.created', data: list.json.response.members.items[0] }]);
  });

  test('the member below a path, under names of its own, in shape listed', async () => {
    const { sandbox, bodies } = await start({ yapla: { shape: 'listed' } });
    const id = await sandbox.control.add('yapla', { ...lea, birthDate: '2000-02-29', city: 'Mons' });
    await sandbox.control.settled();
    const version = (await sandbox.control.record('yapla', id))?.document['updated_at'];
    expect(bodies()).toEqual([
      {
        action: 'Create a member',
        data: {
          objet: 'membre',
          fiche: expect.objectContaining({
            no: id,
            identite: expect.objectContaining({ prenom: lea.firstName, nom: lea.lastName, naissance: '29/02/2000' }),
            address: expect.objectContaining({ ville: 'Mons' }),
            modifie_le: version,
          }),
        },
      },
    ]);
  });

  test('each member as it was when it changed, whatever came after', async () => {
    const { sandbox, bodies, change } = await start();
    await change('yapla', 5);
    await sandbox.control.settled();
    expect(cities(bodies())).toEqual(['', '1', '2', '3', '4', '5']);
  });

  test('of writes through its API as of any other change', async () => {
    const { sandbox, bodies } = await start();
    const headers = { token: await openSession(sandbox) };
    const url = `${sandbox.addresses.yapla}/api/2/members`;
    const { id } = (await send(url, { method: 'POST', headers, body: document })).json.data;
    await send(`${url}/${id}`, { method: 'PUT', headers, body: { ...document, city: 'Mons' } });
    await sandbox.control.settled();
    expect(bodies()).toMatchObject([
      { event: 'member.created', data: { id, city: '' } },
      { event: 'member.updated', data: { id, city: 'Mons' } },
    ]);
  });

  test('nothing of a member that is gone: no such event is known', async () => {
    const { sandbox, bodies, change } = await start();
    await sandbox.control.remove('yapla', await change('yapla', 0));
    await sandbox.control.settled();
    expect(bodies().map(({ event }) => event)).toEqual(['member.created']);
    expect((await sandbox.control.webhooks()).yapla).toMatchObject({ emitted: 1, delivered: 1 });
  });

  test.each(yaplaShapes)('a later version with each change, in shape %s', async (shape) => {
    const { sandbox, change } = await start({ yapla: { shape } });
    const id = await change('yapla', 0);
    const place = shape === 'nested' ? 'dateModification' : 'updated_at';
    const versions: string[] = [];
    for (let i = 0; i < 20; i += 1) {
      await sandbox.control.edit('yapla', id, { city: String(i) });
      versions.push((await sandbox.control.record('yapla', id))?.document[place] as string);
    }
    // The flat shape shows whole seconds, as PHP's databases do: versions never go back, but may look the same.
    expect(versions).toEqual([...versions].sort());
    if (shape === 'nested') expect(new Set(versions).size).toBe(20);
  });
});

describe('who is told', () => {
  test('nobody, until somebody subscribes, and nobody after they left', async () => {
    const { sandbox, receiver, bodies, change } = await start({ yapla: { webhooks: null } });
    await change('yapla', 1);
    expect((await sandbox.control.webhooks()).yapla).toMatchObject({ emitted: 0, pending: 0 });
    await sandbox.control.setWebhooks('yapla', { url: receiver.url, headers: { 'x-secret': 'open sesame' } });
    await sandbox.control.edit('yapla', '1001', { city: 'Mons' });
    await sandbox.control.setWebhooks('yapla', null);
    await sandbox.control.edit('yapla', '1001', { city: 'Namur' });
    await sandbox.control.settled();
    expect(cities(bodies())).toEqual(['Mons']);
    expect(receiver.received[0]?.headers['x-secret']).toBe('open sesame');
  });

  test('nobody of the people who are there from the start, or after a reset', async () => {
    const { sandbox, bodies } = await start({ people: { yapla: 3, yoplanning: 3 } });
    await sandbox.control.reset({ yapla: 2, yoplanning: 2, seed: 4 });
    await sandbox.control.add('yoplanning', lea);
    await sandbox.control.settled();
    expect(bodies()).toHaveLength(1);
  });

  test('only at an address of the web', async () => {
    const { control } = await startSilent();
    await expect(control.setWebhooks('yapla', { url: 'file:///etc/passwd' })).rejects.toMatchObject({ status: 400 });
  });
});

describe('when', () => {
  test('an edit has returned, its webhook is on its way', async () => {
    const { sandbox, receiver } = await start();
    const never = new Promise(() => undefined);
    answersAfter(receiver, () => never);
    await sandbox.control.add('yoplanning', lea);
    expect((await sandbox.control.webhooks()).yoplanning).toMatchObject({ emitted: 1, delivered: 0, pending: 1 });
  });

  test('the answer of the write that caused it has left, and without holding it up', async () => {
    const outboundMs = 120;
    const { sandbox, receiver } = await start({ yoplanning: { latency: { outboundMs } } });
    let arrivedAt = 0;
    let answered = (): void => undefined;
    const putAnswered = new Promise<void>((resolve) => (answered = resolve));
    answersAfter(receiver, () => {
      arrivedAt = performance.now();
      return putAnswered;
    });
    const began = performance.now();
    // It would never be answered if it waited for its webhook, which waits for it.
    expect((await clients(sandbox, `/${uuid}`, { method: 'PUT', body: document })).status).toBe(201);
    answered();
    await sandbox.control.settled();
    expect(arrivedAt - began).toBeGreaterThanOrEqual(outboundMs - 2);
  });

  test('the one before it was answered: in the order of the changes, however slow the receiver', async () => {
    const { sandbox, receiver, bodies, change } = await start();
    let underWay = 0;
    let most = 0;
    answersAfter(receiver, async () => {
      most = Math.max(most, ++underWay);
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 4));
      underWay -= 1;
    });
    await change('yapla', 30);
    await sandbox.control.settled();
    expect(cities(bodies())).toEqual(['', ...Array.from({ length: 30 }, (_, i) => String(i + 1))]);
    expect(most).toBe(1);
  });

  test('several at once, where the target takes them so', async () => {
    const { sandbox, receiver, change } = await start({}, {}, { parallel: 3 });
    let release = (): void => undefined;
    const thirdCame = new Promise<void>((resolve) => (release = resolve));
    // The first is answered only when the third is there.
    answersAfter(receiver, () => {
      if (receiver.received.length === 3) release();
      return thirdCame;
    });
    await change('yoplanning', 5);
    await sandbox.control.settled();
    expect((await sandbox.control.webhooks()).yoplanning).toMatchObject({ delivered: 6, failed: 0 });
  });

  test('everything is sent and answered is what "settled" waits for', async () => {
    const { sandbox, receiver } = await start();
    let answer = (): void => undefined;
    const held = new Promise<void>((resolve) => (answer = resolve));
    answersAfter(receiver, () => held);
    await sandbox.control.add('yapla', lea);
    const order: string[] = [];
    const settled = sandbox.control.settled().then(() => order.push('settled'));
    // A round trip after the question was put: an answer that waited for nothing would be here.
    await sandbox.control.webhooks();
    order.push('answered');
    answer();
    await settled;
    expect(order).toEqual(['answered', 'settled']);
    await sandbox.control.settled();
  });
});

describe('a delivery that fails', () => {
  test.each([503, 404, 301])('with status %d is not sent again, and is counted', async (status) => {
    const { sandbox, receiver } = await start();
    receiver.answersWith(status, {}, { location: receiver.url });
    await sandbox.control.add('yoplanning', lea);
    await sandbox.control.settled();
    expect(receiver.received).toHaveLength(1);
    expect((await sandbox.control.webhooks()).yoplanning).toMatchObject({
      emitted: 1,
      delivered: 0,
      failed: 1,
      lastFailure: String(status),
    });
  });

  test('because nobody answers in time or nobody listens is told from one that is refused', async () => {
    const { sandbox, receiver } = await start({}, {}, { timeoutMs: 30 });
    const never = new Promise(() => undefined);
    answersAfter(receiver, () => never);
    const id = await sandbox.control.add('yapla', lea);
    await sandbox.control.settled();
    expect((await sandbox.control.webhooks()).yapla).toMatchObject({ failed: 1, lastFailure: 'TimeoutError' });
    const { url } = receiver;
    await receiver.stop();
    await sandbox.control.setWebhooks('yapla', { url });
    await sandbox.control.edit('yapla', id, { city: 'Mons' });
    await sandbox.control.settled();
    expect((await sandbox.control.webhooks()).yapla).toMatchObject({ failed: 2, lastFailure: 'ECONNREFUSED' });
  });

  test('is sent again where retries are asked for, before those behind it', async () => {
    const { sandbox, receiver, bodies, change } = await start({}, {}, { retries: 2, retryDelayMs: 1 });
    receiver.answers((_, response) => response.writeHead(receiver.received.length <= 2 ? 500 : 202).end());
    await change('yapla', 1);
    await sandbox.control.settled();
    expect(cities(bodies())).toEqual(['', '', '', '1']);
    expect((await sandbox.control.webhooks()).yapla).toMatchObject({ emitted: 2, delivered: 2, failed: 0 });
  });
});

test('a sandbox stops at once, whatever it still has to tell', async () => {
  const { sandbox, receiver } = await start({}, { yapla: { delayMs: 3_600_000 } });
  const never = new Promise(() => undefined);
  answersAfter(receiver, () => never);
  await sandbox.control.add('yapla', lea);
  await sandbox.control.add('yoplanning', lea);
  await sandbox.stop();
  expect(receiver.received.length).toBeLessThanOrEqual(1);
});
