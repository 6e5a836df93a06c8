import { existsSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openDatabase } from '../../src/store/database.js';
import { readFileSync } from 'node:fs';
import { isLocked } from '../../src/embedded/lock.js';
import { identify } from '../../src/embedded/processes.js';
import { startStack, type Stack, type StackOptions } from '../../src/embedded/stack.js';
import { connectTemporal } from '../../src/temporal.js';
import { freshDatabase, temporalAddress } from '../helpers/servers.js';
import { temporaryDirectory, writeScript } from './directories.js';
import { waitFor } from './waitFor.js';

describe('the stack', () => {
  let dataDirectory: string;
  let lines: string[];
  const started: Stack[] = [];

  async function start(more: Partial<StackOptions> = {}): Promise<Stack> {
    const stack = await startStack({ dataDirectory, onProgress: (line) => lines.push(line), ...more });
    started.push(stack);
    return stack;
  }

  const pidOf = (part: 'postgres' | 'temporal'): number =>
    (JSON.parse(readFileSync(path.join(dataDirectory, part, 'server.json'), 'utf8')) as { pid: number }).pid;

  beforeEach(() => {
    dataDirectory = temporaryDirectory();
    lines = [];
  });

  afterEach(async () => {
    for (const stack of started.splice(0)) await stack.stop();
  });

  test('brings up both servers, and takes both down', async () => {
    const stack = await start();
    const sql = openDatabase(stack.databaseUrl, { maxConnections: 1, applicationName: 'test' });
    expect(await sql`select 1 as answer`).toEqual([{ answer: 1 }]);
    await sql.end();
    const { connection } = await connectTemporal({ address: stack.temporalAddress, namespace: 'default' });
    await connection.close();
    const pids = [pidOf('postgres'), pidOf('temporal')];
    await Promise.all([stack.stop(), stack.stop()]);
    expect(pids.map(identify)).toEqual([undefined, undefined]);
  }, 60_000);

  test('uses servers that are configured, starts none, and stops none', async () => {
    const database = await freshDatabase();
    const stack = await start({ database: { url: database.url }, temporal: { address: temporalAddress() } });
    expect(stack).toMatchObject({ databaseUrl: database.url, temporalAddress: temporalAddress(), uiUrl: undefined });
    expect(existsSync(path.join(dataDirectory, 'postgres'))).toBe(false);
    expect(existsSync(path.join(dataDirectory, 'temporal'))).toBe(false);
    await stack.stop();
    const sql = openDatabase(database.url, { maxConnections: 1, applicationName: 'test' });
    expect(await sql`select 1 as answer`).toEqual([{ answer: 1 }]);
    await sql.end();
    await database.drop();
    expect(lines.join('\n')).not.toContain(new URL(database.url).password);
  }, 60_000);

  test('that misses one server stops the other before it fails', async () => {
    const executable = writeScript(
      path.join(temporaryDirectory(), 'temporal'),
      'if [ "$1" = --version ]; then echo "temporal version 1"; exit; fi\nexit 7',
    );
    await expect(start({ temporal: { devServer: { executable } } })).rejects.toThrow(/Temporal did not start/);
    expect(existsSync(path.join(dataDirectory, 'postgres', 'data', 'PG_VERSION'))).toBe(true);
    expect(existsSync(path.join(dataDirectory, 'postgres', 'server.json'))).toBe(false);
    expect(['postgres', 'temporal'].map((part) => isLocked(path.join(dataDirectory, part, 'lock')))).toEqual([
      false,
      false,
    ]);
  }, 60_000);

  test('tells when a server ends by itself, and not when it was stopped', async () => {
    const lost: string[] = [];
    const stack = await start({
      temporal: { address: temporalAddress() },
      onServerLost: (message) => lost.push(message),
    });
    process.kill(pidOf('postgres'), 'SIGKILL');
    await waitFor('the loss is told', () => lost.length > 0);
    expect(lost).toEqual([
      expect.stringMatching(/^PostgreSQL ended although nobody stopped it \(signal SIGKILL\)\. See .*server\.log$/),
    ]);
    await stack.stop();

    const second = await start({
      temporal: { address: temporalAddress() },
      onServerLost: (message) => lost.push(message),
    });
    await second.stop();
    expect(lost).toHaveLength(1);
  }, 60_000);
});
