/** Recorded histories replayed by today's code: a change that would break a running workflow fails here first. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { DeterminismViolationError } from '@temporalio/workflow';
import { Worker } from '@temporalio/worker';
import { scenarios } from '../histories/scenarios.js';
import { pino } from 'pino';
import { installRuntime } from '../../src/worker.js';
import { testBundle } from '../helpers/servers.js';

installRuntime(pino({ level: 'silent' }));

const directory = path.resolve('test/histories');
const files = readdirSync(directory).filter((name) => name.endsWith('.json'));

test('every scenario has its recorded history', () => {
  expect(files.sort()).toEqual(scenarios.map(({ name }) => `${name}.json`).sort());
});

describe('today’s code replays', () => {
  test.each(files)('%s', async (file) => {
    const history: unknown = JSON.parse(readFileSync(path.join(directory, file), 'utf8'));
    await Worker.runReplayHistory({ workflowBundle: testBundle() }, history);
  });
});

test('a history that today’s code cannot have made is told apart', async () => {
  const text = readFileSync(path.join(directory, 'bulkSync.applied.json'), 'utf8');
  const changed: unknown = JSON.parse(text.replaceAll('"name": "matchRecords"', '"name": "guessRecords"'));
  await expect(Worker.runReplayHistory({ workflowBundle: testBundle() }, changed)).rejects.toThrow(
    DeterminismViolationError,
  );
});
