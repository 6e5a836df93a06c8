/** Recorded histories replayed by today's code: a change that would break a running workflow fails here first. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { WorkflowBundle } from '@temporalio/worker';
import { pino } from 'pino';
import { historyOfJson } from '../../src/replay/history.js';
import { replayHistory, replayInterceptors } from '../../src/replay/replay.js';
import type { Verdict } from '../../src/replay/verdict.js';
import { bundleWorkflows, installRuntime } from '../../src/worker.js';
import { changedBundle, type CodeChange } from '../helpers/changedBundle.js';
import { scenarios } from '../histories/scenarios.js';

installRuntime(pino({ level: 'silent' }));

const directory = path.resolve('test/histories');
const files = readdirSync(directory).filter((name) => name.endsWith('.json'));

let today: WorkflowBundle;
beforeAll(async () => {
  today = await bundleWorkflows([replayInterceptors]);
});

async function replayed(name: string, bundle: WorkflowBundle, edit = (text: string) => text): Promise<Verdict> {
  const text = readFileSync(path.join(directory, name), 'utf8');
  return await replayHistory(historyOfJson(JSON.parse(edit(text))), bundle);
}

test('every scenario has its recorded history', () => {
  expect(files.sort()).toEqual(scenarios.map(({ name }) => `${name}.json`).sort());
});

describe('today’s code replays, and decides as it did', () => {
  test.each(files)('%s', async (file) => {
    expect(await replayed(file, today)).toEqual({ is: 'deterministic', otherwise: [] });
  });
});

test('a history that today’s code cannot have made is told apart', async () => {
  const verdict = await replayed('bulkSync.applied.json', today, (text) =>
    text.replaceAll('"name": "matchRecords"', '"name": "guessRecords"'),
  );
  expect(verdict).toMatchObject({
    is: 'nondeterministic',
    history: 'the activity guessRecords (ActivityTaskScheduled)',
    code: 'the activity matchRecords',
  });
});

describe('a change of the code is noticed', () => {
  const conflict = 'syncRecord.conflict-answered.json';
  const show = "    show(waits ? 'waiting' : null);\n";
  const wait = '      await untilWoken(settings.caseCheckMs, ';

  test.each<[string, CodeChange, Partial<Verdict>]>([
    [
      'a timer where the history has an activity',
      {
        file: 'liveWork.ts',
        from: '    const writeId = ',
        to: '    await condition(() => false, 5);\n    const writeId = ',
      },
      { history: 'the local activity applyDecision (MarkerRecorded)', code: 'a timer of 5 ms' },
    ],
    [
      'a wait without its timer',
      {
        file: 'liveWork.ts',
        from: wait,
        to: '      await (async (_: string) => await condition(() => run.isWoken))(',
      },
      { history: 'a timer of 86400000 ms (TimerStarted)', code: 'nothing here' },
    ],
    [
      'a search attribute that is not set any more',
      { file: 'liveWork.ts', from: show, to: '' },
      { history: 'UpsertWorkflowSearchAttributes', code: 'a timer of 86400000 ms' },
    ],
    [
      'a search attribute more',
      { file: 'liveWork.ts', from: show, to: `    show('stopped');\n${show}` },
      { code: 'to set search attributes' },
    ],
    [
      'an end that comes without lingering',
      {
        file: 'liveWork.ts',
        from: '!(await untilWoken(settings.lingerMs, ',
        to: 'connectionId.length > 0 || !(await untilWoken(settings.lingerMs, ',
      },
      { history: 'a timer of 1500 ms (TimerStarted)', code: 'to complete' },
    ],
  ])('%s', async (_, change, wanted) => {
    const verdict = await replayed(conflict, await changedBundle(change));
    expect(verdict).toMatchObject({ is: 'nondeterministic', eventId: expect.any(Number), ...wanted });
  });

  test('another decision, which Temporal itself would not mind', async () => {
    const change = { file: 'liveWork.ts', from: "lane: 'idle' }", to: "lane: 'live' }" };
    const verdict = await replayed('syncRecord.written.json', await changedBundle(change));
    expect(verdict).toMatchObject({
      is: 'deterministic',
      otherwise: [{ what: 'the activity readRecord', differs: ['input.lane'] }],
    });
  });

  test('another decision of a local attempt, too', async () => {
    const asked = '{ connectionId, kind, linkId, decision, version, writeId }';
    const to = asked.replace('decision,', "decision: { ...decision, kind: 'conflict' },");
    const bundle = await changedBundle({ file: 'liveWork.ts', from: asked, to });
    expect(await replayed('syncRecord.written.json', bundle)).toMatchObject({
      is: 'deterministic',
      otherwise: [{ what: 'the local activity applyDecision', differs: ['decision.kind'] }],
    });
  });

  test('code that throws', async () => {
    const from = '    if (reading === null) return run.lookDropped();\n';
    const change = { file: 'liveWork.ts', from, to: `${from}    throw new TypeError('no such thing');\n` };
    const verdict = await replayed('syncRecord.written.json', await changedBundle(change));
    expect(verdict).toEqual({ is: 'failed', details: 'no such thing' });
  });
});
