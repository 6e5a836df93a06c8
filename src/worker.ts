/** The worker: runs workflows and activities of every connection of the configuration. */
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { ApplicationFailure } from '@temporalio/common';
import {
  bundleWorkflowCode,
  DefaultLogger,
  makeTelemetryFilterString,
  type NativeConnection,
  Runtime,
  Worker,
  type WorkflowBundle,
  type WorkflowBundleOption,
} from '@temporalio/worker';
import { createActivities } from '../activities/index.js';
import { UnknownConnection } from '../activities/dependencies.js';
import type { Config } from './config/schema.js';
import { openConnection, type OpenConnection } from './connection.js';
import type { Log } from './log.js';
import type { Sql } from './store/database.js';
import { LinkClaims } from './sync/claims.js';

/** How long activities under way may take to come to an end when the worker is told to stop; a chunk ends after the items in hand. */
const shutdownGraceMs = 20_000;

/** A workflow's next step is first offered to the worker that has it in memory; a dead one is given up after so long (SDK: 10 s). */
const stickyTimeoutMs = 2_000;

/** A pause or a cancel reaches an activity with the answer to a heartbeat, so one must go out soon (SDK: up to a minute). */
const heartbeatThrottleMs = 1_000;

export interface WorkerOptions {
  readonly config: Pick<Config, 'connections' | 'temporal'>;
  /** Migrated already. Stays open when the worker ends. */
  readonly sql: Sql;
  /** Of `connectWorker`. Stays open when the worker ends. */
  readonly temporal: NativeConnection;
  /** Made by `bundleWorkflows`; left out: made now, which takes some seconds. */
  readonly workflowBundle?: WorkflowBundleOption;
  readonly log: Log;
}

export interface RunningWorker {
  /** Rejects when the worker fails; resolves when it has stopped. */
  readonly ended: Promise<void>;
  /** Ends after the work in hand. Repeatable. */
  stop(): Promise<void>;
}

/** The workflows' code as the worker loads it. */
export async function bundleWorkflows(): Promise<WorkflowBundle> {
  const quiet = new DefaultLogger('WARN');
  return await bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('../workflows/index.ts', import.meta.url)),
    logger: quiet,
  });
}

/** Sends the SDK's own messages to our log. To be called once, before anything else of the SDK's native part is used. */
export function installRuntime(log: Log): void {
  Runtime.install({
    logger: new DefaultLogger('INFO', ({ level, message, meta }) => {
      const line = { ...meta, ...(meta?.error === undefined ? {} : { error: errorLine(meta.error) }) };
      switch (level) {
        case 'ERROR':
          return log.error(line, message);
        case 'WARN':
          return log.warn(line, message);
        case 'INFO':
          return log.info(line, message);
        case 'DEBUG':
        case 'TRACE':
          return log.debug(line, message);
      }
    }),
    telemetryOptions: { logging: { forward: {}, filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }) } },
  });
}

/** Our own failures carry no values (activities/failures.ts), so their words may be logged; of anything else only the name. */
function errorLine(error: unknown): string {
  if (error instanceof ApplicationFailure) return `${error.type ?? 'ApplicationFailure'}: ${error.message}`;
  return error instanceof Error ? error.name : typeof error;
}

/**
 * V8 lets a heap of our size grow to a multiple of what is alive before it clears it, the more so the longer the work: the peak would
 * grow with the club, though what is alive does not. Measured (bench, part memory): a third less at the peak, and no slower.
 */
const heapGrowingPercent = 30;

/** Starts polling; returns as soon as the worker is running. */
export async function startWorker(options: WorkerOptions): Promise<RunningWorker> {
  setFlagsFromString(`--heap-growing-percent=${heapGrowingPercent}`);
  const { config, sql, temporal, log } = options;
  const connections = new Map<string, Promise<OpenConnection>>();
  const claims = new LinkClaims(sql);
  const activities = createActivities({
    sql,
    claims,
    connection: (connectionId) => {
      const known = connections.get(connectionId);
      if (known) return known;
      const settings = config.connections[connectionId];
      if (settings === undefined) return Promise.reject(new UnknownConnection(connectionId));
      const opening = openConnection(sql, connectionId, settings);
      connections.set(connectionId, opening);
      // A database that was down for a moment must not leave the connection closed for good.
      opening.catch(() => connections.delete(connectionId));
      return opening;
    },
  });

  const worker = await Worker.create({
    connection: temporal,
    namespace: config.temporal.namespace,
    taskQueue: config.temporal.taskQueue,
    workflowBundle: options.workflowBundle ?? (await bundleWorkflows()),
    activities,
    shutdownGraceTime: shutdownGraceMs,
    stickyQueueScheduleToStartTimeout: stickyTimeoutMs,
    maxHeartbeatThrottleInterval: heartbeatThrottleMs,
    maxConcurrentActivityTaskExecutions: 64,
  });
  log.info({ taskQueue: config.temporal.taskQueue, connections: Object.keys(config.connections) }, 'worker started');

  const ended = worker.run().finally(async () => {
    const opened = await Promise.allSettled(connections.values());
    await Promise.all(opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value.close()] : [])));
    await claims.close();
    log.info('worker stopped');
  });
  // Whoever stops us awaits `ended`; a failure before that must not go unhandled.
  ended.catch(() => undefined);
  return {
    ended,
    stop: async () => {
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await ended;
    },
  };
}
