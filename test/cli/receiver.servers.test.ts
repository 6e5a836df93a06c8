import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { request } from 'undici';
import { openDatabase } from '../../src/store/database.js';
import { freshDatabase, temporalAddress, uniqueName, type FreshDatabase } from '../helpers/servers.js';

let directory: string;
let database: FreshDatabase;
beforeEach(async () => {
  directory = mkdtempSync(path.join(tmpdir(), 'passerelle-receiver-'));
  database = await freshDatabase();
});
afterEach(async () => {
  rmSync(directory, { recursive: true });
  await database.drop();
});

test('passerelle receiver takes webhooks until it is told to stop, and ends in order', async () => {
  const secret = 'secret-of-nobody-0123456789';
  const club = {
    create: 'none',
    yapla: { read: { key: { value: '${SECRET}' } } },
    yoplanning: { token: '${SECRET}', team: '5a90332e-568f-4980-9859-88a984844a4d' },
    webhooks: { yapla: { secret: '${SECRET}' } },
  };
  const config = {
    database: { url: '${DATABASE}' },
    temporal: { address: temporalAddress(), liveTaskQueue: uniqueName('live') },
    receiver: { port: 0 },
    connections: { club },
  };
  const file = path.join(directory, 'passerelle.config.json');
  writeFileSync(file, JSON.stringify(config));
  const child = spawn(process.execPath, [path.resolve('bin/passerelle.js'), '--config', file, 'receiver'], {
    env: { ...process.env, NODE_OPTIONS: '', SECRET: secret, DATABASE: database.url },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  try {
    const lines: { msg: string; address?: string }[] = [];
    const ended = once(child, 'exit');
    const started = new Promise<string>((resolve, reject) => {
      createInterface({ input: child.stderr }).on('line', (line) => {
        // Whatever else it says, such as a reason not to start, is no JSON.
        if (!line.startsWith('{')) return reject(new Error(line));
        lines.push(JSON.parse(line) as { msg: string });
        const { msg, address } = lines.at(-1)!;
        if (msg === 'receiver started') resolve(address!);
      });
    });
    const address = await started;
    // `other`: an event that nobody acts on leaves nothing behind in Temporal.
    const answer = await request(`${address}/webhooks/club/yapla/${secret}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"event":"donation"}',
    });
    expect(answer.statusCode).toBe(202);
    await answer.body.dump();
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    expect(lines.at(-1)!.msg).toBe('receiver stopped');
    expect(JSON.stringify(lines)).not.toContain('of-nobody');
  } finally {
    child.kill('SIGKILL');
  }
  const sql = openDatabase(database.url, { maxConnections: 1, applicationName: 'receiver test' });
  const rows = await sql`select connection_id, system, event from inbox`;
  await sql.end();
  expect([...rows]).toEqual([{ connection_id: 'club', system: 'yapla', event: 'other' }]);
});
