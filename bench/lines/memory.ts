/** Peak memory of the worker at ten times the people, beside its peak at once the people. */
import { lineOf, type BenchLine } from '../results.js';
import type { Stage } from '../stage.js';
import { linkEqualLists, withEqualLists } from './planSpeed.js';

export interface MemoryOptions {
  /** People in each system, in the two runs. */
  readonly few: number;
  readonly many: number;
}

const megabyte = 1_000_000;

export async function memoryLine(stage: Stage, { few, many }: MemoryOptions): Promise<BenchLine> {
  const runs: { readonly megabytes: number; readonly seconds: number }[] = [];
  for (const people of [few, many]) {
    // A worker of its own for each: a high-water mark never falls.
    const run = await withEqualLists(stage, `memory-${people}`, people, async (passerelle) => {
      const { seconds } = await linkEqualLists(passerelle, people);
      return { megabytes: passerelle.worker.peakMemoryBytes() / megabyte, seconds };
    });
    stage.say(`${people} people in each system: ${run.megabytes.toFixed(0)} MB at most, ${run.seconds.toFixed(1)} s`);
    runs.push(run);
  }
  const [first, second] = runs;
  return lineOf({
    line: `peak memory, ${many} records a side beside ${few}`,
    value: second!.megabytes,
    unit: 'MB',
    floor: first!.megabytes,
    goal: 'ratio <= 1.2',
    note: `resident set of the worker process, high-water mark (VmHWM); equal lists, scanned, linked and verified in ${first!.seconds.toFixed(1)} s and ${second!.seconds.toFixed(1)} s`,
  });
}
