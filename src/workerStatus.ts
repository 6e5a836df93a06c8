/** What a worker shows of itself (src/status.ts): whether it polls, what it has in hand, and what waits for a person. */
import type { Client } from '@temporalio/client';
import { Gauge, Registry } from 'prom-client';
import type { Config } from './config/schema.js';
import { recordKinds } from './core/record.js';
import { eventMetrics } from './eventMetrics.js';
import { importMetrics } from './importMetrics.js';
import type { Log } from './log.js';
import { startStatusServer, within, type Status, type StatusServer } from './status.js';
import { countOpenCases } from './store/cases.js';
import type { Sql } from './store/database.js';
import { inboxIsReady } from './store/inbox.js';
import type { RunningWorker } from './worker.js';

export interface WorkerStatusOptions {
  readonly config: Pick<Config, 'worker' | 'connections'>;
  readonly sql: Sql;
  readonly client: Client;
  readonly worker: Pick<RunningWorker, 'queues'>;
  readonly log: Log;
}

/** What `/ready` of a worker shows. */
export interface WorkerReadiness {
  /** It takes work, and can do it. */
  readonly ready: boolean;
  readonly postgres: 'up' | 'down' | 'notMigrated';
  readonly temporal: 'up' | 'down';
  /** Whether each task queue is polled. */
  readonly queues: Readonly<Record<string, string>>;
}

/**
 * Listens as configured. Where that cannot be, the worker goes on without: what it is there for does not depend on who watches.
 *
 * @returns null: it is not wanted, or the port is taken
 */
export async function startWorkerStatus(options: WorkerStatusOptions): Promise<StatusServer | null> {
  const { host, port, maxRequestsPerSecond } = options.config.worker;
  const { log } = options;
  if (port === null) return null;
  try {
    const server = await startStatusServer(workerStatus(options), { host, port, maxRequestsPerSecond });
    log.info({ address: server.address }, 'worker status is shown');
    return server;
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    log.warn({ host, port, code }, 'worker status cannot be shown: see worker.port');
    return null;
  }
}

export function workerStatus({ config, sql, client, worker }: WorkerStatusOptions): Status {
  const { answerTimeoutMs } = config.worker;
  const registry = new Registry();
  const registers = [registry];
  const running = new Gauge({
    name: 'passerelle_worker_running',
    help: '1 while the worker polls the task queue.',
    labelNames: ['queue'],
    registers,
  });
  const activities = new Gauge({
    name: 'passerelle_worker_activities',
    help: 'Activities in hand.',
    labelNames: ['queue'],
    registers,
  });
  const tasks = new Gauge({
    name: 'passerelle_worker_workflow_tasks',
    help: 'Workflow tasks in hand.',
    labelNames: ['queue'],
    registers,
  });
  const cases = new Gauge({
    name: 'passerelle_open_cases',
    help: 'Questions that wait for a person, by kind.',
    labelNames: ['connection', 'kind'],
    registers,
  });

  const imports = importMetrics(registry);
  const events = eventMetrics(registry);

  async function countCases(): Promise<void> {
    cases.reset();
    for (const connectionId of Object.keys(config.connections))
      for (const recordKind of recordKinds) {
        const open = await within(answerTimeoutMs, countOpenCases(sql, { connectionId, kind: recordKind }));
        // Records of two kinds can have cases of one.
        for (const [kind, n] of Object.entries(open)) cases.inc({ connection: connectionId, kind }, n);
      }
  }

  return {
    readiness: async (): Promise<WorkerReadiness> => {
      const [postgres, temporal] = await Promise.all([
        within(answerTimeoutMs, inboxIsReady(sql)).then(
          (ready) => (ready ? ('up' as const) : ('notMigrated' as const)),
          () => 'down' as const,
        ),
        within(answerTimeoutMs, client.workflowService.getSystemInfo({})).then(
          () => 'up' as const,
          () => 'down' as const,
        ),
      ]);
      const queues = worker.queues();
      const ready = postgres === 'up' && temporal === 'up' && queues.every(({ state }) => state === 'RUNNING');
      return {
        ready,
        postgres,
        temporal,
        queues: Object.fromEntries(queues.map(({ queue, state }) => [queue, state])),
      };
    },
    metrics: {
      contentType: registry.contentType,
      text: async () => {
        for (const { queue, state, activitiesInHand, workflowTasksInHand } of worker.queues()) {
          running.set({ queue }, state === 'RUNNING' ? 1 : 0);
          activities.set({ queue }, activitiesInHand);
          tasks.set({ queue }, workflowTasksInHand);
        }
        // While PostgreSQL does not answer, the page leaves it out.
        await countCases().catch(() => cases.reset());
        await within(answerTimeoutMs, imports.update(sql, config.connections)).catch(() => imports.reset());
        await within(answerTimeoutMs, events.update(sql, config.connections)).catch(() => events.reset());
        return await registry.metrics();
      },
    },
  };
}
