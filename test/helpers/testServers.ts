/**
 * The pair of real servers behind the `servers` project of jest: one PostgreSQL with a migrated template database, one Temporal dev server.
 * Loaded natively by globalSetup.ts; test files see only the addresses, through servers.ts.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { Connection } from '@temporalio/client';
import { openDatabase } from '../../src/store/database.js';
import { acquireLock, isLocked } from '../../src/embedded/lock.js';
import { startStack, type Stack } from '../../src/embedded/stack.js';
import { stopLeftBehindPostgres } from '../../src/embedded/postgres.js';
import { stopLeftBehindTemporal } from '../../src/embedded/temporalServer.js';
import { migrate } from '../../src/store/migrate.js';
import { ensureSearchAttributes } from '../../src/temporal.js';
import { bundleWorkflows } from '../../src/worker.js';
import { bundleWorkerProgram } from './workerProgram.js';

/** What test files need to know of the servers; the form of the environment variable PASSERELLE_TEST_SERVERS too. */
export interface TestServers {
  /** A database whose role may create others. */
  readonly databaseUrl: string;
  /** Name of the database with the migrations applied, from which fresh ones are copied. */
  readonly templateDatabase: string;
  readonly temporalAddress: string;
  /** Whether the servers and all their data end with this run. */
  readonly endWithRun: boolean;
  /** File with the workflows' code as a worker loads it: bundled once, because that takes seconds. */
  readonly workflowBundle: string;
  /** File with the program of a worker in a process of its own, bundled once for the same reason. */
  readonly workerProgram: string;
}

const base = path.join(tmpdir(), `passerelle-test-servers-${userInfo().username}`);

/** The data may die with the machine, and a test's database lives for seconds. */
const settings = {
  // No need to wait for the disk, nor to guard against half-written pages.
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  // It would look into each of hundreds of databases every minute.
  autovacuum: 'off',
};

/**
 * Starts the pair in a directory of its own, so that several runs on one machine do not meet.
 *
 * @returns the addresses, and what stops the servers and deletes their data.
 */
export async function startTestServers(): Promise<{ servers: TestServers; stop: () => Promise<void> }> {
  mkdirSync(base, { recursive: true });
  await sweepAbandoned();
  const dataDirectory = path.join(base, `run-${randomUUID()}`);
  // The lock comes before the directory: another run that sweeps never meets a directory of ours that looks abandoned.
  const lock = acquireLock(`${dataDirectory}.lock`);
  mkdirSync(dataDirectory);
  const lines: string[] = [];
  let stack: Stack | undefined;
  const stop = async (): Promise<void> => {
    await stack?.stop();
    rmSync(dataDirectory, { recursive: true, force: true });
    lock.release();
  };
  try {
    stack = await startStack({
      dataDirectory,
      database: { settings },
      onProgress: (line) => lines.push(line),
    });
    const servers = await prepare(stack.databaseUrl, stack.temporalAddress);
    return { servers: { ...servers, endWithRun: true }, stop };
  } catch (error) {
    process.stderr.write(`${lines.join('\n')}\n`);
    await stop();
    throw error;
  }
}

/** Applies what every test expects to be there; repeatable on a pair that is re-used. */
export async function prepare(databaseUrl: string, temporalAddress: string): Promise<TestServers> {
  const templateDatabase = 'template_passerelle';
  const sql = openDatabase(databaseUrl, { maxConnections: 1, applicationName: 'test' });
  const existing = await sql`select 1 from pg_database where datname = ${templateDatabase}`;
  if (existing.length === 0) await sql`create database ${sql(templateDatabase)}`;
  await sql.end();
  await migrate(withDatabase(databaseUrl, templateDatabase));
  const connection = await Connection.connect({ address: temporalAddress, connectTimeout: '1 minute' });
  await ensureSearchAttributes(connection, 'default');
  await connection.close();
  const [workflowBundle, workerProgram] = await Promise.all([bundle(), bundleWorkerProgram()]);
  return { databaseUrl, templateDatabase, temporalAddress, endWithRun: false, workflowBundle, workerProgram };
}

/** Named by its content, so that runs of different code on one machine do not meet. */
async function bundle(): Promise<string> {
  const { code } = await bundleWorkflows();
  const file = path.join(base, `workflows-${createHash('sha256').update(code).digest('hex').slice(0, 16)}.js`);
  writeFileSync(`${file}.${process.pid}`, code);
  renameSync(`${file}.${process.pid}`, file);
  return file;
}

function withDatabase(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${database}`;
  return changed.href;
}

/** A run that was killed (kill -9, a closed terminal) could not clean up: the next one does. */
async function sweepAbandoned(): Promise<void> {
  const runs = readdirSync(base).filter((name) => name.startsWith('run-') && !name.includes('.'));
  for (const name of runs) {
    const directory = path.join(base, name);
    if (isLocked(`${directory}.lock`)) continue;
    const ignore = (): void => undefined;
    await stopLeftBehindPostgres(path.join(directory, 'postgres'), ignore);
    await stopLeftBehindTemporal(path.join(directory, 'temporal'), ignore);
    rmSync(directory, { recursive: true, force: true });
    rmSync(`${directory}.lock`, { force: true });
  }
}
