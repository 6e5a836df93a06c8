import type { Command } from 'commander';
import type { Output } from './output.js';
import type { CommonOptions } from './program.js';

/** `passerelle start`: the whole stack on this machine (what is not configured is started here), a worker, and the receiver of webhooks. */
export function registerStart(program: Command, output: Output): void {
  program
    .command('start')
    .description(
      'Start everything on this machine: PostgreSQL and Temporal where none is configured, the worker and the receiver of webhooks.',
    )
    .action(async (_, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions>();
      const { loadConfig } = await import('../config/load.js');
      const config = loadConfig(options.config);
      output.note('Starting Passerelle…');
      const { runStack } = await import('./runStack.js');
      const { announce } = await import('./running.js');
      const { untilSignal } = await import('./untilSignal.js');
      const signal = untilSignal();
      // A signal is the regular end of this command: it interrupts nothing, it is what the action waits for.
      const interrupted = new Promise<never>(() => undefined);
      const stackOptions = { config, output, connections: config.connections, showStatus: true, interrupted };
      await runStack(stackOptions, async ({ stack, receiver }) => {
        if (receiver === null) output.note('  webhooks: none are taken, as no connection has a secret for them');
        const takeBack = announce(config.dataDirectory, stack);
        try {
          const ui = stack.uiUrl === undefined ? '' : ` Temporal UI: ${stack.uiUrl}`;
          output.note(output.colours.green(`Running, with ${Object.keys(config.connections).join(', ')}.${ui}`));
          output.note('Next, in another terminal: "passerelle sync <connection>". Ctrl-C stops.');
          await signal;
          output.note('Stopping: what is in hand is finished first…');
        } finally {
          takeBack();
        }
      });
    });
}
