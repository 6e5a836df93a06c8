import type { Command } from 'commander';
import type { Output } from './output.js';
import { CommandFailed, wholeNumber, type CommonOptions } from './program.js';

interface IdleOptions extends CommonOptions {
  readonly wait?: boolean;
  readonly timeoutMs: number;
}

/** How often is looked again: a look asks each workflow that runs. */
const lookEveryMs = 250;

/** Of what is still going on, so many are named. */
const namedAtMost = 10;

/** `passerelle idle <connection>`: tells a script whether live work has come to rest. */
export function registerIdle(program: Command, output: Output): void {
  program
    .command('idle <connection>')
    .description(
      'Tell whether live work has come to rest: status 0 where nothing is left to do but what waits for a person, else 1.',
    )
    .option('--wait', 'wait until it has')
    .option('--timeout-ms <n>', 'with --wait: for so long at most', wholeNumber, 60_000)
    .action(async (connectionId: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<IdleOptions>();
      const { loadConfig } = await import('../config/load.js');
      const { connectionOf, openSession } = await import('./session.js');
      const { goingOn } = await import('./recordWorkflows.js');
      const { setTimeout: sleep } = await import('node:timers/promises');
      const config = loadConfig(options.config);
      connectionOf(config, connectionId);
      const session = await openSession(config);
      try {
        const deadline = Date.now() + (options.wait === true ? options.timeoutMs : 0);
        let busy = await goingOn({ ...session, connectionId });
        while (busy.length > 0 && Date.now() < deadline) {
          await sleep(Math.min(lookEveryMs, Math.max(0, deadline - Date.now())));
          busy = await goingOn({ ...session, connectionId });
        }
        if (busy.length === 0) return output.print(`${connectionId}: live work is at rest.`);
        const more = busy.length > namedAtMost ? `, and ${busy.length - namedAtMost} more` : '';
        output.print(`${connectionId}: still going on: ${busy.slice(0, namedAtMost).join(', ')}${more}`);
        throw new CommandFailed('live work is not at rest');
      } finally {
        await session.close();
      }
    });
}
