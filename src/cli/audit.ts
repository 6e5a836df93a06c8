import type { Command } from 'commander';
import type { NotedDeed } from '../store/audit.js';
import type { Output } from './output.js';
import { wholeNumber, type CommonOptions } from './program.js';

interface AuditOptions extends CommonOptions {
  readonly json?: boolean;
  readonly last: number;
}

/** `passerelle audit [connection]`: who did what by a command, also to connections that are no more. */
export function registerAudit(program: Command, output: Output): void {
  program
    .command('audit [connection]')
    .description(
      'Show who approved, answered, paused, removed … what, and when; also of connections that were removed.',
    )
    .option('--last <n>', 'so many of the newest', wholeNumber, 50)
    .option('--json', 'print JSON')
    .action(async (connectionId: string | undefined, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<AuditOptions>();
      const { loadConfig } = await import('../config/load.js');
      const { openStore } = await import('./session.js');
      const { listDeeds } = await import('../store/audit.js');
      const { visibleJson } = await import('./visible.js');
      const { table } = await import('./output.js');
      const store = await openStore(loadConfig(options.config));
      try {
        const deeds = await listDeeds(store.sql, options.last, connectionId);
        if (options.json === true) output.print(visibleJson(deeds));
        else if (deeds.length === 0) output.note('Nobody did anything yet.');
        else output.print(table(await Promise.all(deeds.map(line))));
      } finally {
        await store.close();
      }
    });
}

async function line({ id, at, connectionId, verb, by, about, outcome }: NotedDeed): Promise<string[]> {
  const { visible } = await import('./visible.js');
  const what = Object.entries(about).map(([name, value]) => `${name} ${visible(String(value))}`);
  const how = { done: '', refused: 'refused: nothing was changed', open: 'its end was not learnt' }[outcome ?? 'open'];
  return [String(id), at.toISOString(), visible(connectionId), verb, what.join(', '), `by ${visible(by)}`, how];
}
