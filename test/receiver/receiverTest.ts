/**
 * What tests of the running receiver have in common: a database of each test's own, and a task queue on which nobody works, so that
 * every signal stays to be counted.
 */
import { personsOf } from '../../src/core/record.js';
import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import { pino } from 'pino';
import { Agent, request } from 'undici';
import type { Config } from '../../src/config/schema.js';
import { startReceiver, type RunningReceiver } from '../../src/receiver/receiver.js';
import { openDatabase, type Sql } from '../../src/store/database.js';
import { takeEvents } from '../../src/store/inbox.js';
import { syncRecordId } from '../../workflows/syncRecord.messages.js';
import { waitFor } from '../embedded/waitFor.js';
import { freshDatabase, temporalAddress, uniqueName, type FreshDatabase } from '../helpers/servers.js';
import { secrets, testConfig } from './testServer.js';

const anyNumber = { maxReadsPerHour: 1_000_000, maxStrangersPerHour: 1_000_000, maxInboxBytes: 1_000_000_000 };

export interface Quick {
  readonly debounceMs?: number;
  readonly resignalMs?: number;
  readonly receiver?: Partial<Config['receiver']>;
  /** Ceilings of the connection, and when it is quiet; left out: whatever comes is taken. */
  readonly webhooks?: NonNullable<Parameters<typeof testConfig>[0]>['webhooks'];
}

/** The servers of one test, and what is asked of its receivers. */
export class ReceiverHouse {
  /** Of the connection. */
  readonly club = uniqueName('club');
  readonly logged: { msg: string; [key: string]: unknown }[] = [];
  readonly #agent = new Agent({ connections: 20 });
  readonly #stops: (() => Promise<unknown>)[] = [];

  private constructor(
    readonly client: Client,
    readonly database: FreshDatabase,
    readonly sql: Sql,
  ) {}

  static async open(client: Client): Promise<ReceiverHouse> {
    const database = await freshDatabase();
    const sql = openDatabase(database.url, { maxConnections: 4, applicationName: 'receiver test' });
    return new ReceiverHouse(client, database, sql);
  }

  async close(): Promise<void> {
    for (const stop of this.#stops.splice(0).reverse()) await stop();
    await this.#agent.close();
    // Nobody works on the task queue: what a test started would stay for good.
    for (const linkId of this.#signalledLinks()) {
      await this.client.workflow.getHandle(syncRecordId(personsOf(this.club), linkId)).terminate('end of the test');
    }
    await this.sql.end();
    await this.database.drop();
  }

  /** To be done when the test ends, last come first. */
  atEnd(stop: () => Promise<unknown>): void {
    this.#stops.push(stop);
  }

  configOf({ debounceMs = 100, resignalMs = 600_000, receiver = {}, webhooks = anyNumber }: Quick): Config {
    return testConfig({
      connectionId: this.club,
      liveTaskQueue: uniqueName('live'),
      connection: { live: { debounceMs, resignalMs } },
      webhooks,
      receiver: { maxRequestsPerSecond: 100_000, retryMs: 50, maxRetryMs: 200, ...receiver },
    });
  }

  async start(
    quick: Quick = {},
    servers: { readonly databaseUrl?: string; readonly client?: Client; readonly config?: Config } = {},
  ): Promise<RunningReceiver> {
    const write = (line: string) => void this.logged.push(JSON.parse(line) as { msg: string });
    const receiver = await startReceiver({
      config: servers.config ?? this.configOf(quick),
      databaseUrl: servers.databaseUrl ?? this.database.url,
      client: servers.client ?? this.client,
      log: pino({ level: 'info' }, { write }),
    });
    this.atEnd(() => receiver.stop());
    return receiver;
  }

  async deliver(receiver: RunningReceiver, system: 'yapla' | 'yoplanning', body: object | string) {
    const answer = await request(`${receiver.address}/webhooks/${this.club}/${system}/${secrets[system]}`, {
      dispatcher: this.#agent,
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    await answer.body.dump();
    return { status: answer.statusCode, headers: answer.headers };
  }

  async ask(receiver: RunningReceiver, path: string) {
    const answer = await request(`${receiver.address}${path}`, { dispatcher: this.#agent });
    return { status: answer.statusCode, text: await answer.body.text() };
  }

  async countInbox(): Promise<number> {
    const [{ n }] = await this.sql<[{ n: number }]>`select count(*)::int as n from inbox`;
    return n;
  }

  /** Links that a receiver of this test sent a signal to, as its log tells. */
  #signalledLinks(): Set<string> {
    return new Set(this.logged.filter(({ msg }) => msg === 'events forwarded').map((line) => String(line['linkId'])));
  }

  /** What Temporal holds of the signals to a link: how often, and the events that they told of. */
  async signalsTo(linkId: string): Promise<{ yapla: number; yoplanning: number }[]> {
    const handle = this.client.workflow.getHandle(syncRecordId(personsOf(this.club), linkId));
    const { events } = await handle.fetchHistory();
    return (events ?? []).flatMap(({ workflowExecutionSignaledEventAttributes: signal }) => {
      const [payload] = signal?.input?.payloads ?? [];
      return payload?.data
        ? [JSON.parse(Buffer.from(payload.data).toString()) as { yapla: number; yoplanning: number }]
        : [];
    });
  }

  async untilSignalled(...links: readonly string[]): Promise<void> {
    await waitFor(`signals to ${links.join(', ')}`, () => {
      const known = this.#signalledLinks();
      return links.every((link) => known.has(link));
    });
  }

  /** What the link's workflow would find, once so many events are addressed to it: a signal may be ahead of those that join it. */
  async takenEvents(linkId: string, count: number) {
    await waitFor(`${count} events are addressed to ${linkId}`, async () => {
      const [{ n }] = await this.sql<[{ n: number }]>`select count(*)::int as n from inbox where link_id = ${linkId}`;
      return n === count;
    });
    return await takeEvents(this.sql, personsOf(this.club), linkId);
  }
}

/** Opens a house for each test of the file that calls this, and closes it. @param given called before each test */
export function receiverTest(given: (house: ReceiverHouse) => void): void {
  let temporal: Connection;
  let house: ReceiverHouse;
  beforeAll(async () => {
    temporal = await Connection.connect({ address: temporalAddress() });
  });
  beforeEach(async () => {
    house = await ReceiverHouse.open(new Client({ connection: temporal }));
    given(house);
  });
  afterEach(() => house.close());
  afterAll(() => temporal.close());
}

export const memberEvent = (id: string) => ({
  event: 'member.updated',
  data: { id, first_name: 'Quirina', email: 'quirina@club.example' },
});
