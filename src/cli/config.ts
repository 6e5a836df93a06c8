import type { Command } from 'commander';
import type { Output } from './output.js';
import type { CommonOptions } from './program.js';
import { visibleJson } from './visible.js';

interface ConfigOptions extends CommonOptions {
  readonly json?: boolean;
  readonly reference?: boolean;
}

/** `passerelle config`: checks the file and prints what is in effect, every secret as the name of its variable. */
export function registerConfig(program: Command, output: Output): void {
  program
    .command('config')
    .description('Check the configuration file and print what is in effect, defaults included, without secrets.')
    .option('--json', 'print JSON instead of YAML')
    .option('--reference', 'print the reference of all settings instead (Markdown)')
    .action(async (_, command: Command) => {
      const options = command.optsWithGlobals<ConfigOptions>();
      if (options.reference === true) {
        const { configReference } = await import('../config/reference.js');
        output.print(configReference().trimEnd());
        return;
      }
      const { readConfig } = await import('../config/load.js');
      const { showConfig } = await import('../config/show.js');
      const loaded = readConfig(options.config);
      const { warningsOf } = await import('../config/warnings.js');
      for (const warning of warningsOf(loaded.config)) output.note(output.colours.yellow(`Warning: ${warning}`));
      const shown = showConfig(loaded);
      if (options.json === true) {
        output.print(visibleJson(shown));
        return;
      }
      const { stringify } = await import('yaml');
      output.print(stringify(shown).trimEnd());
      const { waysOf } = await import('../config/ways.js');
      const { feedSentences } = await import('../config/feeds.js');
      for (const [name, connection] of Object.entries(loaded.config.connections))
        for (const one of [...waysOf(connection), ...feedSentences(name, connection)]) output.note(`${name}: ${one}`);
      const names = Object.keys(loaded.config.connections).join(', ');
      output.note(output.colours.green(`${loaded.file} is valid. Connections: ${names}`));
    });
}
