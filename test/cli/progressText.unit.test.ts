/** How far a bulk sync is, in lines. */
import { expect, test } from '@jest/globals';
import { progressText } from '../../src/cli/progressText.js';
import { BulkRun, newBulkRun } from '../../workflows/bulkRun.js';

const until = '2026-11-30T00:00:00.000Z';

test('the worse of two lanes is the state, each tells its own, and what goes on after resume is said', () => {
  const run = new BulkRun(newBulkRun('club', 'r'));
  run.hold('yapla', { kind: 'waitingForBudget', until, reason: 'the day is spent' });
  run.hold('yoplanning', { kind: 'stopped', failure: 'AccessRefused', reason: '401' });
  expect(progressText(run.progress).split('\n')).toEqual([
    'club: preparing, stopped',
    `  yapla: waiting for the quota until ${until}: the day is spent`,
    '  yoplanning: stopped: 401',
    '  When it is mended: passerelle resume club',
  ]);
  run.release('yoplanning');
  expect(progressText(run.progress)).toMatch(/^club: preparing, waitingForBudget\n/);
  run.release('yapla');
  expect(progressText(run.progress)).toBe('club: preparing');
});

test('lanes that write people are numbered, and a reason from a server cannot look like a line of ours', () => {
  const run = new BulkRun(newBulkRun('club', 'r'));
  run.hold('2', { kind: 'stopped', failure: 'RequestRefused', reason: 'no\nclub: ended' });
  expect(progressText(run.progress)).toContain('  lane 2: stopped: no↵club: ended\n');
});
