/** The worker of the bare workflow, with the settings of ours (src/worker.ts). Started by bareRecord.ts; ends on SIGTERM. */
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import type { BareActivities } from './workflows/bareRecord.js';

const [address, taskQueue] = process.argv.slice(2);
const logger = new DefaultLogger('WARN');
Runtime.install({ logger });
const connection = await NativeConnection.connect({ address: address! });
const activities: BareActivities = { nothing: async () => undefined };
const worker = await Worker.create({
  connection,
  taskQueue: taskQueue!,
  workflowBundle: await bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('workflows/bareRecord.ts', import.meta.url)),
    logger,
  }),
  activities: { ...activities },
  maxConcurrentActivityTaskExecutions: 32,
});
process.stderr.write('bare worker started\n');
await worker.run();
await connection.close();
