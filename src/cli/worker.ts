import type { Command } from 'commander';
import type { Output } from './output.js';
import type { CommonOptions } from './program.js';

/** `passerelle worker`: only a worker, against an existing Temporal and Postgres. Logs JSON lines to standard error. */
export function registerWorker(program: Command, _output: Output): void {
  program
    .command('worker')
    .description('Run only a worker, against the configured Temporal and PostgreSQL.')
    .action(async (_, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions>();
      const { loadConfig } = await import('../config/load.js');
      const config = loadConfig(options.config);
      const { serverAddresses } = await import('./serverAddresses.js');
      const { url, address } = serverAddresses(config, 'worker');
      const { Client } = await import('@temporalio/client');
      const { createLog } = await import('../log.js');
      const { boundHeap, installRuntime, startWorker } = await import('../worker.js');
      const { startWorkerStatus } = await import('../workerStatus.js');
      const { migrate } = await import('../store/migrate.js');
      const { refuseTransactionPooler } = await import('../store/pooler.js');
      const { openDatabase } = await import('../store/database.js');
      const { connectTemporal, connectWorker, ensureSearchAttributes } = await import('../temporal.js');
      const { scheduleRetention } = await import('../retention.js');
      const { untilSignal } = await import('./untilSignal.js');
      const log = createLog(config.log.level);
      const server = { ...config.temporal, address };
      await migrate(url);
      const { connection, client } = await connectTemporal(server);
      try {
        await ensureSearchAttributes(connection, config.temporal.namespace);
        await scheduleRetention(client, config);
      } finally {
        await connection.close();
      }
      const sql = openDatabase(url, {
        maxConnections: config.database.maxConnections,
        applicationName: 'passerelle-worker',
      });
      // Not before it is needed: the SDK's runtime keeps the process alive until the last native connection is closed.
      installRuntime(log);
      boundHeap();
      const temporal = await connectWorker(server);
      try {
        await refuseTransactionPooler(sql);
        const worker = await startWorker({ config, sql, temporal, log });
        const client = new Client({ connection: temporal, namespace: config.temporal.namespace });
        const status = await startWorkerStatus({ config, sql, client, worker, log });
        await Promise.race([untilSignal(), worker.ended]);
        // It is watched while it ends, too.
        await worker.stop().finally(() => status?.stop());
      } finally {
        await temporal.close();
        await sql.end({ timeout: 5 });
      }
    });
}
