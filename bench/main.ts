/** `npm run bench` lists the benches; `npm run bench -- <name>` runs one. */
import { parseArgs } from 'node:util';
import { CommandFailed } from '../src/cli/program.js';
import { bulk } from './bulk.js';
import { BulkWentWrong } from './bulkRun.js';
import { drawCharts } from './chart.js';
import { events } from './events.js';
import { ProgramNotStarted } from './childProcess.js';
import { live } from './live.js';
import { LiveWentWrong } from './liveStage.js';
import { UsageMistake, type Bench } from './bench.js';
import { workbook } from './workbook.js';

const benches: readonly Bench[] = [bulk, live, events, workbook];

/** They say what happened and where to look: no trace is needed. */
const expected = [CommandFailed, BulkWentWrong, LiveWentWrong, ProgramNotStarted];

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { quick: { type: 'boolean', default: false }, only: { type: 'string' } },
  });
  const [name] = positionals;
  if (name === undefined) {
    console.log(usage());
    return 0;
  }
  if (name === 'chart') {
    for (const file of drawCharts()) console.log(file);
    return 0;
  }
  const bench = benches.find((one) => one.name === name);
  if (bench === undefined) throw new UsageMistake(`no bench is called "${name}"\n\n${usage()}`);
  const only = values.only?.split(',').map((part) => part.trim()) ?? null;
  return (await bench.run({ quick: values.quick, only })) ? 0 : 1;
}

function usage(): string {
  return [
    'npm run bench -- <name> [--quick] [--only part,part]',
    '',
    ...benches.map(({ name, about, parts }) => `  ${name.padEnd(8)} ${about}\n           parts: ${parts.join(', ')}`),
    `  ${'chart'.padEnd(8)} draws docs/bench-<name>.svg from bench/results/<name>.json`,
    '',
    'A whole run is kept in bench/results/<name>.json; one with --quick (small sizes: does it run at all?) or --only in .passerelle/bench.',
    'Exit status 1: a goal is not met.',
  ].join('\n');
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const { name, message } = error as Error;
  if (error instanceof UsageMistake) process.exitCode = 2;
  else if (expected.some((kind) => error instanceof kind)) process.exitCode = 1;
  else throw error;
  console.error(`${name}: ${message}`);
  // A signal leaves a measurement under way behind: what it still waits for holds nobody up.
  process.exit();
}
