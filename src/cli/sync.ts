import type { Command } from 'commander';
import type { Output } from './output.js';
import { CommandFailed, UsageError, wholeNumber, type CommonOptions } from './program.js';
import { nameOf, whoOf, withBy, type ByOption } from './who.js';

interface SyncOptions extends CommonOptions, ByOption {
  readonly yes?: boolean;
  readonly beyondGuard?: boolean;
  readonly samples: number;
}

/** `passerelle sync <connection>`: a bulk sync, from reading both lists to the verified end. */
export function registerSync(program: Command, output: Output): void {
  withBy(program.command('sync <connection>'))
    .description('Compare both lists, show the plan, and apply it once it is approved.')
    .option('-y, --yes', 'approve the plan without asking, unless it is over a threshold of the guard')
    .option('--beyond-guard', 'with --yes: approve it also where it is over a threshold of the guard')
    .option('--samples <n>', "sample lines of each kind; they show people's data on this terminal", wholeNumber, 4)
    .action(async (connectionId: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<SyncOptions>();
      if (options.beyondGuard === true && options.yes !== true)
        throw new UsageError('--beyond-guard says what --yes may approve: give both, or neither');
      // Anyone who approves must be named before the work begins; where the plan is left to wait, nobody need be.
      const by = options.yes === true || process.stdin.isTTY ? whoOf(options) : nameOf(options);
      const { loadConfig } = await import('../config/load.js');
      const { connectionOf, openSession } = await import('./session.js');
      const { runBulkSync } = await import('./applyPlan.js');
      const { summaryText } = await import('./summary.js');
      const config = loadConfig(options.config);
      const connection = connectionOf(config, connectionId);
      const session = await openSession(config);
      try {
        const { noteFiles } = await import('./membersFile.js');
        await noteFiles(session.sql, connectionId, connection, output);
        const end = await runBulkSync({
          ...session,
          taskQueue: config.temporal.taskQueue,
          input: { connectionId },
          output,
          by,
          approved: options.yes === true,
          beyondGuard: options.beyondGuard === true,
          samples: options.samples,
        });
        output.print(await summaryText(session.sql, connectionId, connection, end, output));
        if (end.result.outcome !== 'applied' || (end.result.differences ?? 0) > 0)
          throw new CommandFailed(end.result.outcome);
      } finally {
        await session.close();
      }
    });
}
