/** A connection's imports as a state machine, without Temporal. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import { ImportRun, type ImportLook, newImportRun } from '../../workflows/importRun.js';
import type { ImportFile } from '../../workflows/yaplaImport.messages.js';

const hourMs = 3_600_000;
const now = Date.UTC(2026, 10, 29, 9);
const settings = {
  maxRows: 10,
  closeAfterMs: 24 * hourMs,
  checkMs: hourMs / 4,
  maxHistoryEvents: 500,
  heartbeatTimeoutMs: 1_000,
};
const file = (number: number, more: Partial<ImportFile> = {}): ImportFile => ({
  number,
  purpose: 'update',
  people: 3,
  madeAtMs: now - hourMs,
  isDone: false,
  ...more,
});
const look = (more: Partial<ImportLook> = {}): ImportLook => ({
  isOver: false,
  people: 0,
  sinceMs: null,
  files: [],
  lastNumber: 0,
  settings,
  ...more,
});

let run: ImportRun;
beforeEach(() => {
  run = new ImportRun('club');
});
const looked = (more: Partial<ImportLook> = {}, at = now) => run.looked(look(more), at);

describe('collecting', () => {
  test('begins with a look, and looks again after a while', () => {
    expect(run.next(now)).toEqual({ do: 'look' });
    looked();
    expect(run.next(now)).toEqual({ do: 'wait', ms: settings.checkMs });
    expect(run.next(now + settings.checkMs)).toEqual({ do: 'look' });
  });

  test('makes a file once enough people wait', () => {
    looked({ people: 9, sinceMs: now });
    expect(run.next(now)).toMatchObject({ do: 'wait' });
    looked({ people: 10, sinceMs: now });
    expect(run.next(now)).toEqual({ do: 'make' });
  });

  test('makes a file once the oldest change has waited for long enough, and looks no later', () => {
    looked({ people: 1, sinceMs: now - settings.closeAfterMs + 1_000 });
    expect(run.next(now)).toEqual({ do: 'wait', ms: 1_000 });
    expect(run.next(now + 1_000)).toEqual({ do: 'make' });
  });

  test('tries again after a while, not at once, where nothing that waits may be in a file now', () => {
    const held = { people: 1, sinceMs: now - settings.closeAfterMs };
    looked(held);
    expect(run.next(now)).toEqual({ do: 'make' });
    run.made([], now);
    expect(run.next(now)).toEqual({ do: 'look' });
    looked(held);
    expect(run.next(now)).toEqual({ do: 'wait', ms: settings.checkMs });
    const next = new ImportRun('club', run.state);
    next.looked(look(held), now + settings.checkMs - 1);
    expect(next.next(now + settings.checkMs - 1)).toEqual({ do: 'wait', ms: 1 });
    expect(next.next(now + settings.checkMs)).toEqual({ do: 'make' });
  });

  test('ends when the connection collects no more', () => {
    looked({ isOver: true });
    expect(run.next(now)).toEqual({ do: 'end' });
    expect(run.refusalOfClosing()).toMatchObject({ code: 'ended' });
  });
});

describe('a file that is asked for', () => {
  test('is made of whatever waits, after a look', () => {
    looked({ people: 1, sinceMs: now });
    const before = run.want();
    expect(run.isWoken).toBe(true);
    expect(run.next(now)).toEqual({ do: 'look' });
    looked({ people: 1, sinceMs: now });
    expect(run.next(now)).toEqual({ do: 'make' });
    run.made([file(1)], now);
    expect(run.state.makes).toBe(before + 1);
    expect(run.files).toEqual([file(1)]);
  });

  test('is answered where nothing waits, too', () => {
    looked();
    const before = run.want();
    looked();
    expect(run.next(now)).toEqual({ do: 'make' });
    run.made([], now);
    expect(run.state.makes).toBeGreaterThan(before);
    expect(run.next(now)).toEqual({ do: 'look' });
  });

  test('is refused while another is out, with what to do', () => {
    looked({ files: [file(3)], lastNumber: 3 });
    expect(run.refusalOfClosing()).toMatchObject({ code: 'filesOut' });
    expect(run.refusalOfClosing()!.text).toContain('passerelle import-done club 3');
  });
});

describe('a file that is out', () => {
  beforeEach(() => {
    run.made([file(1), file(2)], now);
    looked({ files: [file(1), file(2)], lastNumber: 2 });
  });

  test('is told of, once, and then waited for without a timer', () => {
    expect(run.next(now)).toEqual({ do: 'announce', number: 1 });
    run.announced(1);
    expect(run.next(now)).toEqual({ do: 'announce', number: 2 });
    run.announced(2);
    expect(run.next(now + 90 * 24 * hourMs)).toEqual({ do: 'wait', ms: null });
    expect(run.shown).toBe('waitingForImport');
    expect(run.details).toContain('3 people wait since 2026-11-29 for somebody who imports file 1');
  });

  test('is told of by the run after it, where this one could not', () => {
    const next = new ImportRun('club', run.state);
    next.looked(look({ files: [file(1), file(2)], lastNumber: 2 }), now);
    expect(next.next(now)).toEqual({ do: 'announce', number: 1 });
  });

  test('is judged once somebody says that it is imported; the others wait', () => {
    for (const number of [1, 2]) run.announced(number);
    expect(run.done(2)).toEqual({ people: 3, isRepeated: false });
    expect(run.isWoken).toBe(true);
    expect(run.next(now)).toEqual({ do: 'judge', number: 2, readsList: true });
    run.listRead();
    run.judged(2, { unread: 0, counts: { confirmed: 2, edited: 0, notShown: 1, asked: 0 } }, now);
    expect(run.next(now)).toEqual({ do: 'look' });
    looked({ files: [file(1)], lastNumber: 2 });
    expect(run.next(now)).toEqual({ do: 'wait', ms: null });
    expect(run.progress.totals).toEqual({ files: 1, confirmed: 2, edited: 0, notShown: 1, asked: 0 });
  });

  test('is looked at in ever longer pauses while nobody has read what it brought', () => {
    for (const number of [1, 2]) run.announced(number);
    run.done(1);
    run.listRead();
    run.judged(1, { unread: 4, counts: null }, now);
    expect(run.next(now)).toEqual({ do: 'wait', ms: settings.checkMs });
    const later = now + settings.checkMs;
    expect(run.next(later)).toEqual({ do: 'judge', number: 1, readsList: false });
    run.judged(1, { unread: 4, counts: null }, later);
    expect(run.next(later)).toEqual({ do: 'wait', ms: 2 * settings.checkMs });
    expect(run.done(2)).toMatchObject({ isRepeated: false });
    expect(run.next(later)).toMatchObject({ do: 'judge' });
  });

  test('counts as imported where it was said, though the database has not heard of it yet', () => {
    run.done(1);
    looked({ files: [file(1), file(2)], lastNumber: 2 });
    expect(run.files.map(({ isDone }) => isDone)).toEqual([true, false]);
  });

  test('may be said to be imported twice, also after it was judged', () => {
    run.done(1);
    expect(run.refusalOfDone(1)).toBeNull();
    expect(run.done(1)).toEqual({ people: 3, isRepeated: true });
    run.judged(1, { unread: 0, counts: null }, now);
    expect(run.refusalOfDone(1)).toBeNull();
    expect(run.done(1)).toEqual({ people: null, isRepeated: true });
  });

  test.each([0, 3, 1.5, Number.NaN])('that there is not (%s) is refused, with those that are', (number) => {
    expect(run.refusalOfDone(number)).toMatchObject({ code: 'noSuchFile' });
    expect(run.refusalOfDone(number)!.text).toContain('to be imported: 1, 2');
  });
});

test('a step that fails is tried again after a while, and shown as stopped until it succeeds', () => {
  looked({ files: [file(1, { isDone: true })], lastNumber: 1 });
  expect(run.failed('AccessRefused', now)).toBe(settings.checkMs);
  expect(run.shown).toBe('stopped');
  expect(run.next(now)).toEqual({ do: 'wait', ms: settings.checkMs });
  expect(run.next(now + settings.checkMs)).toMatchObject({ do: 'judge' });
  run.listRead();
  expect(run.shown).toBe('judging');
});

test('a run that goes on knows what the one before knew, and looks first', () => {
  looked({ people: 2, sinceMs: now });
  run.want();
  const next = new ImportRun('club', run.state);
  expect(next.next(now)).toEqual({ do: 'look' });
  next.looked(look({ people: 2, sinceMs: now }), now);
  expect(next.next(now)).toEqual({ do: 'make' });
  expect(new ImportRun('club').state).toEqual(newImportRun);
});
