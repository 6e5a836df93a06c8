/** `passerelle worker` in a process of its own: what it shows while it works, and how it ends. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { request } from 'undici';
import { openCases } from '../../src/store/cases.js';
import { ensureConnection } from '../../src/store/connections.js';
import { retentionScheduleId } from '../../src/retention.js';
import { CommandProcess } from '../helpers/commandProcess.js';
import { writeConfigFile } from '../helpers/configFile.js';
import { startPasserelle, type TestPasserelle } from '../helpers/passerelle.js';

let directory: string;
let house: TestPasserelle;
let worker: CommandProcess;
beforeEach(async () => {
  directory = mkdtempSync(path.join(tmpdir(), 'passerelle-worker-'));
  house = await startPasserelle({ worker: false });
});
afterEach(async () => {
  await worker.kill('SIGKILL');
  await house.client.schedule.getHandle(retentionScheduleId(house.taskQueue)).delete();
  await house.stop();
  rmSync(directory, { recursive: true });
});

test('it shows that it is ready, what it polls and what waits for a person; and ends in order', async () => {
  const { taskQueue, scope } = house;
  await ensureConnection(house.sql, scope.connectionId);
  await openCases(house.sql, scope, null, [{ kind: 'canary', subject: 'yapla:1', details: {} }]);
  const settings = { ...house.config.worker, port: 0 };
  worker = new CommandProcess(writeConfigFile(house, directory, { worker: settings }), ['worker']);
  const [line] = await worker.says(/^\{.*"msg":"worker status is shown".*$/);
  const { address } = JSON.parse(line) as { address: string };
  const ask = async (where: string) => {
    const { statusCode, body } = await request(`${address}${where}`);
    return { status: statusCode, text: await body.text() };
  };
  expect(await ask('/health')).toMatchObject({ status: 200 });
  const { status, text } = await ask('/ready');
  expect([status, JSON.parse(text)]).toEqual([
    200,
    {
      ready: true,
      postgres: 'up',
      temporal: 'up',
      queues: { [taskQueue]: 'RUNNING', [`${taskQueue}-live`]: 'RUNNING' },
    },
  ]);
  const metrics = (await ask('/metrics')).text;
  expect(metrics).toContain(`passerelle_worker_running{queue="${taskQueue}-live"} 1`);
  expect(metrics).toContain(`passerelle_open_cases{connection="${scope.connectionId}",kind="canary"} 1`);
  // Whoever starts a worker has what is over its time deleted.
  const schedule = await house.client.schedule.getHandle(retentionScheduleId(taskQueue)).describe();
  expect(schedule.action).toMatchObject({ workflowType: 'retention', taskQueue });
  expect(await worker.kill('SIGTERM')).toEqual([0, null]);
});
