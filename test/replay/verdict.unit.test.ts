import { describe, expect, test } from '@jest/globals';
import type { Command } from '../../src/replay/commands.js';
import type { RecordedEvent, RecordedHistory } from '../../src/replay/history.js';
import { verdictOf } from '../../src/replay/verdict.js';

const encoded = (value: unknown) => ({
  payloads: [
    {
      metadata: { encoding: Buffer.from('json/plain').toString('base64') },
      data: Buffer.from(JSON.stringify(value)).toString('base64'),
    },
  ],
});

let nextId = 0;
const event = (type: string, attributes: RecordedEvent['attributes'] = {}): RecordedEvent => ({
  id: (nextId += 5),
  atMs: 0,
  type,
  attributes,
});
const scheduled = (name: string, input: unknown) =>
  event('ActivityTaskScheduled', { activityType: { name }, input: encoded(input) });

/** Events 5 (start), 10 (read), 15 (write), 20 (search attribute), 25 (timer). */
function history(): RecordedHistory {
  nextId = 0;
  return {
    workflowType: 'syncRecord',
    workflowId: 'person/club/yapla:1',
    events: [
      event('WorkflowExecutionStarted'),
      scheduled('readRecord', { lane: 'live' }),
      scheduled('applyDecision', { decision: { write: { yapla: ['city'], yoplanning: [] }, kind: 'write' } }),
      event('UpsertWorkflowSearchAttributes'),
      event('TimerStarted', { startToFireTimeout: '1.500s' }),
    ],
  };
}

const read: Command = { kind: 'activity', name: 'readRecord', input: { lane: 'live' } };
const apply: Command = {
  kind: 'activity',
  name: 'applyDecision',
  input: { decision: { kind: 'write', write: { yoplanning: [], yapla: ['city'] } } },
};
const linger: Command = { kind: 'timer', ms: 1_500 };

/** The SDK's wording, as 1.24 has it. */
const sdk = (sentence: string) =>
  `Replay failed with a nondeterminism error. Details: Failure { failure: Some(Failure { message: "[TMPRL1100] Nondeterminism error: ${sentence}", source: "" }) }`;

/** An attempt within a workflow task, as the SDK records it. */
const attempted = (name: string, end: { readonly result?: unknown; readonly failure?: unknown }) =>
  event('MarkerRecorded', {
    markerName: 'core_local_activity',
    details: {
      data: encoded({ seq: 1, attempt: 1, activity_type: name }),
      ...(end.result === undefined ? {} : { result: encoded(end.result) }),
    },
    ...(end.failure === undefined ? {} : { failure: end.failure }),
  });

/** Events 5 (start), 10 (local read), 15 (local write that fails), 20 (ordinary write), 25 (local write). */
function localHistory(): RecordedHistory {
  nextId = 0;
  const decision = { kind: 'write', write: { yapla: ['city'], yoplanning: [] } };
  return {
    workflowType: 'syncRecord',
    workflowId: 'person/club/yapla:1',
    events: [
      event('WorkflowExecutionStarted'),
      attempted('readRecord', { result: { view: {}, events: [] } }),
      attempted('applyDecision', { failure: { message: 'busy' } }),
      scheduled('applyDecision', { decision }),
      attempted('applyDecision', { result: { outcome: 'done', decision } }),
      event('MarkerRecorded', { markerName: 'core_patch' }),
    ],
  };
}

describe('local attempts', () => {
  const decided = (fields: readonly string[]) => ({ kind: 'write', write: { yapla: fields, yoplanning: [] } });
  const asked = (last: readonly string[]): Command[] => [
    { kind: 'localActivity', name: 'readRecord' },
    { kind: 'localActivity', name: 'applyDecision', decision: decided(['city']) },
    { kind: 'activity', name: 'applyDecision', input: { decision: decided(['city']) } },
    { kind: 'localActivity', name: 'applyDecision', decision: decided(last) },
  ];

  test('are compared by their decisions; one that failed recorded none', () => {
    expect(verdictOf(localHistory(), asked(['city']), { kind: 'completed' })).toEqual({
      is: 'deterministic',
      otherwise: [],
    });
    expect(verdictOf(localHistory(), asked(['phone']), { kind: 'completed' })).toEqual({
      is: 'deterministic',
      otherwise: [{ eventId: 25, what: 'the local activity applyDecision', differs: ['decision.write.yapla'] }],
    });
  });

  test('are told from ordinary ones of the same name', () => {
    const ordinary: Command[] = [{ kind: 'activity', name: 'readRecord', input: {} }];
    const parted = { kind: 'nondeterminism', message: sdk('of a new kind') } as const;
    expect(verdictOf(localHistory(), ordinary, parted)).toMatchObject({
      eventId: 10,
      history: 'the local activity readRecord (MarkerRecorded)',
      code: 'the activity readRecord',
    });
  });
});

describe('a replay that completes', () => {
  test('is deterministic, and its decisions are the same whatever the order of their keys', () => {
    const verdict = verdictOf(history(), [read, apply, linger], { kind: 'completed' });
    expect(verdict).toEqual({ is: 'deterministic', otherwise: [] });
  });

  test('tells by name which parts of a decision would be others today', () => {
    const otherwise: Command = {
      ...apply,
      input: { decision: { kind: 'write', write: { yapla: [], yoplanning: ['city'] } } },
    };
    expect(verdictOf(history(), [read, otherwise, { kind: 'timer', ms: 90 }], { kind: 'completed' })).toEqual({
      is: 'deterministic',
      otherwise: [
        {
          eventId: 15,
          what: 'the activity applyDecision',
          differs: ['input.decision.write.yapla', 'input.decision.write.yoplanning'],
        },
        { eventId: 25, what: 'a timer of 1500 ms', differs: ['ms'] },
      ],
    });
  });
});

describe('a replay that parts from its history', () => {
  const parted = (asked: readonly Command[], sentence: string) =>
    verdictOf(history(), asked, { kind: 'nondeterminism', message: sdk(sentence) });

  test('names the event, what it has, and what the code asked for instead', () => {
    const sentence = 'Timer machine does not handle this event: HistoryEvent(id: 15, ActivityTaskScheduled)';
    expect(parted([read, { kind: 'timer', ms: 5 }], sentence)).toEqual({
      is: 'nondeterministic',
      eventId: 15,
      history: 'the activity applyDecision (ActivityTaskScheduled)',
      code: 'a timer of 5 ms',
      details: `[TMPRL1100] Nondeterminism error: ${sentence}`,
    });
  });

  test.each([
    ['No command scheduled for event HistoryEvent(id: 25, TimerStarted)', 'nothing here'],
    [
      'UpsertWorkflowSearchAttributesMachine does not handle HistoryEvent(id: 25, TimerStarted)',
      'to set search attributes',
    ],
    ['Complete workflow machine does not handle this event: HistoryEvent(id: 25, TimerStarted)', 'to complete'],
    ['Nexus machine does not handle this event: HistoryEvent(id: 25, TimerStarted)', 'nexus'],
  ])('says what the code wanted where it was not told of it: %s', (sentence, code) => {
    expect(parted([read, apply], sentence)).toMatchObject({
      eventId: 25,
      history: 'a timer of 1500 ms (TimerStarted)',
      code,
    });
  });

  test('finds the event by itself where the SDK names none', () => {
    const asked: Command[] = [read, { kind: 'activity', name: 'guess', input: {} }];
    const sentence =
      "Activity type of scheduled event 'applyDecision' does not match activity type of activity command 'guess'";
    expect(parted(asked, sentence)).toMatchObject({ eventId: 15, code: 'the activity guess' });
  });

  test('keeps what the SDK says where nothing can be told', () => {
    expect(parted([read, apply, linger], 'of a new kind')).toEqual({
      is: 'nondeterministic',
      eventId: null,
      history: 'unknown',
      code: 'something else',
      details: '[TMPRL1100] Nondeterminism error: of a new kind',
    });
  });
});

test('code that fails is told apart from code that parts', () => {
  const message = 'Replay failed due workflow task failure. Details: Failure { message: "no \\"city\\"", source: "" }';
  expect(verdictOf(history(), [read], { kind: 'failure', message })).toEqual({ is: 'failed', details: 'no "city"' });
});
