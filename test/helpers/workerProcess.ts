/** A worker in a process of its own, for tests that kill it. Says one line when it polls; ends when it is killed. */
import { NativeConnection } from '@temporalio/worker';
import { createLog } from '../../src/log.js';
import { openDatabase } from '../../src/store/database.js';
import { installRuntime, startWorker } from '../../src/worker.js';
import type { WorkerProcessOptions } from './passerelle.js';

const { config, databaseUrl, workflowBundle } = JSON.parse(
  process.env['PASSERELLE_TEST_WORKER']!,
) as WorkerProcessOptions;
const log = createLog('error');
installRuntime(log);
const sql = openDatabase(databaseUrl, { maxConnections: 10, applicationName: 'test-worker' });
const temporal = await NativeConnection.connect({ address: config.temporal.address! });
const worker = await startWorker({ config, sql, temporal, workflowBundle, log });
process.stdout.write('polling\n');
await worker.ended;
