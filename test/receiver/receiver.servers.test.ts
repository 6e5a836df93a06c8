import { personsOf } from '../../src/core/record.js';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { yaplaEventsSchema } from '../../src/config/yaplaEvents.js';
import { addEvents, addressEvents, takeDueSignals, takeEvents } from '../../src/store/inbox.js';
import { syncRecordId } from '../../workflows/syncRecord.messages.js';
import { waitFor } from '../embedded/waitFor.js';
import { textOf } from '../helpers/historyText.js';
import { memberEvent, receiverTest, type ReceiverHouse } from './receiverTest.js';
import { client as clientId, secrets, team } from './testServer.js';

let house: ReceiverHouse;
receiverTest((given) => (house = given));

const clientEvent = (id: string) => ({
  resource: { id, type: 'client' },
  link: `https://yoplanning.pro/api/v3.1/teams/${team}/clients/${id}`,
  event: 'updated',
});

describe('a webhook', () => {
  test('is in the inbox when it is acknowledged, and reaches the workflow of its person', async () => {
    const receiver = await house.start();
    expect(await house.deliver(receiver, 'yapla', memberEvent('1042'))).toMatchObject({ status: 202 });
    expect(await house.countInbox()).toBe(1);
    await house.untilSignalled('yapla:1042');
    expect(await house.signalsTo('yapla:1042')).toEqual([{ yapla: 1, yoplanning: 0 }]);
    expect(await takeEvents(house.sql, personsOf(house.club), 'yapla:1042')).toMatchObject([
      { externalId: '1042', body: memberEvent('1042') },
    ]);
  });

  test('about a registration is told to a workflow of its own, beside those of people', async () => {
    const config = house.configOf({});
    const club = config.connections[house.club]!;
    const events = yaplaEventsSchema.parse({});
    const connections = { ...config.connections, [house.club]: { ...club, yapla: { ...club.yapla, events } } };
    const receiver = await house.start({}, { config: { ...config, connections } });
    const registration = { event: 'registration.created', data: { id: 5001 } };
    expect(await house.deliver(receiver, 'yapla', registration)).toMatchObject({ status: 202 });
    expect(await house.deliver(receiver, 'yapla', memberEvent('5001'))).toMatchObject({ status: 202 });
    await waitFor('a signal to each of the two', async () => {
      const told = await house.sql<{ kind: string }[]>`
        select kind from link_signal where link_id = 'yapla:5001' and signalled_at is not null order by kind`;
      return told.map(({ kind }) => kind).join() === 'person,registration';
    });
    const [kept] = await house.sql`
      select kind, event, external_id as id, body, link_id as link from inbox where kind = 'registration'`;
    expect(kept).toEqual({
      kind: 'registration',
      event: 'created',
      id: '5001',
      body: registration,
      link: 'yapla:5001',
    });
  });

  test('leaves nothing of its content in the history or the log', async () => {
    const receiver = await house.start();
    await house.deliver(receiver, 'yapla', memberEvent('7'));
    await house.untilSignalled('yapla:7');
    const history = await house.client.workflow
      .getHandle(syncRecordId(personsOf(house.club), 'yapla:7'))
      .fetchHistory();
    const text = `${textOf(history)} ${JSON.stringify(house.logged)}`;
    expect(text).toContain('yapla:7');
    expect(text).not.toMatch(/quirina|club\.example|of-nobody/i);
  });

  test('that is delivered twice has one effect: one signal', async () => {
    const receiver = await house.start({ debounceMs: 300 });
    const body = clientEvent(clientId);
    expect(await house.deliver(receiver, 'yoplanning', body)).toMatchObject({ status: 202 });
    expect(await house.deliver(receiver, 'yoplanning', body)).toMatchObject({ status: 202 });
    await house.untilSignalled(`yoplanning:${clientId}`);
    expect(await house.takenEvents(`yoplanning:${clientId}`, 2)).toHaveLength(2);
    expect(await house.signalsTo(`yoplanning:${clientId}`)).toHaveLength(1);
  });

  test.each([
    ['without its body, which holds people’s data', {}],
    ['with its body, where that is asked for', { otherWebhookBodies: true }],
  ])('of a resource that nobody acts on is acknowledged and kept %s', async (_, retention) => {
    const config = house.configOf({});
    Object.assign(config.retention, retention);
    const receiver = await house.start({}, { config });
    const link = `https://yoplanning.pro/api/v3.1/teams/${team}/orders/1`;
    const body = { resource: { id: '1', type: 'order' }, link, event: 'created' };
    expect(await house.deliver(receiver, 'yoplanning', body)).toMatchObject({ status: 202 });
    const rows = await house.sql`select event, external_id, body, handled_at is not null as handled from inbox`;
    const kept = 'otherWebhookBodies' in retention ? body : {};
    expect([...rows]).toEqual([{ event: 'other', external_id: null, body: kept, handled: true }]);
  });
});

test('a storm for a few people is stored whole and leads to one signal for each', async () => {
  const receiver = await house.start({ debounceMs: 500 });
  const people = Array.from({ length: 20 }, (_, n) => String(n));
  const deliveries = Array.from({ length: 600 }, (_, n) => memberEvent(people[n % people.length]!));
  const send = async () => {
    for (let body = deliveries.pop(); body !== undefined; body = deliveries.pop()) {
      expect(await house.deliver(receiver, 'yapla', body)).toMatchObject({ status: 202 });
    }
  };
  await Promise.all(Array.from({ length: 20 }, send));
  expect(await house.countInbox()).toBe(600);
  const links = people.map((id) => `yapla:${id}`);
  await house.untilSignalled(...links);
  await waitFor('every event has its link', async () => {
    const [{ n }] = await house.sql<[{ n: number }]>`select count(*)::int as n from inbox where link_id is null`;
    return n === 0;
  });
  // Nobody took the events, so that those which came after the signal joined it.
  for (const link of links) expect(await house.signalsTo(link)).toHaveLength(1);
});

test('two receivers at once send one signal for what both were delivered', async () => {
  const config = house.configOf({ debounceMs: 300, receiver: { pollMs: 20 } });
  const both = [await house.start({}, { config }), await house.start({}, { config })];
  const people = Array.from({ length: 20 }, (_, n) => String(n));
  await Promise.all(people.flatMap((id) => both.map((receiver) => house.deliver(receiver, 'yapla', memberEvent(id)))));
  await house.untilSignalled(...people.map((id) => `yapla:${id}`));
  for (const id of people) {
    expect(await house.takenEvents(`yapla:${id}`, 2)).toHaveLength(2);
    expect(await house.signalsTo(`yapla:${id}`)).toHaveLength(1);
  }
});

describe('what another left', () => {
  const event = { kind: 'person', system: 'yapla', event: 'updated', externalId: '1', body: '{}' } as const;

  test('is forwarded by whoever polls: events that were stored and not addressed', async () => {
    await house.start({ receiver: { pollMs: 50 } });
    await addEvents(house.sql, [{ connectionId: house.club, ...event }]);
    await house.untilSignalled('yapla:1');
  });

  test('is forwarded again: a signal that was lost with its process', async () => {
    const rules = [{ connectionId: house.club, debounceMs: 0, resignalMs: 200 }];
    await addEvents(house.sql, [{ connectionId: house.club, ...event }]);
    await addressEvents(house.sql, rules, 10);
    // Marked as sent, and never sent: its process died in between.
    expect(await takeDueSignals(house.sql, rules, 10)).toHaveLength(1);
    await house.start({ resignalMs: 200, receiver: { pollMs: 50 } });
    await house.untilSignalled('yapla:1');
    expect(await house.signalsTo('yapla:1')).toContainEqual({ yapla: 1, yoplanning: 0 });
  });

  test('is signalled again: events that a workflow took and never handled', async () => {
    const rules = [{ connectionId: house.club, debounceMs: 0, resignalMs: 600_000 }];
    await addEvents(house.sql, [{ connectionId: house.club, ...event }]);
    await addressEvents(house.sql, rules, 10);
    await takeEvents(house.sql, personsOf(house.club), 'yapla:1');
    await house.start({ receiver: { pollMs: 50, strandedMs: 200 } });
    await house.untilSignalled('yapla:1');
  });
});

test('a body that PostgreSQL cannot hold is refused, and takes none of the others with it', async () => {
  const receiver = await house.start();
  const depth = 100_000;
  const deep = `{"event":"member.updated","data":{"id":"deep"},"x":${'['.repeat(depth)}${']'.repeat(depth)}}`;
  const post = async (body: string) => (await house.deliver(receiver, 'yapla', body)).status;
  const others = Array.from({ length: 10 }, (_, n) => JSON.stringify(memberEvent(String(n))));
  const answers = await Promise.all([...others.slice(0, 5), deep, ...others.slice(5)].map(post));
  expect(answers).toEqual([202, 202, 202, 202, 202, 400, 202, 202, 202, 202, 202]);
  expect(await house.countInbox()).toBe(10);
});

describe('when it stops', () => {
  test('what it acknowledged is stored, whatever was under way', async () => {
    const receiver = await house.start();
    let stopping = false;
    let acknowledged = 0;
    const other: number[] = [];
    const send = async (sender: number) => {
      for (let n = 0; !stopping || n === 0; n += 1) {
        try {
          const { status } = await house.deliver(receiver, 'yapla', memberEvent(`${sender}-${n % 5}`));
          if (status === 202) acknowledged += 1;
          else other.push(status);
        } catch {
          // Its connection was closed before the request was taken: the sender knows that it was not delivered.
          if (!stopping) throw new Error('a connection was lost while nothing stopped');
        }
      }
    };
    const senders = Array.from({ length: 20 }, (_, n) => send(n));
    await waitFor('deliveries are under way', () => acknowledged > 100);
    const stopped = receiver.stop();
    stopping = true;
    await Promise.all([stopped, ...senders]);
    expect(other).toEqual([]);
    expect(await house.countInbox()).toBe(acknowledged);
  });

  test('a request that has begun to arrive is taken to its end', async () => {
    const receiver = await house.start();
    const body = JSON.stringify(memberEvent('1'));
    const { hostname, port } = new URL(receiver.address);
    const socket: Socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    const head = `POST /webhooks/${house.club}/yapla/${secrets.yapla} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nexpect: 100-continue\r\n\r\n`;
    socket.write(head);
    // The receiver asks for the body once it has read the head.
    const [proceed] = (await once(socket, 'data')) as [Buffer];
    expect(proceed.toString()).toMatch(/^HTTP\/1\.1 100 /);
    socket.write(body.slice(0, 10));
    const stopped = receiver.stop();
    socket.write(body.slice(10));
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 202 /);
    await stopped;
    expect(await house.countInbox()).toBe(1);
  });
});
