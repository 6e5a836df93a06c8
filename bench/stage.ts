/** The servers that a bench runs on, and one Passerelle after the other on them: a sandbox, a worker, a connection. */
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Client } from '@temporalio/client';
import { interruption } from '../src/cli/untilSignal.js';
import { startStack } from '../src/embedded/stack.js';
import { startSandboxProcess, type SandboxProcess } from '../src/sandbox/child.js';
import { sandboxConnection, type SandboxConnectionOptions } from '../src/sandbox/connections.js';
import { sandboxCredentials, type SandboxOptions } from '../src/sandbox/options.js';
import { openDatabase, type Sql } from '../src/store/database.js';
import { migrate } from '../src/store/migrate.js';
import { connectTemporal, ensureSearchAttributes } from '../src/temporal.js';
import { startWorkerProcess, type BenchConfig, type WorkerProcess } from './workerProcess.js';

export interface Stage {
  /** Tells this run's connections from those of a run that was killed. */
  readonly run: string;
  readonly directory: string;
  readonly databaseUrl: string;
  readonly temporalAddress: string;
  readonly sql: Sql;
  readonly client: Client;
  readonly say: (line: string) => void;
}

export interface Setting {
  /** Names the connection, together with the run: one for each measurement. */
  readonly name: string;
  readonly sandbox: SandboxOptions;
  readonly limits: NonNullable<SandboxConnectionOptions['limits']>;
  readonly bulk?: Readonly<Record<string, unknown>>;
  /** Of the connection's `live` configuration. */
  readonly live?: Readonly<Record<string, number>>;
  /** Left out: registrations are not looked at. */
  readonly events?: Readonly<Record<string, unknown>>;
}

export interface Passerelle {
  readonly stage: Stage;
  readonly connectionId: string;
  readonly taskQueue: string;
  readonly sandbox: SandboxProcess;
  readonly worker: WorkerProcess;
  /** What the worker was started with, for further processes of the same connection. */
  readonly config: BenchConfig;
  readonly env: Readonly<Record<string, string>>;
}

export const unlimited = { requestsPerSecond: null, requestsPerDay: null } as const;

/** The sandbox's credentials as a configuration file names them. */
const variables = {
  yaplaKey: 'PASSERELLE_BENCH_YAPLA_KEY',
  yoplanningToken: 'PASSERELLE_BENCH_YOPLANNING_TOKEN',
  yaplaWebhookSecret: 'PASSERELLE_BENCH_YAPLA_WEBHOOK_SECRET',
  yoplanningWebhookSecret: 'PASSERELLE_BENCH_YOPLANNING_WEBHOOK_SECRET',
} as const satisfies Partial<Record<keyof typeof sandboxCredentials, string>>;
const named = Object.keys(variables) as (keyof typeof variables)[];
const databaseVariable = 'PASSERELLE_BENCH_DATABASE_URL';
const references = Object.fromEntries(named.map((name) => [name, `\${${variables[name]}}`]));

function environment({ databaseUrl }: Stage): Record<string, string> {
  return {
    [databaseVariable]: databaseUrl,
    ...Object.fromEntries(named.map((name) => [variables[name], sandboxCredentials[name]])),
  };
}

/** Storing the other system's id comes after the sync, in its own lane, from what the day leaves over: it is not what is measured. */
const syncOnly = { fillReferences: false };

/** The guard is for people; a bench's plan is what it is. */
const openRate = { maxPerHour: 1_000_000, maxPerDay: 1_000_000 };
const openGuard = {
  maxChangedShare: 1,
  maxCreatedShare: 1,
  maxRemovedShare: 1,
  blanked: openRate,
  changed: openRate,
  created: openRate,
};

/**
 * Starts PostgreSQL and Temporal, and stops and removes them after `action`, also when a signal ends it. What a killed run left behind
 * is found by the start, as always.
 */
export async function withStage<T>(
  directory: string,
  say: (line: string) => void,
  action: (stage: Stage) => Promise<T>,
): Promise<T> {
  const interrupted = interruption();
  mkdirSync(directory, { recursive: true });
  const stack = await startStack({ dataDirectory: directory, onProgress: say, onServerLost: say });
  let result: T;
  try {
    await migrate(stack.databaseUrl);
    const sql = openDatabase(stack.databaseUrl, { maxConnections: 4, applicationName: 'bench' });
    const { connection, client } = await connectTemporal({ address: stack.temporalAddress, namespace: 'default' });
    await ensureSearchAttributes(connection, 'default');
    const { databaseUrl, temporalAddress } = stack;
    const run = Date.now().toString(36);
    result = await Promise.race([
      action({ run, directory, databaseUrl, temporalAddress, sql, client, say }),
      interrupted,
    ]);
    // Only where nothing is under way: a call that the client repeats on a closed connection throws outside of any promise.
    await Promise.all([sql.end({ timeout: 5 }), connection.close()]);
  } finally {
    await stack.stop();
  }
  // Where something went wrong the logs stay.
  rmSync(directory, { recursive: true, force: true });
  return result;
}

/** A sandbox and a fresh worker around `action`, so that nothing of one measurement reaches the next. */
export async function withPasserelle<T>(
  stage: Stage,
  setting: Setting,
  action: (passerelle: Passerelle) => Promise<T>,
): Promise<T> {
  const { limits, bulk, live, events } = setting;
  const name = `${setting.name}-${stage.run}`;
  const sandbox = await startSandboxProcess(setting.sandbox);
  try {
    const taskQueue = `bench-${name}`;
    const connection = sandboxConnection(sandbox.addresses, {
      rule: 'yapla',
      limits,
      credentials: references,
      settings: {
        guard: openGuard,
        bulk: { ...syncOnly, autoApprove: true, ...bulk },
        ...(live === undefined ? {} : { live }),
        ...(events === undefined ? {} : { events }),
      },
      ...(events === undefined ? {} : { events: true }),
    });
    const config: BenchConfig = {
      database: { url: `\${${databaseVariable}}` },
      temporal: { address: stage.temporalAddress, taskQueue, liveTaskQueue: `${taskQueue}-live` },
      dataDirectory: stage.directory,
      connections: { [name]: connection },
    };
    const env = environment(stage);
    const worker = await startWorkerProcess(config, env, path.join(stage.directory, 'worker.log'));
    try {
      return await action({ stage, connectionId: name, taskQueue, sandbox, worker, config, env });
    } finally {
      await worker.stop();
    }
  } finally {
    await sandbox.stop();
  }
}
