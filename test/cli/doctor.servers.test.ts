import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../src/cli/main.js';
import { loadConfig } from '../../src/config/load.js';
import { credentialsOf } from '../../src/connection.js';
import { sandboxConnection } from '../../src/sandbox/connections.js';
import { sandboxCredentials } from '../../src/sandbox/options.js';
import { startSandbox } from '../../src/sandbox/sandbox.js';
import type { Sandbox } from '../../src/sandbox/sandbox.js';
import { openDatabase } from '../../src/store/database.js';
import type { Sql } from '../../src/store/database.js';
import { collectedOutput } from '../helpers/collectedOutput.js';
import { freshDatabase } from '../helpers/servers.js';
import type { FreshDatabase } from '../helpers/servers.js';

let database: FreshDatabase;
let sql: Sql;
let sandbox: Sandbox;
let directory: string;

beforeEach(async () => {
  database = await freshDatabase();
  sql = openDatabase(database.url, { maxConnections: 1, applicationName: 'test' });
  sandbox = await startSandbox({ people: { shared: 5 } });
  directory = mkdtempSync(join(tmpdir(), 'passerelle-doctor-'));
  const connection = sandboxConnection(sandbox.addresses, {
    credentials: { yoplanningToken: '${DOCTOR_TOKEN}', yaplaKey: '${DOCTOR_KEY}' },
    settings: { webhooks: {} },
  });
  const config = { database: { url: '${DOCTOR_DATABASE}' }, connections: { club: connection } };
  writeFileSync(join(directory, 'config.json'), JSON.stringify(config));
  process.env['DOCTOR_DATABASE'] = database.url;
  process.env['DOCTOR_TOKEN'] = sandboxCredentials.yoplanningToken;
  process.env['DOCTOR_KEY'] = sandboxCredentials.yaplaKey;
});

afterEach(async () => {
  delete process.env['DOCTOR_DATABASE'];
  delete process.env['DOCTOR_TOKEN'];
  delete process.env['DOCTOR_KEY'];
  rmSync(directory, { recursive: true });
  await sandbox.stop();
  await sql.end();
  await database.drop();
});

async function credentials() {
  return await credentialsOf(sql, loadConfig(join(directory, 'config.json')).connections['club']!);
}

async function doctor() {
  const output = collectedOutput();
  const status = await run(
    ['node', 'passerelle', 'doctor', 'club', '--config', join(directory, 'config.json')],
    output,
  );
  return { status, printed: output.printed.join('\n'), noted: output.noted.join('\n') };
}

test('with a database, the requests of an examination count in the day that all workers share', async () => {
  expect(await doctor()).toMatchObject({ status: 0, noted: expect.stringMatching(/^Yapla is written /) });
  const rows = await sql<{ credential: string; requests: number }[]>`
    SELECT credential, count(*) AS requests FROM request_log WHERE purpose = 'doctor' GROUP BY credential ORDER BY credential`;
  const { yapla, yoplanning } = await credentials();
  expect([...rows]).toEqual([
    { credential: yapla, requests: 2 },
    { credential: yoplanning, requests: 3 },
  ]);
});

test('a refused credential is told, and does not stop the connection: whoever repairs it can look again at once', async () => {
  process.env['DOCTOR_TOKEN'] = 'another';
  expect(await doctor()).toMatchObject({ status: 1 });
  process.env['DOCTOR_TOKEN'] = sandboxCredentials.yoplanningToken;
  expect(await doctor()).toMatchObject({ status: 0 });
});

test('a stopped connection is asked nothing, and told how to be resumed', async () => {
  const { yoplanning } = await credentials();
  await sql`INSERT INTO budget (credential, stopped_at, stopped_reason)
    VALUES (${yoplanning}, clock_timestamp(), '401 on GET /teams/')`;
  const { status, printed } = await doctor();
  expect(status).toBe(1);
  expect(printed).toMatch(/not asked: the connection is stopped \(401 on GET \/teams\/\)\n +→ .*passerelle resume/);
  expect((await sandbox.control.counts()).yoplanning.requests).toBe(0);
});

test('a connection that may not write is examined as ever, and fails with what stopped its writes', async () => {
  const { yapla } = await credentials();
  await sql`INSERT INTO budget (credential, writes_stopped_at, writes_stopped_reason)
    VALUES (${yapla}, clock_timestamp(), '403 on PUT /members/1: set yapla.write.mode')`;
  const { status, printed } = await doctor();
  expect(status).toBe(1);
  expect(printed).toMatch(
    /writes +none is sent any more: 403 on PUT \/members\/1: set yapla\.write\.mode\n +→ .*passerelle resume club/,
  );
  expect((await sandbox.control.counts()).yapla.requests).toBeGreaterThan(0);
});

test('a database that does not answer is an error without a single request', async () => {
  process.env['DOCTOR_DATABASE'] = 'postgres://localhost:9/none';
  const { status, noted } = await doctor();
  expect({ status, noted }).toMatchObject({ status: 1, noted: expect.stringContaining('database.url') });
  expect((await sandbox.control.counts()).yoplanning.requests).toBe(0);
});
