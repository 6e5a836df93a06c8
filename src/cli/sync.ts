import type { Command } from 'commander';
import type { Output } from './output.js';
import { CommandFailed, wholeNumber, type CommonOptions } from './program.js';

interface SyncOptions extends CommonOptions {
  readonly yes?: boolean;
  readonly samples: number;
}

/** `passerelle sync <connection>`: a bulk sync, from reading both lists to the verified end. */
export function registerSync(program: Command, output: Output): void {
  program
    .command('sync <connection>')
    .description('Compare both lists, show the plan, and apply it once it is approved.')
    .option('-y, --yes', 'approve the plan without asking')
    .option('--samples <n>', "sample lines of each kind; they show people's data on this terminal", wholeNumber, 4)
    .action(async (connectionId: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<SyncOptions>();
      const { loadConfig } = await import('../config/load.js');
      const { connectionOf, openSession } = await import('./session.js');
      const { runBulkSync } = await import('./applyPlan.js');
      const { summaryText } = await import('./summary.js');
      const config = loadConfig(options.config);
      const connection = connectionOf(config, connectionId);
      const session = await openSession(config);
      try {
        const approver = options.yes === true ? (process.env['USER'] ?? 'terminal') : null;
        const end = await runBulkSync({
          ...session,
          taskQueue: config.temporal.taskQueue,
          input: { connectionId },
          output,
          approver,
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
