/** The bench of the bulk sync: what it costs in requests, time and memory, on the real parts. */
import path from 'node:path';
import { UsageMistake, type Bench, type BenchOptions } from './bench.js';
import { applySpeedLine } from './lines/applySpeed.js';
import { memoryLine } from './lines/memory.js';
import { planSpeedLine } from './lines/planSpeed.js';
import { requestsLine } from './lines/requests.js';
import { shareLine } from './lines/share.js';
import { describeMachine, resultsTable, writeResult, type BenchLine } from './results.js';
import { withStage, type Stage } from './stage.js';

type Part = (stage: Stage, quick: boolean) => Promise<BenchLine>;

/** Sizes: a whole run takes some minutes on two cores, a quick one less than one. */
const parts: Readonly<Record<string, Part>> = {
  share50: (stage, quick) =>
    shareLine(stage, {
      requestsPerSecond: 50,
      latencyMs: 5,
      creations: quick ? 80 : 900,
      changes: quick ? 40 : 600,
    }),
  share5: (stage, quick) =>
    shareLine(stage, { requestsPerSecond: 5, latencyMs: 50, creations: quick ? 20 : 150, changes: quick ? 15 : 100 }),
  requests: (stage, quick) =>
    requestsLine(stage, {
      people: quick
        ? { yapla: 60, yoplanning: 20, shared: 20, differing: 20 }
        : { yapla: 700, yoplanning: 100, shared: 100, differing: 200 },
    }),
  // Twice: against a server as far away as a vendor's is, and against one that answers at once, where all that is left is processor.
  applyFar: (stage, quick) => applySpeedLine(stage, { ...applySize(quick), latencyMs: 30 }),
  applyNear: (stage, quick) => applySpeedLine(stage, { ...applySize(quick), latencyMs: 0 }),
  planSpeed: (stage, quick) => planSpeedLine(stage, { people: quick ? 300 : 10_000 }),
  memory: (stage, quick) => memoryLine(stage, quick ? { few: 200, many: 400 } : { few: 10_000, many: 100_000 }),
};

function applySize(quick: boolean) {
  return { creations: quick ? 100 : 3_000, changes: quick ? 100 : 2_000, concurrency: 16 };
}

export const bulk: Bench = {
  name: 'bulk',
  about: 'the bulk sync: share of the limits used, requests, speed, memory',
  parts: Object.keys(parts),
  run,
};

async function run({ quick, only }: BenchOptions): Promise<boolean> {
  const unknown = only?.find((name) => !(name in parts));
  if (unknown !== undefined) throw new UsageMistake(`bulk has no part "${unknown}"; it has ${bulk.parts.join(', ')}`);
  const chosen = Object.entries(parts).filter(([name]) => only === null || only.includes(name));
  const machine = describeMachine();
  const at = new Date().toISOString();
  const say = (line: string) => console.error(`  ${line}`);
  const lines = await withStage(path.resolve('.passerelle', 'bench', 'stage'), say, async (stage) => {
    const measured: BenchLine[] = [];
    for (const [name, part] of chosen) {
      say(`${name}…`);
      const line = await part(stage, quick);
      say(`${name}: ratio ${line.ratio.toFixed(3)}, ${line.met ? 'met' : 'NOT MET'} (${line.note ?? ''})`);
      measured.push(line);
    }
    return measured;
  });
  console.log(resultsTable(lines));
  const whole = !quick && only === null;
  const file = whole ? path.join('bench', 'results', 'bulk.json') : path.join('.passerelle', 'bench', 'bulk.json');
  writeResult(file, { machine, at, lines });
  console.log(`\nkept in ${file}`);
  return lines.every((line) => line.met);
}
