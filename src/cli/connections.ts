import type { Command } from 'commander';
import type { Output } from './output.js';
import type { CommonOptions } from './program.js';

/** `passerelle connections`: those of the configuration, and those that the database holds. */
export function registerConnections(program: Command, output: Output): void {
  program
    .command('connections')
    .description('List the connections of the configuration and of the database, and which of the two lacks one.')
    .option('--json', 'print JSON')
    .action(async (_: unknown, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions & { readonly json?: boolean }>();
      const { loadConfig } = await import('../config/load.js');
      const { openStore } = await import('./session.js');
      const { listConnections } = await import('../store/connections.js');
      const { table } = await import('./output.js');
      const { visible } = await import('./visible.js');
      const config = loadConfig(options.config);
      const store = await openStore(config);
      try {
        const stored = new Map((await listConnections(store.sql)).map(({ id, links }) => [id, links]));
        const names = [...new Set([...Object.keys(config.connections), ...stored.keys()])].sort();
        const found = names.map((connection) => ({
          connection,
          configured: connection in config.connections,
          links: stored.get(connection) ?? null,
        }));
        if (options.json === true) return output.print(JSON.stringify(found, null, 2));
        output.print(table(found.map((one) => [visible(one.connection), ...words(one)])));
      } finally {
        await store.close();
      }
    });
}

function words({ configured, links }: { readonly configured: boolean; readonly links: number | null }): string[] {
  if (links === null) return ['', 'only in the configuration: nothing of it was read yet'];
  return [
    `${links} links`,
    configured ? '' : 'only in the database: no worker synchronises it; "passerelle remove" deletes it',
  ];
}
