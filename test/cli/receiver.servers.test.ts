/** `passerelle receiver` in a process of its own: how it ends, in order and without warning. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Agent, request } from 'undici';
import { openDatabase, type Sql } from '../../src/store/database.js';
import { CommandProcess } from '../helpers/commandProcess.js';
import { freshDatabase, temporalAddress, uniqueName, type FreshDatabase } from '../helpers/servers.js';
import { waitFor } from '../embedded/waitFor.js';

const secret = 'secret-of-nobody-0123456789';

let directory: string;
let database: FreshDatabase;
let sql: Sql;
let agent: Agent;
let receiver: CommandProcess;
let address: string;

beforeEach(async () => {
  directory = mkdtempSync(path.join(tmpdir(), 'passerelle-receiver-'));
  database = await freshDatabase();
  sql = openDatabase(database.url, { maxConnections: 1, applicationName: 'receiver test' });
  agent = new Agent({ connections: 20 });
  const club = {
    create: 'none',
    yapla: { read: { key: { value: '${SECRET}' } } },
    yoplanning: { token: '${SECRET}', team: '5a90332e-568f-4980-9859-88a984844a4d' },
    // A storm of strangers: what an honest sender never sends in an hour.
    webhooks: { yapla: { secret: '${SECRET}' }, maxReadsPerHour: 1_000_000, maxStrangersPerHour: 1_000_000 },
    // Nothing is signalled while these tests last, so that nothing is left behind in Temporal.
    live: { debounceMs: 600_000 },
  };
  const config = {
    database: { url: '${DATABASE}' },
    temporal: { address: temporalAddress(), liveTaskQueue: uniqueName('live') },
    receiver: { port: 0, maxRequestsPerSecond: 100_000 },
    connections: { club },
  };
  const file = path.join(directory, 'passerelle.config.json');
  writeFileSync(file, JSON.stringify(config));
  receiver = new CommandProcess({ file, env: { SECRET: secret, DATABASE: database.url } }, ['receiver']);
  const [line] = await receiver.says(/^\{.*"msg":"receiver started".*$/);
  ({ address } = JSON.parse(line) as { address: string });
});
afterEach(async () => {
  await receiver.kill('SIGKILL');
  await agent.close();
  await sql.end();
  rmSync(directory, { recursive: true });
  await database.drop();
});

async function deliver(body: object): Promise<number> {
  const answer = await request(`${address}/webhooks/club/yapla/${secret}`, {
    dispatcher: agent,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  await answer.body.dump();
  return answer.statusCode;
}

test('it takes webhooks until it is told to stop, and ends in order', async () => {
  expect(await deliver({ event: 'donation' })).toBe(202);
  expect(await receiver.kill('SIGTERM')).toEqual([0, null]);
  expect(receiver.lines.at(-1)).toContain('"msg":"receiver stopped"');
  expect(receiver.lines.join()).not.toContain('of-nobody');
  const rows = await sql`select connection_id, system, event from inbox`;
  expect([...rows]).toEqual([{ connection_id: 'club', system: 'yapla', event: 'other' }]);
});

test('killed without warning in a storm it has stored every webhook that it acknowledged', async () => {
  const acknowledged: string[] = [];
  const send = async (sender: number) => {
    for (let n = 0; ; n++) {
      const id = `${sender}-${n}`;
      const status = await deliver({ event: 'member.updated', data: { id } }).catch(() => 'cut');
      // Whoever sent this knows that it was not delivered.
      if (status === 'cut') return;
      expect(status).toBe(202);
      acknowledged.push(id);
    }
  };
  const senders = Array.from({ length: 20 }, (_, n) => send(n));
  await waitFor('deliveries are under way', () => acknowledged.length > 300);
  await sql.begin(async (tx) => {
    // It dies in the middle of an insert, and while others wait behind that one.
    await tx`lock table inbox in access exclusive mode`;
    await waitFor('an insert waits', async () => {
      const waiting = await tx`select 1 from pg_locks where relation = 'inbox'::regclass and not granted`;
      return waiting.length > 0;
    });
    expect(await receiver.kill('SIGKILL')).toEqual([null, 'SIGKILL']);
  });
  await Promise.all(senders);
  const stored = await sql<{ id: string }[]>`select external_id as id from inbox`;
  const known = new Set(stored.map(({ id }) => id));
  expect(acknowledged.filter((id) => !known.has(id))).toEqual([]);
});
