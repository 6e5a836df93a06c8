/** Commands that follow a bulk sync end with it, however it ends: as a person or cron runs them, on real servers. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import { run } from '../../src/cli/main.js';
import { bulkSyncId } from '../../workflows/bulkSync.messages.js';
import { until, untilProgress } from '../helpers/bulkSync.js';
import { collectedOutput, type CollectedOutput } from '../helpers/collectedOutput.js';
import { writeConfigFile, type ConfigFile } from '../helpers/configFile.js';
import { neighbours } from '../helpers/neighbours.js';
import type { TestPasserelle } from '../helpers/passerelle.js';

const startPasserelle = neighbours();

const people = { seed: 27, yapla: 2, yoplanning: 2, shared: 5, differing: 2 };
const environment = process.env;

let directory: string;
let house: TestPasserelle;
let configured: ConfigFile;
let output: CollectedOutput;
beforeEach(async () => {
  directory = mkdtempSync(path.join(tmpdir(), 'passerelle-endings-'));
  house = await startPasserelle({ sandbox: { people, yapla: { shape: 'nested' } }, pageSize: 2 });
  configured = writeConfigFile(house, directory);
  process.env = { ...environment, ...configured.env };
  output = collectedOutput();
});
afterEach(async () => {
  await house.stop();
  process.env = environment;
  rmSync(directory, { recursive: true });
});

async function passerelle(...words: readonly string[]): Promise<{ status: number; said: string }> {
  const status = await run(['node', 'passerelle', '--config', configured.file, ...words], output);
  return { status, said: [...output.noted, ...output.printed].join('\n') };
}

async function untilSays(start: string): Promise<void> {
  await until(
    () => Promise.resolve(output.noted),
    (noted) => noted.some((line) => line.startsWith(start)),
  );
}

/** Yoplanning refuses the token from now on: what runs is stopped, and waits for a person. */
const revoke = async () => await house.sandbox.control.addFault({ system: 'yoplanning', action: { do: 'revoke' } });
/** Its list moves under whoever reads it, at each page. */
const neverAddsUp = async () =>
  await house.sandbox.control.addFault({
    system: 'yoplanning',
    kind: 'list',
    action: { do: 'drift', insert: 2, remove: 2, at: 'start' },
  });

const running = (): WorkflowHandle => house.client.workflow.getHandle(bulkSyncId(house.connectionId));

async function terminate(): Promise<void> {
  await running().terminate('by an operator');
}
async function cancel(): Promise<void> {
  await running().cancel();
}

describe('sync', () => {
  test('ends with status 1 and the reason where the list never adds up', async () => {
    await neverAddsUp();
    const ended = await passerelle('sync', house.connectionId);
    expect(ended.status).toBe(1);
    expect(ended.said).toContain(`the bulk sync of ${house.connectionId} did not come to its end: `);
    expect(ended.said).toContain('the list of yoplanning never added up to the count');
  });

  test.each([
    ['terminates', terminate, /did not come to its end: by an operator/],
    ['cancels', cancel, /Bulk sync cancelled/],
  ] as const)('ends with status 1 and the reason where somebody %s the workflow', async (_, end, reason) => {
    await revoke();
    const following = passerelle('sync', house.connectionId);
    await untilSays('stopped: ');
    await end();
    expect(await following).toEqual({ status: 1, said: expect.stringMatching(reason) });
  });

  test('that cron starts and that meets last night’s run says what that one is doing, and ends', async () => {
    await revoke();
    const lastNight = await house.startBulk();
    await untilProgress(lastNight, ({ state }) => state.kind === 'stopped');
    const { status, said } = await passerelle('sync', house.connectionId, '--yes');
    expect(status).toBe(1);
    expect(said).toContain(`a bulk sync of ${house.connectionId} is under way already, and goes on`);
    expect(said).toMatch(/yoplanning: stopped: .*401/);
    expect(said).toContain(`passerelle resume ${house.connectionId}`);
    expect((await lastNight.describe()).status.name).toBe('RUNNING');
    await lastNight.terminate();
  });

  test('names what its connection lacks where the worker’s configuration does not have it', async () => {
    // Another team: two connections with one are refused.
    const { yoplanning } = house.connection;
    const other = { ...house.connection, yoplanning: { ...yoplanning, team: '11111111-1111-4111-8111-111111111111' } };
    const unknown = { ...house.config.connections, other };
    configured = writeConfigFile(house, directory, { connections: unknown });
    process.env = { ...environment, ...configured.env };
    const { status, said } = await passerelle('sync', 'other');
    expect(status).toBe(1);
    expect(said).toContain('this worker\'s configuration has no connection "other"');
  });
});

describe('progress --follow', () => {
  test('ends with status 0 and the outcome where the plan was applied', async () => {
    await house.startBulk();
    const { status, said } = await passerelle('progress', house.connectionId, '--follow');
    expect({ status, said }).toEqual({ status: 0, said: expect.stringContaining('bulk sync applied, 0 differences') });
  });

  test.each([
    ['is terminated', terminate, /did not come to its end: by an operator/],
    ['is cancelled', cancel, /bulk sync cancelled/],
  ] as const)('ends with status 1 and the reason where the workflow %s', async (_, end, reason) => {
    await revoke();
    await house.startBulk();
    const following = passerelle('progress', house.connectionId, '--follow');
    await untilSays('stopped: ');
    await end();
    expect(await following).toEqual({ status: 1, said: expect.stringMatching(reason) });
  });

  test('ends with status 1 and the reason where the list never adds up', async () => {
    await neverAddsUp();
    await house.startBulk();
    const { status, said } = await passerelle('progress', house.connectionId, '--follow');
    expect(status).toBe(1);
    expect(said).toContain('the list of yoplanning never added up to the count');
  });

  test('ends with status 1 and the reason where the workflow’s time is over', async () => {
    await revoke();
    const { connectionId, taskQueue } = house;
    await house.client.workflow.start('bulkSync', {
      workflowId: bulkSyncId(connectionId),
      taskQueue,
      args: [{ connectionId }],
      workflowExecutionTimeout: '3 seconds',
    });
    const { status, said } = await passerelle('progress', connectionId, '--follow');
    expect({ status, said }).toEqual({
      status: 1,
      said: expect.stringMatching(/did not come to its end: .*timed out/i),
    });
  });
});
