/** A bench that consists of parts, each of which measures one line or some: chosen, run one after the other, printed and kept. */
import path from 'node:path';
import { UsageMistake, type Bench } from './bench.js';
import { describeMachine, resultsTable, writeResult, type BenchLine } from './results.js';
import { withStage, type Stage } from './stage.js';

/** @param quick small sizes */
export type Part = (stage: Stage, quick: boolean) => Promise<BenchLine | readonly BenchLine[]>;

/** All parts run on the same servers. */
export function benchOfParts(name: string, about: string, parts: Readonly<Record<string, Part>>): Bench {
  return {
    name,
    about,
    parts: Object.keys(parts),
    run: async ({ quick, only }) => {
      const unknown = only?.find((one) => !(one in parts));
      if (unknown !== undefined) {
        throw new UsageMistake(`${name} has no part "${unknown}"; it has ${Object.keys(parts).join(', ')}`);
      }
      const chosen = Object.entries(parts).filter(([one]) => only === null || only.includes(one));
      const machine = describeMachine();
      const at = new Date().toISOString();
      const say = (line: string) => console.error(`  ${line}`);
      const lines = await withStage(path.resolve('.passerelle', 'bench', 'stage'), say, async (stage) => {
        const measured: BenchLine[] = [];
        for (const [part, run] of chosen) {
          say(`${part}…`);
          for (const line of [await run(stage, quick)].flat()) {
            say(`${line.line}: ratio ${line.ratio.toFixed(3)}, ${line.met ? 'met' : 'NOT MET'} (${line.note ?? ''})`);
            measured.push(line);
          }
        }
        return measured;
      });
      console.log(resultsTable(lines));
      const whole = !quick && only === null;
      const file = path.join(...(whole ? ['bench', 'results'] : ['.passerelle', 'bench']), `${name}.json`);
      writeResult(file, { machine, at, lines });
      console.log(`\nkept in ${file}`);
      return lines.every((line) => line.met);
    },
  };
}
