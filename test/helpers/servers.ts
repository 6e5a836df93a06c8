/** The running servers, as a test file of the `servers` project sees them. */
import { randomBytes } from 'node:crypto';
import { openDatabase, type Sql } from '../../src/store/database.js';
import type { WorkflowBundleOption } from '@temporalio/worker';
import type { TestServers } from './testServers.js';

function servers(): TestServers {
  const value = process.env['PASSERELLE_TEST_SERVERS'];
  if (value === undefined)
    throw new Error(
      'no test servers: name the file *.servers.test.ts, so that jest runs it in the project that starts them',
    );
  return JSON.parse(value) as TestServers;
}

/** @returns host:port of the Temporal frontend. Shared by all test files: use a task queue and workflow ids of your own (`uniqueName`). */
export function temporalAddress(): string {
  return servers().temporalAddress;
}

/** The workflows' code of this run, for workers. */
export function testBundle(): WorkflowBundleOption {
  return { codePath: servers().workflowBundle };
}

/** File to run with Node.js alone: the program of a worker in a process of its own. */
export function workerProgram(): string {
  return servers().workerProgram;
}

/** @returns a name that no other test uses, for task queues, workflow ids and connections: `prefix-3f9a…`. */
export function uniqueName(prefix: string): string {
  return `${prefix}-${randomBytes(6).toString('hex')}`;
}

export interface FreshDatabase {
  readonly url: string;
  /**
   * Cuts what is still connected, and takes it away: nobody can connect to it any more. Repeatable.
   *
   * @param how `forGood`: also what it is made of, as whoever deletes the roles it belonged to needs it
   */
  drop(how?: 'forGood'): Promise<void>;
}

/** Makes a database of the test's own, with all migrations applied, by copying the template (some 50 ms). */
export async function freshDatabase(): Promise<FreshDatabase> {
  const { databaseUrl, templateDatabase, endWithRun } = servers();
  const name = uniqueName('test').replaceAll('-', '_');
  await asAdministrator(databaseUrl, async (sql) => {
    // Copying is refused while another session is in the template; none of ours stays there, but autovacuum may look in.
    await sql`create database ${sql(name)} template ${sql(templateDatabase)} strategy wal_log`;
  });
  const url = new URL(databaseUrl);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    drop: (how) =>
      asAdministrator(databaseUrl, async (sql) => {
        if (endWithRun && how !== 'forGood') await setAside(sql, name);
        else await sql`drop database if exists ${sql(name)} with (force)`;
      }),
  };
}

/**
 * To delete a database PostgreSQL writes whatever is unwritten, of all databases (a checkpoint): 0.3 s of CPU each time, as much as all else
 * that a small test asks of it. Where the servers' data are deleted with the run, a name that nobody knows does.
 */
async function setAside(sql: Sql, name: string): Promise<void> {
  for (;;) {
    const existing = await sql`select 1 from pg_database where datname = ${name}`;
    if (existing.length === 0) return;
    await sql`select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = ${name}`;
    try {
      await sql`alter database ${sql(name)} rename to ${sql(`gone_${name}`)}`;
      return;
    } catch (error) {
      // Somebody connected in between (object_in_use): once more.
      if ((error as { code?: unknown }).code !== '55006') throw error;
    }
  }
}

async function asAdministrator(url: string, action: (sql: Sql) => Promise<void>): Promise<void> {
  const sql = openDatabase(url, { maxConnections: 1, applicationName: 'test' });
  try {
    await action(sql);
  } finally {
    await sql.end({ timeout: 5 });
  }
}
