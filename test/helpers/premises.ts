/** What a test's house stands on: a database, task queues, clients of the real servers of the run, and the worker of this process. */
import type { Client } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { pino } from 'pino';
import type { Config, ConnectionConfig } from '../../src/config/schema.js';
import { openDatabase, type Sql } from '../../src/store/database.js';
import { connectTemporal } from '../../src/temporal.js';
import { installRuntime, startWorker, type RunningWorker } from '../../src/worker.js';
import { freshDatabase, temporalAddress, testBundle, uniqueName, type FreshDatabase } from './servers.js';

/** Lines that the workers of this process logged so far. */
export const logLines: string[] = [];
/** What workers of this process say, for tests to look at. PASSERELLE_TEST_LOG=1 shows it too. */
export const log = pino(
  { level: 'debug' },
  {
    write: (line: string) => {
      logLines.push(line);
      if (process.env['PASSERELLE_TEST_LOG'] !== undefined) process.stdout.write(line);
    },
  },
);

let installed = false;

/** Not before it is needed: the SDK's runtime keeps the process alive until the last native connection is closed. */
async function connectNatively(): Promise<NativeConnection> {
  if (!installed) installRuntime(log);
  installed = true;
  return await NativeConnection.connect({ address: temporalAddress() });
}

export class Premises {
  /** Of those who are in, as the worker sees them. */
  private readonly connections: Record<string, ConnectionConfig> = {};
  private worker: RunningWorker | null = null;
  private readonly queue = uniqueName('queue');

  private constructor(
    private readonly database: FreshDatabase,
    readonly sql: Sql,
    readonly client: Client,
    private readonly native: NativeConnection,
  ) {}

  static async open(): Promise<Premises> {
    const [database, { client }, native] = await Promise.all([
      freshDatabase(),
      connectTemporal({ address: temporalAddress(), namespace: 'default' }),
      connectNatively(),
    ]);
    const sql = openDatabase(database.url, { maxConnections: 10, applicationName: 'test' });
    return new Premises(database, sql, client, native);
  }

  get databaseUrl(): string {
    return this.database.url;
  }

  /** As the configuration file of whoever works here says it. */
  get temporal() {
    return { address: temporalAddress(), taskQueue: this.queue, liveTaskQueue: `${this.queue}-live` };
  }

  /** The worker, which starts with the first, knows the connection from now on. */
  async enter(connectionId: string, config: Config): Promise<void> {
    this.connections[connectionId] = config.connections[connectionId]!;
    this.worker ??= await this.startWorker(config);
  }

  /** Ends the worker and starts another, which knows the connection as it is configured now, or no more. */
  async reconfigure(connectionId: string, config: Config): Promise<void> {
    await this.stopWorker();
    const settings = config.connections[connectionId];
    if (settings === undefined) Reflect.deleteProperty(this.connections, connectionId);
    else this.connections[connectionId] = settings;
    this.worker = await this.startWorker(config);
  }

  /** Whatever is under way for the connection ends, and the worker forgets it. */
  async leave(connectionId: string): Promise<void> {
    Reflect.deleteProperty(this.connections, connectionId);
    const query = `PasserelleConnection = '${connectionId}' AND ExecutionStatus = 'Running'`;
    const ending: Promise<unknown>[] = [];
    for await (const { workflowId } of this.client.workflow.list({ query })) {
      // One that has just ended by itself is none the less at its end.
      ending.push(
        this.client.workflow
          .getHandle(workflowId)
          .terminate()
          .catch(() => undefined),
      );
    }
    await Promise.all(ending);
  }

  async close(): Promise<void> {
    await this.stopWorker();
    await this.sql.end({ timeout: 5 });
    await Promise.all([this.client.connection.close(), this.native.close(), this.database.drop()]);
  }

  private async startWorker(config: Config): Promise<RunningWorker> {
    return await startWorker({
      config: { ...config, connections: this.connections },
      sql: this.sql,
      temporal: this.native,
      workflowBundle: testBundle(),
      log,
    });
  }

  private async stopWorker(): Promise<void> {
    await this.worker?.stop();
    this.worker = null;
  }
}
