/**
 * The form of every bench's results: lines, each a value beside a floor measured in the same run, their ratio, and whether the goal
 * is met. Kept as `bench/results/<bench>.json`; `npm run bench -- chart` draws them.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { arch, cpus, loadavg, platform, totalmem } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { table } from '../src/cli/output.js';

/** What a goal is about (`value` or `ratio`), on which side it lies, and where: `ratio >= 0.98`. */
const goalPattern = /^(ratio|value) (>=|<=) (\d+(?:\.\d+)?)$/;

export const benchLineSchema = z.strictObject({
  line: z.string().min(1),
  value: z.number(),
  unit: z.string().min(1),
  /** In the same unit, measured in the same run. */
  floor: z.number(),
  /** value ÷ floor */
  ratio: z.number(),
  goal: z.string().regex(goalPattern),
  met: z.boolean(),
  /** What the numbers are made of: sizes, concurrency, what was counted besides. */
  note: z.string().optional(),
});

export const benchResultSchema = z.strictObject({
  machine: z.strictObject({
    cpu: z.string(),
    cores: z.number().int().positive(),
    memoryBytes: z.number().positive(),
    platform: z.string(),
    node: z.string(),
    /** Of one minute, when the bench began: above 0.5 or so something else was running. */
    loadAverage: z.number().nonnegative(),
  }),
  at: z.iso.datetime(),
  lines: z.array(benchLineSchema),
});

export type BenchLine = z.infer<typeof benchLineSchema>;
export type BenchResult = z.infer<typeof benchResultSchema>;
export type Machine = BenchResult['machine'];

export interface Measured {
  readonly line: string;
  readonly value: number;
  readonly unit: string;
  readonly floor: number;
  /** `ratio >= 0.98`, `value >= 1000`, `ratio <= 1.2` */
  readonly goal: string;
  /** What must hold besides, or the number means nothing: no refused request, no difference left. Default true. */
  readonly holds?: boolean;
  readonly note?: string;
}

/** The goal's parts. @throws {RangeError} when it is not written as `goalPattern` says */
export function parseGoal(goal: string): {
  readonly of: 'ratio' | 'value';
  readonly side: '>=' | '<=';
  readonly bound: number;
} {
  const [, of, side, bound] = goalPattern.exec(goal) ?? [];
  if (of === undefined) throw new RangeError(`a goal reads like "ratio >= 0.98", not "${goal}"`);
  return { of: of as 'ratio' | 'value', side: side as '>=' | '<=', bound: Number(bound) };
}

/** Puts a measurement into the form of the results. A number that is none (0 ÷ 0) never meets a goal. */
export function lineOf({ line, value, unit, floor, goal, holds = true, note }: Measured): BenchLine {
  const ratio = value / floor;
  const { of, side, bound } = parseGoal(goal);
  const reached = of === 'ratio' ? ratio : value;
  const met = holds && (side === '>=' ? reached >= bound : reached <= bound);
  return { line, value, unit, floor, ratio, goal, met, ...(note === undefined ? {} : { note }) };
}

export function describeMachine(): Machine {
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryBytes: totalmem(),
    platform: `${platform()} ${arch()}`,
    node: process.version,
    loadAverage: round(loadavg()[0]!),
  };
}

/** For a terminal. */
export function resultsTable(lines: readonly BenchLine[]): string {
  const rows = lines.map(({ line, value, unit, floor, ratio, goal, met }) => [
    met ? '✓' : '✗',
    line,
    `${round(value)} ${unit}`,
    `${round(floor)}`,
    `${round(ratio)}`,
    goal,
    met ? 'met' : 'NOT MET',
  ]);
  return table([['', 'line', 'value', 'floor', 'ratio', 'goal', ''], ...rows], { right: [2, 3, 4] });
}

/** Numbers to four significant digits: more would be noise. */
function round(value: number): number {
  return Number(value.toPrecision(4));
}

/** Checks and writes. @throws {z.ZodError} */
export function writeResult(file: string, result: BenchResult): void {
  const rounded = {
    ...result,
    lines: result.lines.map((line) => ({
      ...line,
      value: round(line.value),
      floor: round(line.floor),
      ratio: round(line.ratio),
    })),
  };
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(benchResultSchema.parse(rounded), null, 2)}\n`);
}

/** @throws {z.ZodError} when the file does not have the form */
export function readResult(file: string): BenchResult {
  return benchResultSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
}
