import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { WorkflowNotFoundError } from '@temporalio/client';
import getPort from 'get-port';
import { request } from 'undici';
import { EmbeddedServerError, LockHeldError } from '../../src/embedded/errors.js';
import { findTemporal } from '../../src/embedded/findTemporal.js';
import { identify } from '../../src/embedded/processes.js';
import {
  startTemporalServer,
  type EmbeddedTemporal,
  type TemporalServerOptions,
} from '../../src/embedded/temporalServer.js';
import { connectTemporal } from '../../src/temporal.js';
import { temporaryDirectory, writeScript } from './directories.js';
import { startParent } from './parents.js';

describe('the embedded Temporal server', () => {
  let dataDirectory: string;
  let lines: string[];
  const started: EmbeddedTemporal[] = [];

  async function start(more: Partial<TemporalServerOptions> = {}): Promise<EmbeddedTemporal> {
    const server = await startTemporalServer({ dataDirectory, onProgress: (line) => lines.push(line), ...more });
    started.push(server);
    return server;
  }

  beforeEach(() => {
    dataDirectory = path.join(temporaryDirectory(), 'temporal');
    lines = [];
  });

  afterEach(async () => {
    for (const server of started.splice(0)) await server.stop();
  });

  test('keeps running workflows for the next start, also when it was killed, and leaves no process', async () => {
    const first = await start();
    const before = await connectTemporal({ address: first.address, namespace: 'default' });
    await before.client.workflow.start('waitsForAWorker', { workflowId: 'kept', taskQueue: 'nobody' });
    await before.connection.close();
    process.kill(first.pid, 'SIGKILL');
    expect(await first.ended).toBe('signal SIGKILL');
    await first.stop();

    const second = await start();
    const after = await connectTemporal({ address: second.address, namespace: 'default' });
    const { status } = await after.client.workflow.getHandle('kept').describe();
    await after.connection.close();
    expect(status.name).toBe('RUNNING');
    await second.stop();
    await second.stop();
    expect(identify(second.pid)).toBeUndefined();
    expect(existsSync(path.join(dataDirectory, 'server.json'))).toBe(false);
  }, 60_000);

  test('serves the namespace asked for, and its UI', async () => {
    const server = await start({ namespace: 'club' });
    const { connection } = await connectTemporal({ address: server.address, namespace: 'club' });
    const { namespaceInfo } = await connection.workflowService.describeNamespace({ namespace: 'club' });
    await connection.close();
    expect(namespaceInfo?.name).toBe('club');
    const { statusCode, body } = await request(server.uiUrl!);
    await body.dump();
    expect(statusCode).toBe(200);
  }, 60_000);

  test('takes free ports when the preferred ones are taken, and says so', async () => {
    const taken = [createServer(), createServer()];
    const [port = 0, uiPort = 0] = await Promise.all(
      taken.map(async (server) => {
        await once(server.listen(0, '127.0.0.1'), 'listening');
        return (server.address() as { port: number }).port;
      }),
    );
    const server = await start({ port, uiPort });
    for (const each of taken) each.close();
    const actual = Number(server.address.split(':')[1]);
    expect(actual).not.toBe(port);
    expect(lines).toContain(`Temporal: port ${port} is taken, using ${actual}`);
    expect(lines).toContain(`Temporal: UI port ${uiPort} is taken, using ${new URL(server.uiUrl!).port}`);
  }, 60_000);

  test('left behind by a parent that was killed is stopped at the next start', async () => {
    const parent = await startParent('temporal', dataDirectory);
    await parent.kill();
    expect(identify(parent.serverPid)).toBeDefined();
    await start();
    expect(identify(parent.serverPid)).toBeUndefined();
    expect(lines).toContain(`Temporal: stopping process ${parent.serverPid}, left behind by a run that was killed`);
  }, 60_000);

  test('of a living parent is neither stopped nor joined by a second one', async () => {
    const parent = await startParent('temporal', dataDirectory);
    await expect(start()).rejects.toThrow(LockHeldError);
    expect(identify(parent.serverPid)).toBeDefined();
    await parent.kill();
    await start();
  }, 60_000);

  test('never signals a stranger who has the process id of a server that is gone', async () => {
    await (await start()).stop();
    const stranger = spawn('sleep', ['600'], { stdio: 'ignore' });
    const strangerEnded = once(stranger, 'exit');
    writeFileSync(path.join(dataDirectory, 'server.json'), JSON.stringify({ pid: stranger.pid, started: 'long ago' }));
    await start();
    expect(identify(stranger.pid ?? -1)).toBeDefined();
    stranger.kill();
    await strangerEnded;
  }, 60_000);

  test('takes no orders by HTTP, whatever the name that a browser sends', async () => {
    const { path: real } = await findTemporal({ onProgress: () => undefined });
    const httpPort = await getPort({ host: '127.0.0.1' });
    // The port is the server's own choice: here it is named, to be found.
    const executable = writeScript(
      path.join(temporaryDirectory(), 'temporal'),
      `if [ "$1" = --version ]; then exec "${real}" --version; fi\nexec "${real}" "$@" --http-port ${httpPort}`,
    );
    const server = await start({ executable, ui: false });
    const address = `http://127.0.0.1:${httpPort}/api/v1/namespaces/default/workflows/mine`;
    const order = { workflowType: { name: 'bulkSync' }, taskQueue: { name: 'passerelle' } };
    for (const host of [`127.0.0.1:${httpPort}`, `localhost:${httpPort}`, `rebound.example:${httpPort}`]) {
      const { statusCode, body } = await request(address, {
        method: 'POST',
        headers: { host, 'content-type': 'text/plain' },
        body: JSON.stringify(order),
      });
      await body.dump();
      expect([host, statusCode]).toEqual([host, 403]);
    }
    const { client, connection } = await connectTemporal({ address: server.address, namespace: 'default' });
    await expect(client.workflow.getHandle('mine').describe()).rejects.toThrow(WorkflowNotFoundError);
    await connection.close();
    expect(server.uiUrl).toBeUndefined();
  }, 60_000);

  test('sees neither tokens nor TEMPORAL_ variables of whoever starts it, also when it is only asked for its version', async () => {
    const directory = temporaryDirectory();
    const executable = writeScript(
      path.join(directory, 'temporal'),
      `env >> ${directory}/env; if [ "$1" = --version ]; then echo "temporal version 1"; exit; fi\necho "$@" > ${directory}/args; exit 7`,
    );
    process.env['TEMPORAL_ADDRESS'] = 'cloud.example:7233';
    process.env['YOPLANNING_TOKEN'] = 'invented-token';
    try {
      await expect(start({ executable })).rejects.toThrow(EmbeddedServerError);
    } finally {
      delete process.env['TEMPORAL_ADDRESS'];
      delete process.env['YOPLANNING_TOKEN'];
    }
    expect(readFileSync(path.join(directory, 'env'), 'utf8')).not.toMatch(/^TEMPORAL_|invented-token/m);
    expect(readFileSync(path.join(directory, 'env'), 'utf8')).toMatch(/^PATH=/m);
    expect(readFileSync(path.join(directory, 'args'), 'utf8')).toMatch(/journal_mode=wal.*synchronous=normal/);
  }, 60_000);

  test('that dies while it starts, as where a port of its inner services is taken meanwhile, is started once more', async () => {
    const directory = temporaryDirectory();
    const { path: real } = await findTemporal({ onProgress: () => undefined });
    const executable = writeScript(
      path.join(directory, 'temporal'),
      `if [ "$1" != --version ] && mkdir "${directory}/tried" 2>/dev/null; then echo "panic: bind" >&2; exit 2; fi\nexec "${real}" "$@"`,
    );
    await start({ executable });
    expect(lines).toContain('Temporal: ended while it started (exit code 2), starting it again');
  }, 60_000);

  test('that cannot start says how it ended, with the last lines of its log, and releases its directory', async () => {
    const executable = writeScript(
      path.join(temporaryDirectory(), 'temporal'),
      'if [ "$1" = --version ]; then echo "temporal version 1"; exit; fi\necho "the schema is newer than this server" >&2; exit 7',
    );
    await expect(start({ executable })).rejects.toThrow(
      /did not start on .*: the process ended \(exit code 7\)[\s\S]*schema is newer[\s\S]*Whole log: .*server\.log/,
    );
    await start();
  }, 60_000);
});
