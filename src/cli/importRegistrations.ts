import { Option, type Command } from 'commander';
import { dateOrders, type DateOrder } from '../core/export/dates.js';
import { question } from './importMembers.js';
import type { Output } from './output.js';
import { CommandFailed, UsageError, type CommonOptions } from './program.js';
import { visibleJson } from './visible.js';

interface ImportOptions extends CommonOptions {
  readonly date?: string;
  readonly dateOrder?: DateOrder;
  readonly json?: boolean;
  readonly check?: boolean;
}

/** `passerelle import-registrations <connection> <file>`: what an export of registrations shows anew, as if webhooks had told of it. */
export function registerImportRegistrations(program: Command, output: Output): void {
  program
    .command('import-registrations <connection> <file>')
    .description(
      "Read Yapla's export of registrations (.xlsx or .csv), say what was recognised, and take each registration that is new or differs as a webhook would be taken.",
    )
    .option(
      '--date <when>',
      'when it was exported; left out: taken from the name that Yapla gives its files, or asked for',
    )
    .addOption(
      new Option('--date-order <order>', 'how it writes dates that can be read in two ways').choices(dateOrders),
    )
    .option('--check', 'stop after saying what was recognised: nothing is taken')
    .option('--json', 'print what was recognised as JSON, with every row that cannot be used, and stop there')
    .action(async (connectionId: string, file: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<ImportOptions>();
      const { loadConfig } = await import('../config/load.js');
      const { connectionOf, openStore } = await import('./session.js');
      const { exportDate, foundLines, reportOf } = await import('./membersFile.js');
      const { stageFile } = await import('./stageMembersFile.js');
      const { stagedRegistrations } = await import('../stagedKinds.js');
      const { importRegistrations } = await import('../importRegistrations.js');
      const config = loadConfig(options.config);
      const connection = connectionOf(config, connectionId);
      const { events, timeZone } = connection.yapla;
      if (events === undefined) {
        throw new UsageError(
          `registrations are not looked at: set connections.${connectionId}.yapla.events ("events: {}" for all defaults)`,
        );
      }
      const ask = process.stdin.isTTY && options.json !== true ? question : null;
      const scope = { connectionId, kind: 'registration' } as const;
      const store = await openStore(config);
      try {
        const exportedAt = await exportDate(store.sql, { file, said: options.date, timeZone }, ask);
        const staged = await stageFile(store.sql, scope, stagedRegistrations(connection, events), {
          connectionId,
          connection,
          file,
          // Nobody is taken for gone because a list of registrations does not show them: they are cancelled, and shown so.
          given: { exportedAt, whole: false },
          dateOrder: options.dateOrder ?? null,
          output,
        });
        const report = await reportOf(store.sql, scope, staged, options.json === true);
        if (options.json === true) {
          output.print(visibleJson(report));
        } else {
          const words = { what: 'registrations', setting: 'yapla.events.registration.columns' };
          output.print(foundLines(report, words, output).join('\n'));
        }
        if (options.json === true || options.check === true) return;
        const { told, same, newer } = await importRegistrations(store.sql, scope, { events, timeZone }, staged);
        output.print(
          `${told} new or changed: taken, and looked at as webhooks are. ${same} as they are known. ${newer} of which Yapla told since the file was exported: it changes nothing of them.`,
        );
        if (told + same + newer === 0) throw new CommandFailed('no registration in the file can be used');
      } finally {
        await store.close();
      }
    });
}
