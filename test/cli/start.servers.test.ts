/** `passerelle start` with its worker and its receiver in one process, killed without warning. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { ConnectionConfig } from '../../src/config/schema.js';
import { systemNames } from '../../src/core/record.js';
import { sandboxWebhookUrl } from '../../src/sandbox/connections.js';
import { listOpenCases } from '../../src/store/cases.js';
import { CommandProcess } from '../helpers/commandProcess.js';
import { writeConfigFile } from '../helpers/configFile.js';
import { until, untilHolds, untilQuiet } from '../helpers/live.js';
import { startPasserelle, type TestPasserelle } from '../helpers/passerelle.js';

const people = { seed: 18, yapla: 0, yoplanning: 0, shared: 4, differing: 0 };
/** Webhooks gather for so long that the process is certainly dead before any of them is acted on. */
const longDebounceMs = 5_000;

let directory: string;
let house: TestPasserelle;
let running: CommandProcess | null = null;

beforeEach(async () => {
  directory = mkdtempSync(path.join(tmpdir(), 'passerelle-start-'));
  house = await startPasserelle({ worker: false, sandbox: { people } });
});
afterEach(async () => {
  await running?.kill('SIGKILL');
  running = null;
  await house.stop();
  rmSync(directory, { recursive: true });
});

/** @returns the process, and what has both systems deliver to it */
async function start(live: Partial<ConnectionConfig['live']> = {}) {
  const { config, connection, connectionId, sandbox } = house;
  const command = new CommandProcess(
    writeConfigFile(house, directory, {
      receiver: { ...config.receiver, port: 0 },
      connections: { [connectionId]: { ...connection, live: { ...connection.live, ...live } } },
    }),
    ['start'],
  );
  running = command;
  const [, origin] = await command.says(/webhooks: (http:\S+)\/webhooks\//);
  await command.says(/^Running, with /);
  const subscribe = async () => {
    for (const system of systemNames) {
      await sandbox.control.setWebhooks(system, { url: sandboxWebhookUrl(origin!, connectionId, system) });
    }
  };
  return { command, subscribe };
}

test('a receiver’s port that is taken ends passerelle start with its cause: webhooks would go nowhere', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  try {
    const { port } = other.address() as AddressInfo;
    const { config } = house;
    running = new CommandProcess(writeConfigFile(house, directory, { receiver: { ...config.receiver, port } }), [
      'start',
    ]);
    await running.says(new RegExp(`port ${port} of .*is taken by another process \\(EADDRINUSE\\)`));
    expect(await running.end()).toEqual([1, null]);
  } finally {
    other.close();
  }
});

test('webhooks that were acknowledged before kill -9 of passerelle start arrive after its restart, each change once', async () => {
  const { control } = house.sandbox;
  const first = await start({ debounceMs: longDebounceMs });
  await (await house.startBulk()).result();
  await first.subscribe();
  await control.resetCounts();
  const linked = await house.sql<{ yapla: string; yoplanning: string }[]>`
    select yapla_id as yapla, yoplanning_id as yoplanning from link where connection_id = ${house.connectionId}`;
  expect(linked).toHaveLength(4);

  await Promise.all(linked.map(({ yapla }) => control.edit('yapla', yapla, { city: 'Rennes' })));
  await Promise.all(linked.map(({ yoplanning }) => control.edit('yoplanning', yoplanning, { postalCode: '35000' })));
  await until(
    () => control.webhooks(),
    (counts) => counts.yapla.delivered === 4 && counts.yoplanning.delivered === 4,
  );
  expect(await first.command.kill('SIGKILL')).toEqual([null, 'SIGKILL']);
  const stored = await house.sql<{ handled: boolean }[]>`select handled_at is not null as handled from inbox`;
  expect(stored).toHaveLength(8);
  expect(stored.filter(({ handled }) => handled)).toEqual([]);

  const second = await start();
  await second.subscribe();
  for (const { yapla, yoplanning } of linked) {
    await untilHolds(house, 'yoplanning', yoplanning, { city: 'Rennes' });
    await untilHolds(house, 'yapla', yapla, { postalCode: '35000' });
  }
  await untilQuiet(house);
  const onceEach = (ids: readonly string[]) => Object.fromEntries(ids.map((id) => [id, 1]));
  expect(await control.writes('yapla')).toEqual(onceEach(linked.map(({ yapla }) => yapla)));
  expect(await control.writes('yoplanning')).toEqual(onceEach(linked.map(({ yoplanning }) => yoplanning)));
  expect(await listOpenCases(house.sql, house.scope)).toEqual([]);
  expect(await second.command.kill('SIGTERM')).toEqual([0, null]);
});
