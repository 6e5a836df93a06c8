import { Option, type Command } from 'commander';
import type { Output } from './output.js';
import { wholeNumber, type CommonOptions } from './program.js';

/** How the demo's club reaches Yapla: by its API, or by files that a person exports and imports. */
export type YaplaWay = 'api' | 'workbook';

interface DemoOptions extends CommonOptions {
  readonly keep?: boolean;
  readonly seed: number;
  readonly yapla: YaplaWay;
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
    .addOption(
      new Option(
        '--yapla <way>',
        'how Yapla is reached: by its API, or by files at its export button and import wizard',
      )
        .choices(['api', 'workbook'])
        .default('api'),
    )
    .action(async (_, command: Command) => {
      const options = command.optsWithGlobals<DemoOptions>();
      output.note(output.colours.bold('Passerelle: Yapla ⇄ Yoplanning, on two sandbox systems.'));
      output.note('Starting PostgreSQL, Temporal, the sandbox and a worker on this machine:');
      const { runDemo } = await import('./runDemo.js');
      await runDemo({ output, keep: options.keep === true, seed: options.seed, yapla: options.yapla });
    });
}
