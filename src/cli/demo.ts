import type { Command } from 'commander';
import type { Output } from './output.js';
import { wholeNumber, type CommonOptions } from './program.js';

interface DemoOptions extends CommonOptions {
  readonly keep?: boolean;
  readonly seed: number;
}

/** `passerelle demo`: the main job on the sandbox, proven, with nothing but what this repository brings. */
export function registerDemo(program: Command, output: Output): void {
  program
    .command('demo')
    .description(
      'Bring everything up on this machine, run a bulk sync between two sandbox systems, and prove the result.',
    )
    .option('--keep', 'stay up afterwards, for looking around; Ctrl-C ends')
    .option('--seed <n>', 'other people, the same for the same number', wholeNumber, 7)
    .action(async (_, command: Command) => {
      const options = command.optsWithGlobals<DemoOptions>();
      output.note(output.colours.bold('Passerelle: Yapla ⇄ Yoplanning, on two sandbox systems.'));
      output.note('Starting PostgreSQL, Temporal, the sandbox and a worker on this machine:');
      const { runDemo } = await import('./runDemo.js');
      await runDemo({ output, keep: options.keep === true, seed: options.seed });
    });
}
