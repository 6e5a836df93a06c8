import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  benchResultSchema,
  describeMachine,
  lineOf,
  parseGoal,
  readResult,
  resultsTable,
  writeResult,
  type BenchResult,
} from '../../bench/results.js';

const share = { line: 'share', value: 49, unit: 'requests/s', floor: 50, goal: 'ratio >= 0.98' } as const;

describe('a goal', () => {
  test('names what it is about, its side and its bound', () => {
    expect(parseGoal('ratio <= 1.02')).toEqual({ of: 'ratio', side: '<=', bound: 1.02 });
    expect(parseGoal('value >= 1000')).toEqual({ of: 'value', side: '>=', bound: 1000 });
  });

  test.each(['0.98', 'ratio > 0.98', 'share >= 0.98', 'ratio >= fast', 'ratio >= 0.98 or so'])(
    'written as "%s" is refused',
    (goal) => {
      expect(() => parseGoal(goal)).toThrow(RangeError);
      expect(() => lineOf({ ...share, goal })).toThrow(RangeError);
    },
  );
});

describe('a line', () => {
  test('is met exactly at its bound, on either side', () => {
    expect(lineOf(share)).toMatchObject({ ratio: 0.98, met: true });
    expect(lineOf({ ...share, value: 48.9 })).toMatchObject({ met: false });
    expect(lineOf({ ...share, value: 51, goal: 'ratio <= 1.02' })).toMatchObject({ ratio: 1.02, met: true });
    expect(lineOf({ ...share, value: 51.1, goal: 'ratio <= 1.02' })).toMatchObject({ met: false });
  });

  test('can have a goal for its value, whatever the ratio', () => {
    expect(lineOf({ ...share, value: 1_000, floor: 90_000, goal: 'value >= 1000' })).toMatchObject({ met: true });
    expect(lineOf({ ...share, value: 999, floor: 1, goal: 'value >= 1000' })).toMatchObject({ met: false });
  });

  test('is not met when what must hold besides does not hold', () => {
    expect(lineOf({ ...share, holds: false })).toMatchObject({ ratio: 0.98, met: false });
  });

  test('is not met by a ratio that is no number', () => {
    for (const goal of ['ratio >= 0.5', 'ratio <= 1.2']) {
      expect(lineOf({ ...share, value: 0, floor: 0, goal }).met).toBe(false);
    }
  });
});

describe('the table', () => {
  test('says in words and by a sign which goals are met', () => {
    const [header, met, missed] = resultsTable([lineOf(share), lineOf({ ...share, line: 'slow', value: 1 })]).split(
      '\n',
    );
    expect(header).toContain('floor');
    expect(met).toMatch(/^✓ .*49 requests\/s .*0\.98 .* met$/);
    expect(missed).toMatch(/^✗ {2}slow .* NOT MET$/);
  });
});

describe('the file', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(path.join(tmpdir(), 'bench-results-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const result = (): BenchResult => ({
    machine: describeMachine(),
    at: '2026-11-22T12:00:00.000Z',
    lines: [lineOf({ ...share, value: 48.123456, note: 'of 600' })],
  });

  test('comes back as it was written, numbers to four digits', () => {
    const file = path.join(directory, 'deeper', 'bulk.json');
    writeResult(file, result());
    const read = readResult(file);
    expect(read.machine).toEqual(describeMachineShape(read));
    expect(read.lines).toEqual([
      {
        line: 'share',
        value: 48.12,
        unit: 'requests/s',
        floor: 50,
        ratio: 0.9625,
        goal: 'ratio >= 0.98',
        met: false,
        note: 'of 600',
      },
    ]);
    expect(readFileSync(file, 'utf8').endsWith('}\n')).toBe(true);
  });

  test('of another form is refused, whatever is wrong', () => {
    const file = path.join(directory, 'bulk.json');
    for (const change of [{ met: 'yes' }, { goal: 'fast' }, { extra: 1 }, { value: null }]) {
      const { lines, ...rest } = result();
      writeFileSync(file, JSON.stringify({ ...rest, lines: [{ ...lines[0], ...change }] }));
      expect(() => readResult(file)).toThrow();
    }
  });

  test('is not written when a number is none', () => {
    const bad = { ...result(), lines: [lineOf({ ...share, value: 1, floor: 0 })] };
    expect(() => writeResult(path.join(directory, 'bulk.json'), bad)).toThrow();
    expect(benchResultSchema.safeParse(bad).success).toBe(false);
  });
});

/** The machine of this run may differ in its load from one call to the next. */
function describeMachineShape({ machine }: BenchResult) {
  return { ...describeMachine(), loadAverage: machine.loadAverage };
}
