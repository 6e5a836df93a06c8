import type { Command } from 'commander';
import type { Output } from './output.js';
import { UsageError, type CommonOptions } from './program.js';

/** `passerelle receiver`: only the receiver of webhooks, against an existing Temporal and Postgres. Logs JSON lines to standard error. */
export function registerReceiver(program: Command, _output: Output): void {
  program
    .command('receiver')
    .description('Run only the receiver of webhooks, against the configured Temporal and PostgreSQL.')
    .action(async (_, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions>();
      const { loadConfig } = await import('../config/load.js');
      const config = loadConfig(options.config);
      const { serverAddresses } = await import('./serverAddresses.js');
      const { url, address } = serverAddresses(config, 'receiver');
      const { startReceiver, isReceiverNeeded } = await import('../receiver/receiver.js');
      if (!isReceiverNeeded(config.connections)) {
        throw new UsageError(
          'no connection has webhooks.yapla.secret, webhooks.yoplanning.secret or events.catalogue.feeds.secret: there is nothing to receive (docs/webhooks.md) and nothing to show (docs/events.md)',
        );
      }
      const { createLog } = await import('../log.js');
      const { migrate } = await import('../store/migrate.js');
      const { lazyTemporal } = await import('../temporal.js');
      const { untilSignal } = await import('./untilSignal.js');
      const log = createLog(config.log.level);
      const ended = untilSignal();
      await migrate(url);
      // Webhooks are taken whether Temporal answers or not.
      const { connection, client } = lazyTemporal({ ...config.temporal, address });
      try {
        const receiver = await startReceiver({ config, databaseUrl: url, client, log });
        await ended;
        await receiver.stop();
      } finally {
        await connection.close();
      }
    });
}
