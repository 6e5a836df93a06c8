/** Timelines of the recorded histories: what they must say, whenever they were recorded. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { historyOfJson, readHistory, type RecordedEvent } from '../../src/replay/history.js';
import { timelineOf } from '../../src/replay/timeline.js';
import { counted, durationText, failureText } from '../../src/replay/words.js';

function textsOf(name: string): string[] {
  const json: unknown = JSON.parse(readFileSync(path.resolve('test/histories', `${name}.json`), 'utf8'));
  return timelineOf(readHistory(historyOfJson(json))).map(({ text }) => text);
}

/** Expects lines that match, in this order; others may stand between them. */
function expectInOrder(texts: readonly string[], wanted: readonly RegExp[]): void {
  let from = 0;
  const missing = wanted.find((pattern) => {
    const at = texts.findIndex((text, n) => n >= from && pattern.test(text));
    from = at + 1;
    return at === -1;
  });
  expect({ missing, texts }).toEqual({ missing: undefined, texts });
}

describe('of a person’s workflow', () => {
  test.each([
    [
      'written',
      [
        /^started for link yapla:\d+ of club-/,
        /^signal: events gathered, 1 of yapla$/,
        /^read in the lane live; took yapla updated; changed since both agreed: city \(yapla\), postalCode \(yapla\) \(local attempt\)$/,
        /^decided \(write\): write to yoplanning: city \(changedInYapla\), postalCode \(changedInYapla\)$/,
        /^done; yoplanning took city, postalCode \(local attempt\)$/,
        /^read in the lane idle; took yoplanning updated; both sides hold the base$/,
        /^decided \(rest\): echo: nothing is new$/,
        /^lingers for 1\.5 s$/,
        /^completed, last: echo; 2 events, 1 echo, 2 fields to yoplanning$/,
      ],
    ],
    [
      'conflict-answered',
      [
        /^decided \(conflict\): write to yoplanning: postalCode \(changedInYapla\); a question: city \(ask\)$|^decided \(conflict\): a question: city \(ask\)$/,
        /opened a case: conflict \(local attempt\)$/,
        /^waits for a person; looks again after 24 h$/,
        /^signal: case \d+ was answered$/,
        /^decided \(conflict\): the person’s own value, where it is not held: city$/,
        /^done; yapla took city; yoplanning took city \(local attempt\)$/,
      ],
    ],
    [
      'stale-and-decided-again',
      [
        /^decided \(write\): write to yoplanning: city \(changedInYapla\)$/,
        /^stale: the record changed meanwhile, to be decided again; .*postalCode \(yoplanning\) \(local attempt\)$/,
        /^decided \(write\): write to yapla: postalCode \(changedInYoplanning\); write to yoplanning: city \(changedInYapla\)$/,
        /^completed, .* 1 stale$/,
      ],
    ],
    [
      'probable-echo-overtaken',
      [/is dropped for one in the lane live$/, /^read in the lane idle, which nobody waits for/],
    ],
    [
      'created',
      [
        /absent in yoplanning \(local attempt\)$/,
        /^decided \(create\): create the person in yoplanning with firstName/,
        /created in yoplanning \(local attempt\)$/,
      ],
    ],
    [
      'merged',
      [
        /the person belongs to link yapla:\d+ \(local attempt\)$/,
        /^decided \(rest\): the other link’s workflow goes on$/,
      ],
    ],
    [
      'removed-and-asked',
      [
        /gone in yoplanning \(local attempt\)$/,
        /^decided \(remove\): the record is gone from yoplanning/,
        /opened a case: removal \(local attempt\)$/,
      ],
    ],
    [
      'stopped',
      [
        /^applyDecision, local attempt, failed: AccessRefused: .*; now as an ordinary activity$/,
        /^decided \(write\): write to yoplanning: city \(changedInYapla\)$/,
        /^applyDecision failed: ConnectionStopped: /,
        /^the connection is refused: tries again after 1 h$/,
        /^signal: what stopped the connection is mended$/,
        /^done; yoplanning took city \(local attempt\)$/,
      ],
    ],
    ['continued-as-new', [/^continued as new, run [0-9a-f-]{36}: \d+ events/]],
    ['carried-on', [/^started for link .*; carried on from the run before: \d+ events/, /^completed/]],
  ])('%s', (name, wanted) => {
    expectInOrder(textsOf(`syncRecord.${name}`), wanted);
  });
});

describe('of a bulk sync', () => {
  test.each([
    [
      'applied',
      [
        /^started for club-/,
        /^phase: scanning$/,
        /^page of y\w+, from 0: \d+ records; (\d+) of \1 seen$/,
        /^scan \d+ is complete$/,
        /^matched: 10 linked, 0 doubts$/,
        /^planned: link 5, create 10, write 5; 15 need requests$/,
        /^phase: applying$/,
        /^the plan is approved, by rule: autoApprove$/,
        /^items 1 to 15: created 10, written 5$/,
        /^verified 20 links: 0 differ, 0 in question$/,
        /^completed: applied, plan 1: created 10, written 5; 0 people differ$/,
      ],
    ],
    [
      'approved-by-a-person-paused-and-resumed',
      [
        /^update: approve plan 1, decision 1$/,
        /^the plan is approved, by decision 1$/,
        /^update: pause$/,
        /^state: paused$/,
        /^update: resume$/,
        /^items 4 to 6: /,
      ],
    ],
    [
      'superseded',
      [
        /^phase: waitingForApproval$/,
        /^update: supersede$/,
        /^the plan is superseded$/,
        /^completed: superseded, plan 1$/,
      ],
    ],
    [
      'quota-spent-and-token-revoked',
      [
        /^applyItems failed: BudgetExhausted: /,
        /^state: waitingForBudget$/,
        /^state: stopped$/,
        /^the stop is lifted$/,
      ],
    ],
    [
      'creations-settled',
      [/^creations whose effect is unknown, in yapla$/, /^creations settled; 2 items to be applied again$/],
    ],
    ['nothing-to-do', [/^planned: nothing to do; 0 need requests$/, /^completed: applied, plan \d+; 0 people differ$/]],
  ])('%s', (name, wanted) => {
    expectInOrder(textsOf(`bulkSync.${name}`), wanted);
  });
});

describe('imports', () => {
  test.each<[string, readonly RegExp[]]>([
    [
      'collected-and-confirmed',
      [
        /^looked: 0 people wait, 0 files are out$/,
        /^update: closeBatch$/,
        /^file 1 is out: update, 1 person$/,
        /^state: waitingForImport$/,
        /^update: importDone 1$/,
        /^file 1 judged: 1 confirmed, 0 edited, 0 not shown, 0 asked about$/,
        /^state: collecting$/,
      ],
    ],
    [
      'not-shown-reissued',
      [
        /^update: importDone 1$/,
        /^read what file 1 brought$/,
        /^file 1 judged: 0 confirmed, 0 edited, 1 not shown, 0 asked about$/,
        /^file 2 is out: update, 1 person$/,
        /^file 2 judged: 1 confirmed/,
      ],
    ],
    ['continued-as-new', [/^looked: /, /^continued as new/]],
  ])('%s', (name, wanted) => {
    expectInOrder(textsOf(`yaplaImport.${name}`), wanted);
  });
});

describe('of events', () => {
  test.each<[string, readonly RegExp[]]>([
    [
      'syncRegistration.booked',
      [
        /^started for link yapla:\d+ of club-/,
        /^read; took yapla created; validated, no order \(local attempt\)$/,
        /^decided: book$/,
        /^done; yoplanning took booking \(local attempt\)$/,
        /^decided \(rest\): inStep$/,
        /^completed, last: inStep; 2 events, 0 echoes, 1 field to yoplanning, 1 created$/,
      ],
    ],
    [
      'syncDonation.edited',
      [
        /^started for link yapla:\d+ of club-/,
        /^signal: events gathered, 1 of yapla$/,
        /^read; took yapla created; kept, with the member who gave \(local attempt\)$/,
        /^lingers for 5 s$/,
        /^read; took yapla updated; kept, with the member who gave \(local attempt\)$/,
        /^completed, last: kept; 2 events, 0 echoes$/,
      ],
    ],
    [
      'deriveFacts.looked-three-times',
      [
        /^started for club-/,
        /^looked: what the passing of time has changed is derived again$/,
        /^looks again after 300 ms$/,
        /^looked: /,
        /^looked: /,
      ],
    ],
    [
      'mirrorCatalogue.stopped-and-resumed',
      [
        /^started for club-/,
        /^turn: 6 requests, 6 within 24 hours; sessions of 5 products read, of 3 known$/,
        /^the next turn is after 100 ms$/,
        /^readCatalogue failed: AccessRefused: /,
        /^stopped: tries again after 1 h$/,
        /^signal: to look at once, because something is mended or configured otherwise$/,
        /^the next turn is after 100 ms$/,
      ],
    ],
    [
      'mirrorCatalogue.continued-as-new',
      [/^continued as new, run [0-9a-f-]{36}: 10 turns, \d+ requests, sessions of \d+ products read$/],
    ],
  ])('%s', (name, wanted) => {
    expectInOrder(textsOf(name), wanted);
  });
});

test('what only Temporal does is told of any workflow', () => {
  const at = (id: number, type: string, attributes: RecordedEvent['attributes'] = {}) => ({
    id,
    atMs: id,
    type,
    attributes,
  });
  const data = Buffer.from(JSON.stringify({ activity_type: 'count' })).toString('base64');
  const encoding = Buffer.from('json/plain').toString('base64');
  const attempt = {
    markerName: 'core_local_activity',
    details: { data: { payloads: [{ metadata: { encoding }, data }] } },
  };
  const events = [
    at(1, 'WorkflowExecutionStarted'),
    at(2, 'WorkflowTaskFailed', { failure: { message: 'no such function' } }),
    at(3, 'WorkflowTaskFailed', { cause: 'WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND' }),
    at(4, 'ActivityTaskScheduled', { activityType: { name: 'count' } }),
    at(5, 'ActivityTaskTimedOut', { scheduledEventId: '4' }),
    at(6, 'MarkerRecorded', { ...attempt, failure: { message: 'busy' } }),
    at(7, 'MarkerRecorded', attempt),
    at(8, 'MarkerRecorded', { markerName: 'core_patch' }),
    at(9, 'WorkflowExecutionTerminated', { reason: 'by an operator' }),
  ];
  const lines = timelineOf({ workflowType: 'another', workflowId: null, events });
  expect(lines.map(({ eventId, text }) => [eventId, text])).toEqual([
    [1, 'started'],
    [2, 'a worker could not go on: no such function'],
    [3, 'something came in the very moment of the last step, which is made again'],
    [5, 'count timed out'],
    [6, 'count, local attempt, failed: busy; now as an ordinary activity'],
    [7, 'count, local attempt'],
    [9, 'terminated: by an operator'],
  ]);
});

test('failures are told by type and message, those within an activity’s failure too', () => {
  const inner = { message: 'the token is refused', applicationFailureInfo: { type: 'AccessRefused' } };
  expect(failureText(inner)).toBe('AccessRefused: the token is refused');
  expect(failureText({ message: 'Activity task failed', cause: inner })).toBe('AccessRefused: the token is refused');
  expect(failureText(undefined)).toBe('a failure without a message');
});

test('a failure names the causes that attempts failed for, and how often each', () => {
  const encoding = Buffer.from('json/plain').toString('base64');
  const failure = (failed: Record<string, number>) => {
    const data = Buffer.from(JSON.stringify({ failed })).toString('base64');
    const details = { payloads: [{ metadata: { encoding }, data }] };
    return { message: 'not JSON', applicationFailureInfo: { type: 'UnexpectedResponse', details } };
  };
  expect(failureText(failure({ UnexpectedResponse: 1 }))).toBe('UnexpectedResponse: not JSON');
  expect(failureText(failure({ LinkBusy: 4, UnexpectedResponse: 3 }))).toBe(
    'UnexpectedResponse: not JSON (failed so far: LinkBusy 4 times, UnexpectedResponse 3 times)',
  );
});

test('counts and durations read as a person says them', () => {
  expect([counted(1, 'echo', 'echoes'), counted(2, 'echo', 'echoes')]).toEqual(['1 echo', '2 echoes']);
  expect([40, 1_500, 90_000, 86_400_000].map(durationText)).toEqual(['40 ms', '1.5 s', '1.5 min', '24 h']);
});
