/** Runs the bare workflow, on the server and in the kind of process that ours runs in. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { WorkflowHandle } from '@temporalio/client';
import { startProgram } from './childProcess.js';
import type { Stage } from './stage.js';
import { wakeSignal, type bareRecord, type BareRecordInput } from './workflows/bareRecord.js';

export interface BareRecords {
  /** Starts one by `signalWithStart`, as a webhook does ours. */
  start(input: BareRecordInput): Promise<WorkflowHandle<typeof bareRecord>>;
  /** Runs one that ends after its last activity. @returns milliseconds from the call to the result */
  time(activities: number): Promise<number>;
  /** Processor seconds that its worker used so far. */
  processorSeconds(): number;
}

/** A worker of its own around `action`. */
export async function withBareRecords<T>(
  stage: Stage,
  name: string,
  action: (bare: BareRecords) => Promise<T>,
): Promise<T> {
  const taskQueue = `bench-bare-${name}-${stage.run}`;
  const script = fileURLToPath(new URL('./bareWorker.ts', import.meta.url));
  const worker = await startProgram({
    name: 'the worker of the bare workflow',
    args: ['--import', 'tsx', script, stage.temporalAddress, taskQueue],
    env: {},
    logFile: path.join(stage.directory, 'bare-worker.log'),
    readyWhen: 'bare worker started',
  });
  let nth = 0;
  const start = async (input: BareRecordInput) =>
    await stage.client.workflow.signalWithStart<typeof bareRecord>('bareRecord', {
      workflowId: `${taskQueue}/${(nth += 1)}`,
      taskQueue,
      args: [input],
      signal: wakeSignal,
    });
  try {
    return await action({
      start,
      time: async (activities) => {
        const began = performance.now();
        const handle = await start({ activities, lingerMs: 0 });
        await handle.result();
        return performance.now() - began;
      },
      processorSeconds: () => worker.processorSeconds(),
    });
  } finally {
    await worker.stop();
  }
}
