/** What a worker says of itself when what it needs is away; that all is well is asked on real servers (cli/worker.servers.test.ts). */
import { createServer } from 'node:net';
import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Client } from '@temporalio/client';
import { pino } from 'pino';
import { request } from 'undici';
import { openDatabase, type Sql } from '../src/store/database.js';
import { startStatusServer } from '../src/status.js';
import { startWorkerStatus, workerStatus, type WorkerStatusOptions } from '../src/workerStatus.js';

/** Takes connections and never says a word. */
const mute = createServer();
let sql: Sql;
beforeEach(async () => {
  mute.listen(0, '127.0.0.1');
  await once(mute, 'listening');
  const { port } = mute.address() as { port: number };
  sql = openDatabase(`postgres://nobody:x@127.0.0.1:${port}/x`, { maxConnections: 1, applicationName: 'test' });
});
afterEach(async () => {
  await sql.end({ timeout: 0 });
  mute.close();
});

const log = pino({ level: 'silent' });
const worker = { host: '127.0.0.1', port: 0, answerTimeoutMs: 50, maxRequestsPerSecond: 3 };
const queue = { queue: 'bulk', state: 'DRAINING', activitiesInHand: 2, workflowTasksInHand: 1 };

function options(more: Partial<WorkerStatusOptions['config']['worker']> = {}): WorkerStatusOptions {
  const client = { workflowService: { getSystemInfo: () => Promise.reject(new Error('away')) } };
  return {
    config: { worker: { ...worker, ...more }, connections: {} },
    sql,
    client: client as unknown as Client,
    worker: { queues: () => [queue] },
    log,
  };
}

test('it lives, and is not ready, while PostgreSQL and Temporal are away; it shows what it still has in hand', async () => {
  const server = await startStatusServer(workerStatus(options()), worker);
  try {
    const ask = async (path: string) => {
      const { statusCode, body } = await request(`${server.address}${path}`);
      return { status: statusCode, text: await body.text() };
    };
    expect(await ask('/health')).toEqual({ status: 200, text: '{"status":"up"}' });
    const ready = await ask('/ready');
    expect([ready.status, JSON.parse(ready.text)]).toEqual([
      503,
      { ready: false, postgres: 'down', temporal: 'down', queues: { bulk: 'DRAINING' } },
    ]);
    const { text } = await ask('/metrics');
    expect(text).toContain('passerelle_worker_running{queue="bulk"} 0');
    expect(text).toContain('passerelle_worker_activities{queue="bulk"} 2');
    // Whoever reaches the port must not make PostgreSQL busy.
    const many = await Promise.all([ask('/ready'), ask('/ready'), ask('/ready'), ask('/ready')]);
    expect(many.map(({ status }) => status)).toContain(429);
  } finally {
    await server.stop();
  }
});

test('a port that is taken, or that is not wanted, keeps no worker from working', async () => {
  const { port } = mute.address() as { port: number };
  expect(await startWorkerStatus(options({ port }))).toBeNull();
  expect(await startWorkerStatus(options({ port: null }))).toBeNull();
});
