/** The whole stack around one action: servers, migrations, search attributes, a worker, the receiver of webhooks; all of it is stopped in order afterwards. */
import path from 'node:path';
import { privateDirectory } from '../embedded/privateDirectory.js';
import type { Client } from '@temporalio/client';
import type { Config } from '../config/schema.js';
import { startStack, type Stack } from '../embedded/stack.js';
import { createLog } from '../log.js';
import { isReceiverNeeded, type RunningReceiver } from '../receiver/receiver.js';
import { scheduleRetention } from '../retention.js';
import { openDatabase, type Sql } from '../store/database.js';
import { migrate } from '../store/migrate.js';
import { refuseTransactionPooler } from '../store/pooler.js';
import { connectTemporal, connectWorker, ensureSearchAttributes } from '../temporal.js';
import { boundHeap, bundleWorkflows, installRuntime, startWorker, type RunningWorker } from '../worker.js';
import { startWorkerStatus } from '../workerStatus.js';
import type { Output } from './output.js';
import { runReceiver, type RunReceiverOptions } from './runReceiver.js';

export interface RunStackOptions {
  readonly config: Pick<
    Config,
    'database' | 'temporal' | 'receiver' | 'retention' | 'worker' | 'dataDirectory' | 'log'
  >;
  readonly output: Output;
  readonly connections: Config['connections'];
  /** Log file; left out: standard error. */
  readonly logFile?: string;
  /** The receiver takes another port where the configured one is taken; left out: that is an error. */
  readonly anyReceiverPort?: boolean;
  /** The worker shows how it stands (`worker.port`); left out: it does not. */
  readonly showStatus?: boolean;
  /** Rejects when the command is to end (see `interruption`): what runs is then stopped in order, also in the middle of starting. */
  readonly interrupted: Promise<never>;
}

export interface RunningStack {
  readonly stack: Stack;
  readonly sql: Sql;
  readonly client: Client;
  readonly worker: RunningWorker;
  /** Null: no system of these connections delivers webhooks, and none has feeds. */
  readonly receiver: RunningReceiver | null;
}

/** @throws what could not be started, or what `action` throws; a server or worker that ends by itself ends the action, too. */
export async function runStack<T>(options: RunStackOptions, action: (running: RunningStack) => Promise<T>): Promise<T> {
  const { config, output, interrupted } = options;
  privateDirectory(config.dataDirectory);
  const log = createLog(config.log.level, options.logFile);
  const closing: (() => Promise<unknown>)[] = [];
  let lost: (error: Error) => void = () => undefined;
  const serverLost = new Promise<never>((_, reject) => (lost = reject));
  serverLost.catch(() => undefined);
  try {
    // The workflows' code is bundled while the servers come up.
    const bundling = bundleWorkflows();
    bundling.catch(() => undefined);
    const stack = await startStack({
      dataDirectory: path.resolve(config.dataDirectory),
      database: { url: config.database.url },
      temporal: { ...config.temporal },
      onProgress: (line) => output.note(`  ${line}`),
      onServerLost: (message) => lost(new Error(message)),
    });
    closing.push(() => stack.stop());
    await unlessInterrupted(interrupted);
    await migrate(stack.databaseUrl);
    const sql = openDatabase(stack.databaseUrl, {
      maxConnections: config.database.maxConnections,
      applicationName: 'passerelle',
    });
    closing.push(() => sql.end({ timeout: 5 }));
    await refuseTransactionPooler(sql);
    const address = { ...config.temporal, address: stack.temporalAddress };
    const { connection, client } = await connectTemporal(address);
    closing.push(() => connection.close());
    await ensureSearchAttributes(connection, config.temporal.namespace);
    await scheduleRetention(client, config);
    // Not before it is needed: the SDK's runtime keeps the process alive until the last native connection is closed.
    installRuntime(log);
    boundHeap();
    const temporal = await connectWorker(address);
    closing.push(() => temporal.close());
    const worker = await startWorker({
      config: { connections: options.connections, retention: config.retention, temporal: config.temporal },
      sql,
      temporal,
      workflowBundle: await bundling,
      log,
    });
    closing.push(() => worker.stop());
    if (options.showStatus === true) {
      const watched = { connections: options.connections, worker: config.worker };
      const status = await startWorkerStatus({ config: watched, sql, client, worker, log });
      closing.push(async () => status?.stop());
    }
    const receiver = await receiverBeside(options, { databaseUrl: stack.databaseUrl, client, log });
    closing.push(async () => receiver?.stop());
    const workerEnded = worker.ended.then(() => new Promise<never>(() => undefined));
    return await Promise.race([action({ stack, sql, client, worker, receiver }), serverLost, workerEnded, interrupted]);
  } finally {
    for (const close of closing.reverse()) await close();
  }
}

async function receiverBeside(
  { config, connections, output, anyReceiverPort: anyPort = false }: RunStackOptions,
  servers: Pick<RunReceiverOptions, 'databaseUrl' | 'client' | 'log'>,
): Promise<RunningReceiver | null> {
  return isReceiverNeeded(connections) ? await runReceiver({ config, connections, output, anyPort, ...servers }) : null;
}

/** Throws if the interruption came already; does not wait for it. */
async function unlessInterrupted(interrupted: Promise<never>): Promise<void> {
  await Promise.race([interrupted, new Promise((resolve) => setImmediate(resolve))]);
}
