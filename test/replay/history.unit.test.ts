import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { durationMs, historyOfJson, payload, readHistory, UnreadableHistory } from '../../src/replay/history.js';

const recorded = (): { events: Record<string, unknown>[] } =>
  JSON.parse(readFileSync(path.resolve('test/histories/syncRecord.echo.json'), 'utf8')) as {
    events: Record<string, unknown>[];
  };

test('a history reads the same from a file and from the server’s own form', () => {
  const fromFile = readHistory(historyOfJson(recorded()));
  expect(readHistory(historyFromJSON(recorded()))).toEqual(fromFile);
  expect(fromFile.workflowType).toBe('syncRecord');
  expect(fromFile.workflowId).toMatch(/^person\/club-[0-9a-f]+\/yapla:\d+$/);
  expect(fromFile.events[0]).toMatchObject({ id: 1, type: 'WorkflowExecutionStarted' });
  const times = fromFile.events.map(({ atMs }) => atMs);
  expect(times.every((atMs) => atMs > Date.UTC(2026, 0))).toBe(true);
});

test('what is no history is refused in words', () => {
  expect(() => historyOfJson({ events: 'none' })).toThrow(UnreadableHistory);
  expect(() => historyOfJson({ events: [] })).toThrow(UnreadableHistory);
  expect(() => historyOfJson([])).toThrow(UnreadableHistory);
});

test('a history whose beginning is missing is refused', () => {
  const { events } = recorded();
  expect(() => readHistory(historyOfJson({ events: events.slice(1) }))).toThrow(UnreadableHistory);
});

test('payloads are decoded; one that a codec encrypted is not guessed at', () => {
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  expect(payload({ metadata: { encoding: base64('json/plain') }, data: base64('{"n":1}') })).toEqual({ n: 1 });
  expect(payload({ metadata: { encoding: base64('binary/null') } })).toBeNull();
  expect(payload({ metadata: { encoding: base64('binary/encrypted') }, data: base64('x') })).toBeUndefined();
  expect(payload(undefined)).toBeUndefined();
});

test('durations of the protocol are read as milliseconds', () => {
  expect([durationMs('1.500s'), durationMs('86400s'), durationMs('0.0004s'), durationMs(undefined)]).toEqual([
    1_500, 86_400_000, 0, 0,
  ]);
});
