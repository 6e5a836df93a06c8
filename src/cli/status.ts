import type { Command } from 'commander';
import type { Output } from './output.js';
import { CommandFailed, type CommonOptions } from './program.js';

/** `passerelle status [connection]`: whether all is well, for a person or a script that looks now and then. */
export function registerStatus(program: Command, output: Output): void {
  program
    .command('status [connection]')
    .description('Show what holds each connection up, and whether webhooks come. Status 1 where somebody should look.')
    .option('--json', 'print JSON')
    .action(async (connectionId: string | undefined, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions & { readonly json?: boolean }>();
      const { loadConfig } = await import('../config/load.js');
      const { connectionOf, openSession } = await import('./session.js');
      const { statusOf } = await import('./statusOf.js');
      const { needsSomebody, statusText } = await import('./statusText.js');
      const { visibleJson } = await import('./visible.js');
      const config = loadConfig(options.config);
      if (connectionId !== undefined) connectionOf(config, connectionId);
      const names = connectionId === undefined ? Object.keys(config.connections) : [connectionId];
      const session = await openSession(config);
      try {
        const found = [];
        for (const name of names) found.push(await statusOf(session, name, config.connections[name]!));
        if (options.json === true) output.print(visibleJson(found));
        else output.print(found.map((one) => statusText(one, Date.now())).join('\n'));
        if (found.some(needsSomebody)) throw new CommandFailed('somebody should look');
      } finally {
        await session.close();
      }
    });
}
