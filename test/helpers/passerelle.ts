/**
 * A whole Passerelle for one test: a sandbox, a database of its own, a worker on a task queue of its own; against the real
 * servers of the run.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Client } from '@temporalio/client';
import type { WorkflowBundleOption } from '@temporalio/worker';
import type { z } from 'zod';
import type { breakerSchema } from '../../src/config/limits.js';
import { configSchema, type connectionSchema, type Config, type ConnectionConfig } from '../../src/config/schema.js';
import { personsOf, systemNames, type ConflictRule, type FieldName, type Scope } from '../../src/core/record.js';
import { startReceiver, type RunningReceiver } from '../../src/receiver/receiver.js';
import { sandboxConnection, sandboxWebhookUrl, type SandboxConnectionOptions } from '../../src/sandbox/connections.js';
import {
  startSandbox,
  type Sandbox,
  type SandboxAddresses,
  type SandboxHooks,
  type SandboxOptions,
} from '../../src/sandbox/sandbox.js';
import type { Sql } from '../../src/store/database.js';
import { startBulkSync, type BulkSyncHandle } from '../../src/bulk.js';
import type { BulkSyncInput } from '../../workflows/bulkSync.messages.js';
import { log, logLines, Premises } from './premises.js';
import { logInto } from './logIn.js';
import { testBundle, uniqueName, workerProgram } from './servers.js';

/** What workerProcess.ts is told, as JSON in its environment: keys and tokens must not stand on a command line. */
export interface WorkerProcessOptions {
  readonly config: Config;
  readonly databaseUrl: string;
  readonly workflowBundle: WorkflowBundleOption;
}

async function startWorkerProcess(options: WorkerProcessOptions): Promise<ChildProcess> {
  const child = spawn(process.execPath, [workerProgram()], {
    env: { ...process.env, NODE_OPTIONS: '', PASSERELLE_TEST_WORKER: JSON.stringify(options) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  return child;
}

export interface PasserelleOptions {
  readonly sandbox?: SandboxOptions;
  readonly connection?: SandboxConnectionOptions;
  /** Told of every change in the sandbox. */
  readonly hooks?: SandboxHooks;
  /** The connection's configuration as it is, for the sandbox at these addresses; left out: made of the options here. */
  readonly configuration?: (addresses: SandboxAddresses) => z.input<typeof connectionSchema>;
  /** Rules of single fields, which come before the one of `connection`. */
  readonly rules?: Readonly<Record<FieldName, ConflictRule>>;
  /** Of both systems; left out: tries again within a moment. */
  readonly breaker?: z.input<typeof breakerSchema>;
  /** Records per page asked for; left out: the configuration's own. */
  readonly pageSize?: number;
  /** Where it writes by GraphQL: nobody logs in. Left out: somebody is logged in. */
  readonly loggedIn?: false;
  /** Takes the sandbox's webhooks from the start on. */
  readonly live?: true;
  /** Left out: a worker in this process. False: none; the test starts its own. */
  readonly worker?: false;
}

export interface TestPasserelle {
  readonly connectionId: string;
  /** Its people. */
  readonly scope: Scope;
  readonly config: Config;
  readonly connection: ConnectionConfig;
  readonly sandbox: Sandbox;
  readonly sql: Sql;
  readonly databaseUrl: string;
  readonly client: Client;
  readonly taskQueue: string;
  /** Starts the receiver, and has both systems of the sandbox deliver to it. */
  startReceiver(): Promise<RunningReceiver>;
  startBulk(input?: Partial<BulkSyncInput>): Promise<BulkSyncHandle>;
  /** Lines that the workers of this process logged so far, of earlier tests of the file too. */
  readonly logLines: readonly string[];
  /** Starts a worker in a process of its own, to be killed. Resolves when it polls. */
  startWorkerProcess(): Promise<ChildProcess>;
  /** Stops the workers of this process and starts one with another configuration of the connection, or without it, as an operator would. */
  reconfigure(change: (before: ConnectionConfig) => ConnectionConfig | undefined): Promise<void>;
  stop(): Promise<void>;
}

/** Quick in tests: a dead worker is noticed after a second. */
const quickBulk = { autoApprove: true, heartbeatTimeoutMs: 1_500 };
/** A list that webhooks have read is read soon. */
const quickLists = { listGatherMs: 300, listIntervalMs: 300 };
/** Single changes travel within a moment, and their workflows end soon after. */
const quickLive = { debounceMs: 40, lingerMs: 1_500, stoppedRetryMs: 500, heartbeatTimeoutMs: 1_500, ...quickLists };
/** Events that a worker left in the inbox (no webhook pokes the receiver for them) are seen within a moment. */
const quickReceiver = { pollMs: 200 };
/** A server that fails is tried again within a moment. */
const quickBreaker = { firstPauseMs: 20, longestPauseMs: 500 };
/** People are created freely: the guard has tests of its own. */
const openRate = { maxPerHour: 1_000_000, maxPerDay: 1_000_000 };
const openGuard = {
  maxChangedShare: 1,
  maxCreatedShare: 1,
  maxRemovedShare: 1,
  blanked: openRate,
  changed: openRate,
  created: openRate,
};

/** @param shared where it stands with others; left out: on premises of its own, which are closed with it */
export async function startPasserelle(
  options: PasserelleOptions = {},
  shared: Premises | null = null,
): Promise<TestPasserelle> {
  const shape = options.sandbox?.yapla?.shape ?? 'flat';
  const sandbox = await startSandbox(
    {
      ...options.sandbox,
      yoplanning: { limits: { requestsPerSecond: null, requestsPerDay: null }, ...options.sandbox?.yoplanning },
    },
    options.hooks,
  );
  const premises = shared ?? (await Premises.open());
  const { client, databaseUrl, sql } = premises;
  const connectionId = uniqueName('club');
  const { settings, limits, ...rest } = options.connection ?? {};
  const made = sandboxConnection(sandbox.addresses, {
    shape,
    listEnd: options.sandbox?.yapla?.listEnd ?? 'total',
    rule: 'yapla',
    limits: {
      yapla: { requestsPerSecond: null, ...limits?.yapla },
      yoplanning: { requestsPerSecond: null, requestsPerDay: null, ...limits?.yoplanning },
    },
    settings: {
      ...settings,
      live: { ...quickLive, ...settings?.live },
      bulk: { ...quickBulk, ...settings?.bulk },
      guard: { ...openGuard, ...settings?.guard },
    },
    ...rest,
  });
  const input = options.configuration?.(sandbox.addresses) ?? made;
  for (const system of systemNames) input[system].breaker ??= options.breaker ?? quickBreaker;
  if (options.pageSize !== undefined) {
    input.yoplanning.pageSize = options.pageSize;
    input.yapla.read.paging = { ...input.yapla.read.paging, pageSize: options.pageSize };
  }
  for (const [field, rule] of Object.entries(options.rules ?? {})) {
    input.fields = { ...input.fields, [field]: { ...input.fields![field]!, rule } };
  }
  const config = configSchema.parse({
    database: { url: databaseUrl },
    temporal: premises.temporal,
    receiver: quickReceiver,
    connections: { [connectionId]: input },
  });
  const { taskQueue } = config.temporal;
  const receivers: RunningReceiver[] = [];
  const receive = async () => {
    const receiver = await startReceiver({ config, databaseUrl, client, port: 0, log });
    receivers.push(receiver);
    for (const system of systemNames) {
      await sandbox.control.setWebhooks(system, { url: sandboxWebhookUrl(receiver.address, connectionId, system) });
    }
    return receiver;
  };
  const connection = config.connections[connectionId]!;
  if (connection.yapla.write.mode === 'graphql' && options.loggedIn !== false)
    await logInto(sql, connectionId, connection);
  if (options.worker !== false) await premises.enter(connectionId, config);
  if (options.live) await receive();
  return {
    connectionId,
    scope: personsOf(connectionId),
    config,
    connection,
    sandbox,
    sql,
    databaseUrl,
    client,
    taskQueue,
    logLines,
    startWorkerProcess: () => startWorkerProcess({ config, databaseUrl, workflowBundle: testBundle() }),
    startReceiver: receive,
    startBulk: (more = {}) => startBulkSync(client, taskQueue, { connectionId, ...more }),
    reconfigure: async (change) => {
      const changed = change(config.connections[connectionId]!);
      if (changed === undefined) Reflect.deleteProperty(config.connections, connectionId);
      else config.connections[connectionId] = changed;
      await premises.reconfigure(connectionId, config);
    },
    stop: async () => {
      for (const receiver of receivers) await receiver.stop();
      await (shared === null ? premises.close() : shared.leave(connectionId));
      await sandbox.stop();
    },
  };
}
