import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { pino } from 'pino';
import { Agent, request } from 'undici';
import type { Config } from '../../src/config/schema.js';
import { startReceiver, type RunningReceiver } from '../../src/receiver/receiver.js';
import { openDatabase, type Sql } from '../../src/store/database.js';
import { addEvents, addressEvents, takeDueSignals, takeEvents } from '../../src/store/inbox.js';
import { lazyTemporal } from '../../src/temporal.js';
import { syncRecordId } from '../../workflows/syncRecord.messages.js';
import { waitFor } from '../embedded/waitFor.js';
import { freshDatabase, temporalAddress, uniqueName, type FreshDatabase } from '../helpers/servers.js';
import { textOf } from '../helpers/historyText.js';
import { openGate, type Gate } from './gate.js';
import { client as clientId, secrets, team, testConfig } from './testServer.js';

let temporal: Connection;
let client: Client;
let database: FreshDatabase;
let sql: Sql;
let agent: Agent;
let club: string;
let logged: { msg: string; [key: string]: unknown }[];
const running: { stop(): Promise<unknown> }[] = [];

beforeAll(async () => {
  temporal = await Connection.connect({ address: temporalAddress() });
  client = new Client({ connection: temporal });
});
afterAll(() => temporal.close());

beforeEach(async () => {
  database = await freshDatabase();
  sql = openDatabase(database.url, { maxConnections: 4, applicationName: 'receiver test' });
  agent = new Agent({ connections: 20 });
  club = uniqueName('club');
  logged = [];
});
afterEach(async () => {
  for (const one of running.splice(0).reverse()) await one.stop();
  await agent.close();
  // Nobody works on the task queue: what a test started would stay for good.
  for (const linkId of await signalledLinks()) {
    await client.workflow.getHandle(syncRecordId(club, linkId)).terminate('end of the test');
  }
  await sql.end();
  await database.drop();
});

interface Quick {
  readonly debounceMs?: number;
  readonly resignalMs?: number;
  readonly receiver?: Partial<Config['receiver']>;
}

/** Nothing works on its task queue, so that every signal stays to be counted. */
function configOf({ debounceMs = 100, resignalMs = 600_000, receiver = {} }: Quick): Config {
  return testConfig({
    connectionId: club,
    liveTaskQueue: uniqueName('live'),
    connection: { live: { debounceMs, resignalMs } },
    receiver: { maxRequestsPerSecond: 100_000, retryMs: 50, maxRetryMs: 200, ...receiver },
  });
}

async function start(
  quick: Quick = {},
  servers: { readonly databaseUrl?: string; readonly client?: Client; readonly config?: Config } = {},
): Promise<RunningReceiver> {
  const receiver = await startReceiver({
    config: servers.config ?? configOf(quick),
    databaseUrl: servers.databaseUrl ?? database.url,
    client: servers.client ?? client,
    log: pino({ level: 'info' }, { write: (line: string) => void logged.push(JSON.parse(line) as { msg: string }) }),
  });
  running.push(receiver);
  return receiver;
}

const memberEvent = (id: string) => ({
  event: 'member.updated',
  data: { id, first_name: 'Quirina', email: 'quirina@club.example' },
});
const clientEvent = (id: string) => ({
  resource: { id, type: 'client' },
  link: `https://yoplanning.pro/api/v3.1/teams/${team}/clients/${id}`,
  event: 'updated',
});

async function deliver(receiver: RunningReceiver, system: 'yapla' | 'yoplanning', body: object) {
  const answer = await request(`${receiver.address}/webhooks/${club}/${system}/${secrets[system]}`, {
    dispatcher: agent,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  await answer.body.dump();
  return { status: answer.statusCode, headers: answer.headers };
}
const ask = async (receiver: RunningReceiver, path: string) => {
  const answer = await request(`${receiver.address}${path}`, { dispatcher: agent });
  return { status: answer.statusCode, text: await answer.body.text() };
};

const countInbox = async () => (await sql<[{ n: number }]>`select count(*)::int as n from inbox`)[0].n;
/** Links that a receiver of this test sent a signal to, as its log tells. */
const signalledLinks = async () =>
  new Set(logged.filter(({ msg }) => msg === 'events forwarded').map((line) => String(line['linkId'])));

/** What Temporal holds of the signals to a link: how often, and the events that they told of. */
async function signalsTo(linkId: string): Promise<{ yapla: number; yoplanning: number }[]> {
  const handle = client.workflow.getHandle(syncRecordId(club, linkId));
  const { events = [] } = await handle.fetchHistory();
  return (events ?? []).flatMap(({ workflowExecutionSignaledEventAttributes: signal }) => {
    const [payload] = signal?.input?.payloads ?? [];
    return payload?.data
      ? [JSON.parse(Buffer.from(payload.data).toString()) as { yapla: number; yoplanning: number }]
      : [];
  });
}
const untilSignalled = (...links: readonly string[]) =>
  waitFor(`signals to ${links.join(', ')}`, async () => {
    const known = await signalledLinks();
    return links.every((link) => known.has(link));
  });

/** What the link's workflow would find, once so many events are addressed to it: a signal may be ahead of those that join it. */
async function takenEvents(linkId: string, count: number) {
  await waitFor(`${count} events are addressed to ${linkId}`, async () => {
    const [{ n }] = await sql<[{ n: number }]>`select count(*)::int as n from inbox where link_id = ${linkId}`;
    return n === count;
  });
  return await takeEvents(sql, club, linkId);
}

/** A gate in front of the test's database. */
async function gatedDatabase(): Promise<Gate & { readonly url: string }> {
  const url = new URL(database.url);
  const gate = await openGate(`${url.hostname}:${url.port}`);
  running.push({ stop: () => gate.close() });
  url.host = gate.address;
  return { ...gate, url: url.href };
}

describe('a webhook', () => {
  test('is in the inbox when it is acknowledged, and reaches the workflow of its person', async () => {
    const receiver = await start();
    expect(await deliver(receiver, 'yapla', memberEvent('1042'))).toMatchObject({ status: 202 });
    expect(await countInbox()).toBe(1);
    await untilSignalled('yapla:1042');
    expect(await signalsTo('yapla:1042')).toEqual([{ yapla: 1, yoplanning: 0 }]);
    expect(await takeEvents(sql, club, 'yapla:1042')).toMatchObject([
      { externalId: '1042', body: memberEvent('1042') },
    ]);
  });

  test('leaves nothing of its content in the history or the log', async () => {
    const receiver = await start();
    await deliver(receiver, 'yapla', memberEvent('7'));
    await untilSignalled('yapla:7');
    const history = await client.workflow.getHandle(syncRecordId(club, 'yapla:7')).fetchHistory();
    const text = `${textOf(history)} ${JSON.stringify(logged)}`;
    expect(text).toContain('yapla:7');
    expect(text).not.toMatch(/quirina|club\.example|of-nobody/i);
  });

  test('that is delivered twice has one effect: one signal', async () => {
    const receiver = await start({ debounceMs: 300 });
    const body = clientEvent(clientId);
    expect(await deliver(receiver, 'yoplanning', body)).toMatchObject({ status: 202 });
    expect(await deliver(receiver, 'yoplanning', body)).toMatchObject({ status: 202 });
    await untilSignalled(`yoplanning:${clientId}`);
    expect(await takenEvents(`yoplanning:${clientId}`, 2)).toHaveLength(2);
    expect(await signalsTo(`yoplanning:${clientId}`)).toHaveLength(1);
  });

  test('of a resource that nobody acts on is kept and acknowledged', async () => {
    const receiver = await start();
    const link = `https://yoplanning.pro/api/v3.1/teams/${team}/orders/1`;
    const body = { resource: { id: '1', type: 'order' }, link, event: 'created' };
    expect(await deliver(receiver, 'yoplanning', body)).toMatchObject({ status: 202 });
    const rows = await sql`select event, external_id, body, handled_at is not null as handled from inbox`;
    expect([...rows]).toEqual([{ event: 'other', external_id: null, body, handled: true }]);
  });
});

test('a storm for a few people is stored whole and leads to one signal for each', async () => {
  const receiver = await start({ debounceMs: 500 });
  const people = Array.from({ length: 20 }, (_, n) => String(n));
  const deliveries = Array.from({ length: 600 }, (_, n) => memberEvent(people[n % people.length]!));
  const send = async () => {
    for (let body = deliveries.pop(); body !== undefined; body = deliveries.pop()) {
      expect(await deliver(receiver, 'yapla', body)).toMatchObject({ status: 202 });
    }
  };
  await Promise.all(Array.from({ length: 20 }, send));
  expect(await countInbox()).toBe(600);
  const links = people.map((id) => `yapla:${id}`);
  await untilSignalled(...links);
  await waitFor('every event has its link', async () => {
    const [{ n }] = await sql<[{ n: number }]>`select count(*)::int as n from inbox where link_id is null`;
    return n === 0;
  });
  // Nobody took the events, so that those which came after the signal joined it.
  for (const link of links) expect(await signalsTo(link)).toHaveLength(1);
});

test('two receivers at once send one signal for what both were delivered', async () => {
  const config = configOf({ debounceMs: 300, receiver: { pollMs: 20 } });
  const both = [await start({}, { config }), await start({}, { config })];
  const people = Array.from({ length: 20 }, (_, n) => String(n));
  await Promise.all(people.flatMap((id) => both.map((receiver) => deliver(receiver, 'yapla', memberEvent(id)))));
  await untilSignalled(...people.map((id) => `yapla:${id}`));
  for (const id of people) {
    expect(await takenEvents(`yapla:${id}`, 2)).toHaveLength(2);
    expect(await signalsTo(`yapla:${id}`)).toHaveLength(1);
  }
});

describe('what another left', () => {
  const event = { system: 'yapla', event: 'updated', externalId: '1', body: '{}' } as const;

  test('is forwarded by whoever polls: events that were stored and not addressed', async () => {
    await start({ receiver: { pollMs: 50 } });
    await addEvents(sql, [{ connectionId: club, ...event }]);
    await untilSignalled('yapla:1');
  });

  test('is forwarded again: a signal that was lost with its process', async () => {
    const rules = [{ connectionId: club, debounceMs: 0, resignalMs: 200 }];
    await addEvents(sql, [{ connectionId: club, ...event }]);
    await addressEvents(sql, rules, 10);
    // Marked as sent, and never sent: its process died in between.
    expect(await takeDueSignals(sql, rules, 10)).toHaveLength(1);
    await start({ resignalMs: 200, receiver: { pollMs: 50 } });
    await untilSignalled('yapla:1');
    expect(await signalsTo('yapla:1')).toContainEqual({ yapla: 1, yoplanning: 0 });
  });

  test('is signalled again: events that a workflow took and never handled', async () => {
    const rules = [{ connectionId: club, debounceMs: 0, resignalMs: 600_000 }];
    await addEvents(sql, [{ connectionId: club, ...event }]);
    await addressEvents(sql, rules, 10);
    await takeEvents(sql, club, 'yapla:1');
    await start({ receiver: { pollMs: 50, strandedMs: 200 } });
    await untilSignalled('yapla:1');
  });
});

describe('while Temporal is down', () => {
  test('webhooks are taken and wait, and are forwarded when it returns', async () => {
    const gate = await openGate(temporalAddress());
    await gate.close();
    const lazy = lazyTemporal({ address: gate.address, namespace: 'default' });
    running.push({ stop: () => lazy.connection.close() }, { stop: () => gate.close() });
    const receiver = await start({ receiver: { signalTimeoutMs: 300 } }, { client: lazy.client });
    const people = ['1', '2', '3', '4', '5'];
    for (const id of people) expect(await deliver(receiver, 'yapla', memberEvent(id))).toMatchObject({ status: 202 });
    await waitFor('the receiver notices', async () =>
      (await ask(receiver, '/ready')).text.includes('"temporal":"down"'),
    );
    expect(await ask(receiver, '/ready')).toMatchObject({ status: 200 });
    expect(await deliver(receiver, 'yapla', memberEvent('1'))).toMatchObject({ status: 202 });
    const page = (await ask(receiver, '/metrics')).text;
    expect(page).toMatch(new RegExp(`passerelle_inbox_pending_events{connection="${club}"} 6`));
    expect(page).toMatch(new RegExp(`passerelle_signals_failed_total{connection="${club}"} [1-9]`));

    await gate.open();
    await untilSignalled(...people.map((id) => `yapla:${id}`));
    expect(await takenEvents('yapla:1', 2)).toHaveLength(2);
    await waitFor('the receiver is content', async () =>
      (await ask(receiver, '/ready')).text.includes('"temporal":"up"'),
    );
    // One line when it is lost and one when it is back, whatever was tried in between.
    const changes = logged.map(({ msg }) => msg).filter((msg) => msg.startsWith('Temporal'));
    expect(changes).toEqual([
      'Temporal does not take signals: events wait in the inbox',
      'Temporal takes signals again',
    ]);
  });
});

describe('while PostgreSQL', () => {
  test('is down, webhooks are answered 503 with a time to come again, and then taken', async () => {
    const gate = await gatedDatabase();
    const receiver = await start({ receiver: { storeTimeoutMs: 1_000 } }, { databaseUrl: gate.url });
    expect(await deliver(receiver, 'yapla', memberEvent('1'))).toMatchObject({ status: 202 });
    await gate.close();
    const refused = await deliver(receiver, 'yapla', memberEvent('2'));
    expect(refused).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
    expect(await ask(receiver, '/ready')).toMatchObject({
      status: 503,
      text: expect.stringContaining('"postgres":"down"'),
    });
    expect(await ask(receiver, '/health')).toMatchObject({ status: 200 });
    expect(await ask(receiver, '/metrics')).toMatchObject({
      status: 200,
      text: expect.stringContaining('passerelle_webhooks_refused_total{reason="unavailable"} 1'),
    });
    await gate.open();
    await waitFor(
      'deliveries are taken',
      async () => (await deliver(receiver, 'yapla', memberEvent('3'))).status === 202,
    );
    await untilSignalled('yapla:1', 'yapla:3');
    const stored = await sql<{ id: string }[]>`select distinct external_id as id from inbox where external_id <> '2'`;
    expect(stored.map(({ id }) => id).sort()).toEqual(['1', '3']);
  });

  test('hangs, webhooks are answered 503 in time, and taken when it goes on', async () => {
    const receiver = await start({ receiver: { storeTimeoutMs: 300 } });
    await sql.begin(async (tx) => {
      await tx`lock table inbox in access exclusive mode`;
      expect(await deliver(receiver, 'yapla', memberEvent('1'))).toMatchObject({ status: 503 });
    });
    await waitFor(
      'deliveries are taken',
      async () => (await deliver(receiver, 'yapla', memberEvent('2'))).status === 202,
    );
  });

  test('is not migrated, the receiver says that it is not ready', async () => {
    const url = new URL(database.url);
    url.pathname = '/postgres';
    const receiver = await start({}, { databaseUrl: url.href });
    expect(await ask(receiver, '/ready')).toMatchObject({
      status: 503,
      text: expect.stringContaining('"postgres":"notMigrated"'),
    });
  });
});

test('a body that PostgreSQL cannot hold is refused, and takes none of the others with it', async () => {
  const receiver = await start();
  const depth = 100_000;
  const deep = `{"event":"member.updated","data":{"id":"deep"},"x":${'['.repeat(depth)}${']'.repeat(depth)}}`;
  const post = (body: string) =>
    request(`${receiver.address}/webhooks/${club}/yapla/${secrets.yapla}`, {
      dispatcher: agent,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    }).then(async (answer) => {
      await answer.body.dump();
      return answer.statusCode;
    });
  const others = Array.from({ length: 10 }, (_, n) => JSON.stringify(memberEvent(String(n))));
  const answers = await Promise.all([...others.slice(0, 5), deep, ...others.slice(5)].map(post));
  expect(answers).toEqual([202, 202, 202, 202, 202, 400, 202, 202, 202, 202, 202]);
  expect(await countInbox()).toBe(10);
});

describe('when it stops', () => {
  test('what it acknowledged is stored, whatever was under way', async () => {
    const receiver = await start();
    let stopping = false;
    let acknowledged = 0;
    const other: number[] = [];
    const send = async (sender: number) => {
      for (let n = 0; !stopping || n === 0; n += 1) {
        try {
          const { status } = await deliver(receiver, 'yapla', memberEvent(`${sender}-${n % 5}`));
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
    expect(await countInbox()).toBe(acknowledged);
  });

  test('a request that has begun to arrive is taken to its end', async () => {
    const receiver = await start();
    const body = JSON.stringify(memberEvent('1'));
    const { hostname, port } = new URL(receiver.address);
    const socket: Socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    const head = `POST /webhooks/${club}/yapla/${secrets.yapla} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nexpect: 100-continue\r\n\r\n`;
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
    expect(await countInbox()).toBe(1);
  });
});
