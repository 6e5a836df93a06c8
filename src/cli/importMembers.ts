import { createInterface } from 'node:readline/promises';
import { Option, type Command } from 'commander';
import { dateOrders, type DateOrder } from '../core/export/dates.js';
import type { Output } from './output.js';
import { CommandFailed, UsageError, wholeNumber, type CommonOptions } from './program.js';
import { visibleJson } from './visible.js';
import { nameOf, whoOf, withBy, type ByOption } from './who.js';

interface ImportOptions extends CommonOptions, ByOption {
  readonly date?: string;
  readonly whole?: boolean;
  readonly dateOrder?: DateOrder;
  readonly json?: boolean;
  readonly check?: boolean;
  readonly yes?: boolean;
  readonly beyondGuard?: boolean;
  readonly samples: number;
}

/** `passerelle import-members <connection> <file>`: a bulk sync with Yapla's side read from an export of members. */
export function registerImportMembers(program: Command, output: Output): void {
  withBy(program.command('import-members <connection> <file>'))
    .description(
      "Read Yapla's export of members (.xlsx or .csv), say what was recognised, show the plan, and apply it once it is approved.",
    )
    .option(
      '--date <when>',
      'when it was exported; left out: taken from the name that Yapla gives its files, or asked for',
    )
    .option('--whole', 'it is the whole list of members: who is missing from it may be gone')
    .addOption(
      new Option('--date-order <order>', 'how it writes dates that can be read in two ways').choices(dateOrders),
    )
    .option('--check', 'stop after saying what was recognised: nothing is compared or written')
    .option('--json', 'print what was recognised as JSON, with every row that cannot be used, and stop there')
    .option('-y, --yes', 'approve the plan without asking, unless it is over a threshold of the guard')
    .option('--beyond-guard', 'with --yes: approve it also where it is over a threshold of the guard')
    .option('--samples <n>', "sample lines of each kind; they show people's data on this terminal", wholeNumber, 4)
    .action(async (connectionId: string, file: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<ImportOptions>();
      if (options.beyondGuard === true && options.yes !== true)
        throw new UsageError('--beyond-guard says what --yes may approve: give both, or neither');
      const stops = options.check === true || options.json === true;
      const isAsked = process.stdin.isTTY;
      const by = !stops && (options.yes === true || isAsked) ? whoOf(options) : nameOf(options);
      const { loadConfig } = await import('../config/load.js');
      const { personsOf } = await import('../core/record.js');
      const { connectionOf, openSession, openStore } = await import('./session.js');
      const { exportDate, reportOf, reportText } = await import('./membersFile.js');
      const { stageMembersFile } = await import('./stageMembersFile.js');
      const config = loadConfig(options.config);
      const connection = connectionOf(config, connectionId);
      const { timeZone } = connection.yapla;
      const ask = isAsked && options.json !== true ? question : null;
      const store = await openStore(config);
      let fileId: number;
      try {
        const exportedAt = await exportDate(store.sql, { file, said: options.date, timeZone }, ask);
        const staged = await stageMembersFile(store.sql, {
          connectionId,
          connection,
          file,
          given: { exportedAt, whole: options.whole === true },
          dateOrder: options.dateOrder ?? null,
          output,
        });
        fileId = staged.fileId;
        const report = await reportOf(store.sql, personsOf(connectionId), staged, options.json === true);
        if (options.json === true) output.print(visibleJson(report));
        else output.print(reportText(report, output));
        if (report.members === 0) throw new CommandFailed('nobody in the file can be used');
      } finally {
        await store.close();
      }
      if (stops) return;
      const { runBulkSync } = await import('./applyPlan.js');
      const { summaryText } = await import('./summary.js');
      const session = await openSession(config);
      try {
        const end = await runBulkSync({
          ...session,
          taskQueue: config.temporal.taskQueue,
          input: { connectionId, fileId },
          output,
          by,
          approved: options.yes === true,
          beyondGuard: options.beyondGuard === true,
          samples: options.samples,
          joins: false,
        });
        output.print(await summaryText(session.sql, connectionId, connection, end, output));
        if (end.result.outcome !== 'applied' || (end.result.differences ?? 0) > 0)
          throw new CommandFailed(end.result.outcome);
      } finally {
        await session.close();
      }
    });
}

/** Asks the person at the terminal. */
export async function question(text: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await terminal.question(text);
  } finally {
    terminal.close();
  }
}
