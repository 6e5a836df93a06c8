/** The worker: runs workflows and activities of every connection of the configuration. */
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { Client } from '@temporalio/client';
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
import { scopeName, type Scope } from './core/record.js';
import { longestWindowMs } from './config/credentials.js';
import { openConnection, withRules, type OpenConnection } from './connection.js';
import type { Log } from './log.js';
import type { Sql } from './store/database.js';
import { fieldRules } from './store/fieldRules.js';
import { LinkClaims } from './link/claims.js';
import { ensureCatalogue, mirroringConnections } from './catalogue.js';
import { derivingConnections, ensureFacts } from './deriveFacts.js';
import { ensureImport, importingConnections } from './yaplaImport.js';
import { checkWritesAtStart } from './startChecks.js';
import { keepWaking, lookAgainAtStart } from './waking.js';

/** How long activities under way may take to come to an end when the worker is told to stop; a chunk ends after the items in hand. */
const shutdownGraceMs = 20_000;

/** Single records under way at once: each waits for two or three requests, and for PostgreSQL in between. */
const liveActivities = 32;

/**
 * Changes of single people under way within workflow tasks: their first attempts wait there for the systems. Many, because they wait and
 * do little else, and those of a connection whose system hangs, each for up to `localAttemptMs`, must leave room for another's.
 */
const liveWorkflowTasks = 128;

/** One for each workflow task: anyone who waits for a place to make an attempt holds a workflow task's place for nothing. */
const liveLocalActivities = liveWorkflowTasks;

/** A workflow's next step is first offered to the worker that has it in memory; a dead one is given up after so long (SDK: 10 s). */
const stickyTimeoutMs = 2_000;

/** A pause or a cancel reaches an activity with the answer to a heartbeat, so one must go out soon (SDK: up to a minute). */
const heartbeatThrottleMs = 1_000;

export interface WorkerOptions {
  readonly config: Pick<Config, 'connections' | 'retention' | 'temporal'>;
  /** Migrated already. Stays open when the worker ends. */
  readonly sql: Sql;
  /** Of `connectWorker`. Stays open when the worker ends. */
  readonly temporal: NativeConnection;
  /** Made by `bundleWorkflows`; left out: made now, which takes some seconds. */
  readonly workflowBundle?: WorkflowBundleOption;
  readonly log: Log;
}

export interface QueueStatus {
  readonly queue: string;
  /** `RUNNING` while it is polled. */
  readonly state: string;
  readonly activitiesInHand: number;
  readonly workflowTasksInHand: number;
}

export interface RunningWorker {
  /** Rejects when the worker fails; resolves when it has stopped. */
  readonly ended: Promise<void>;
  /** How each of its task queues stands. */
  queues(): readonly QueueStatus[];
  /** Ends after the work in hand. Repeatable. */
  stop(): Promise<void>;
}

/**
 * The workflows' code as the worker loads it.
 *
 * @param interceptorModules files of workflow interceptors to load with it; a worker's has none
 */
export async function bundleWorkflows(interceptorModules: readonly string[] = []): Promise<WorkflowBundle> {
  const quiet = new DefaultLogger('WARN');
  return await bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('../workflows/index.ts', import.meta.url)),
    workflowInterceptorModules: [...interceptorModules],
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

/** For a process whose work is this worker. To be called before it starts. */
export function boundHeap(): void {
  setFlagsFromString(`--heap-growing-percent=${heapGrowingPercent}`);
}

/** Starts polling; returns as soon as the worker is running. */
export async function startWorker(options: WorkerOptions): Promise<RunningWorker> {
  const { config, sql, temporal, log } = options;
  const connections = new Map<string, Promise<OpenConnection>>();
  const claims = new LinkClaims(sql);
  const keyedSql = sql.another({ plans: 'kept' });
  const opened = (scope: Scope): Promise<OpenConnection> => {
    const { connectionId } = scope;
    const name = scopeName(scope);
    const known = connections.get(name);
    if (known) return known;
    const settings = config.connections[connectionId];
    if (settings === undefined) return Promise.reject(new UnknownConnection(connectionId));
    const opening = openConnection(keyedSql, { connectionId, kind: scope.kind }, settings);
    connections.set(name, opening);
    // A database that was down for a moment must not leave the connection closed for good.
    opening.catch(() => connections.delete(name));
    return opening;
  };
  const activities = createActivities({
    sql,
    keyedSql,
    claims,
    retention: config.retention,
    longestWindowMs: longestWindowMs(config.connections),
    // A rule that a person made of an answer counts from the next activity on.
    connection: async (scope) => withRules(await opened(scope), await fieldRules(keyedSql, scope)),
    configured: opened,
  });

  const common = {
    connection: temporal,
    namespace: config.temporal.namespace,
    workflowBundle: options.workflowBundle ?? (await bundleWorkflows()),
    activities,
    shutdownGraceTime: shutdownGraceMs,
    stickyQueueScheduleToStartTimeout: stickyTimeoutMs,
    maxHeartbeatThrottleInterval: heartbeatThrottleMs,
  };
  const { taskQueue, liveTaskQueue } = config.temporal;
  // Two workers with slots of their own: single records never queue behind a bulk sync's.
  const workers = await Promise.all([
    Worker.create({ ...common, taskQueue, maxConcurrentActivityTaskExecutions: 64 }),
    Worker.create({
      ...common,
      taskQueue: liveTaskQueue,
      maxConcurrentActivityTaskExecutions: liveActivities,
      maxConcurrentWorkflowTaskExecutions: liveWorkflowTasks,
      maxConcurrentLocalActivityExecutions: liveLocalActivities,
    }),
  ]);
  log.info({ taskQueue, liveTaskQueue, connections: Object.keys(config.connections) }, 'worker started');

  // A worker starts with what a person has mended: a new token, another setting, a connection that is configured again.
  const client = new Client({ connection: temporal, namespace: config.temporal.namespace });
  const resuming = lookAgainAtStart({ sql, client, connections: config.connections, log });
  const starting = lasting.map(async (work) => await startLasting(work, client, taskQueue, config.connections, log));
  const checking = checkWritesAtStart({ connections: config.connections, open: opened, log });
  const stopWaking = new AbortController();
  const waking = keepWaking({ sql, client, connections: config.connections, log }, stopWaking.signal);

  // Where one of them fails, the other must not go on alone.
  const shutDown = () => {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  const run = async (worker: Worker) => {
    try {
      await worker.run();
    } finally {
      shutDown();
    }
  };
  const ended = Promise.allSettled(workers.map(run)).then(async (ends) => {
    stopWaking.abort();
    await Promise.all([resuming, ...starting, waking]);
    const open = await Promise.allSettled(connections.values());
    await Promise.all(open.flatMap((one) => (one.status === 'fulfilled' ? [one.value.close()] : [])));
    // What it waited for has ended with its connection.
    await checking;
    await claims.close();
    await keyedSql.end({ timeout: 5 });
    log.info('worker stopped');
    const failed = ends.find((one) => one.status === 'rejected');
    if (failed) throw failed.reason;
  });
  // Anyone who stops us awaits `ended`; a failure before that must not go unhandled.
  ended.catch(() => undefined);
  return {
    ended,
    queues: () =>
      workers.map((worker) => {
        const { runState, numInFlightActivities, numInFlightWorkflowActivations } = worker.getStatus();
        return {
          queue: worker.options.taskQueue,
          state: runState,
          activitiesInHand: numInFlightActivities,
          workflowTasksInHand: numInFlightWorkflowActivations,
        };
      }),
    stop: async () => {
      shutDown();
      await ended;
    },
  };
}

/** Work that lasts as long as its connection: a workflow of its own, which each worker starts where it does not run. */
interface LastingWork {
  readonly of: (connections: Config['connections']) => readonly string[];
  /** @returns whether it was started now */
  readonly ensure: (client: Client, taskQueue: string, connectionId: string) => Promise<boolean>;
  /** For the log: that it was started, and that it could not be. */
  readonly started: string;
  readonly failed: string;
}

const lasting: readonly LastingWork[] = [
  {
    of: importingConnections,
    ensure: ensureImport,
    started: 'changes for Yapla are collected in import files',
    failed: 'the imports could not be started: the next worker tries again',
  },
  {
    of: mirroringConnections,
    ensure: ensureCatalogue,
    started: 'the catalogue of Yoplanning is mirrored',
    failed: 'the mirror of the catalogue could not be started: the next worker tries again',
  },
  {
    of: derivingConnections,
    ensure: ensureFacts,
    started: 'facts about people follow the passing of time',
    failed: 'what has facts follow the passing of time could not be started: the next worker tries again',
  },
];

/** Where it fails, nothing is lost: what it works from stands in the database, and the next worker starts it. */
async function startLasting(
  { of, ensure, started, failed }: LastingWork,
  client: Client,
  taskQueue: string,
  connections: Config['connections'],
  log: Log,
): Promise<void> {
  for (const connectionId of of(connections)) {
    try {
      if (await ensure(client, taskQueue, connectionId)) log.info({ connectionId }, started);
    } catch (error) {
      log.warn({ connectionId, error: errorLine(error) }, failed);
    }
  }
}
