/**
 * A PostgreSQL server as a child process, its data kept for the next start.
 *
 * Layout of `dataDirectory`: `data` (the cluster), `password` (of the one role), `server.json` (the running process), `server.log`, `lock`.
 */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { EmbeddedServerError } from './errors.js';
import { acquireLock } from './lock.js';
import { stopStrayPostmaster } from './postgresStray.js';
import { choosePort, isFree } from './ports.js';
import { postgresBinaries, postgresUser, type PostgresBinaries, type SystemUser } from './postgresBinaries.js';
import {
  checkMajorVersion,
  initialiseCluster,
  linkHome,
  ownerOfCluster,
  reachableHome,
  role,
} from './postgresCluster.js';
import { lastLines, startServerProcess, stopOrphan, type OnProgress, type ServerProcess } from './serverProcess.js';

export interface PostgresOptions {
  /** Directory of this server alone; created if missing. */
  readonly dataDirectory: string;
  /** Preferred port; a free one is used if it is taken. Default 5433, because 5432 is where an installed PostgreSQL listens. */
  readonly port?: number;
  readonly onProgress: OnProgress;
  /** Server settings that differ from ours, by name, such as `fsync` for tests, whose data may die with the machine. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Longest wait for the first answer. Default 60 s: after a crash PostgreSQL first replays its log. */
  readonly startTimeoutMs?: number;
}

export interface EmbeddedPostgres {
  /** With role, password and database; for the loopback interface. */
  readonly url: string;
  readonly port: number;
  /** Process id of the server. */
  readonly pid: number;
  /** Resolves with a description when the server ends, asked to or not. */
  readonly ended: Promise<string>;
  /** Ends the server cleanly: sessions are cut, data is flushed, memory is released. Repeatable. */
  readonly stop: () => Promise<void>;
}

const database = 'passerelle';
const stopPatienceMs = 20_000;

/** Fast shutdown; then immediate, after which the next start replays the log. Never SIGKILL, which leaves its helpers behind. */
const stopSignals = ['SIGINT', 'SIGQUIT'] as const;

/**
 * What differs from the defaults of PostgreSQL, which are made for a server of its own.
 * `fsync`, `full_page_writes` and `synchronous_commit` stay on: the intent to create a person and the request permits must survive a
 * power cut, or a retry makes a twin and a quota is passed.
 */
const defaultSettings: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  // TCP alone: a socket's path is limited to 107 bytes, and /tmp is shared with other servers.
  unix_socket_directories: '',
  max_connections: '60',
  shared_buffers: '128MB',
  // Set-wise upserts of a scan write in bursts; fewer, larger checkpoints write each page once instead of several times. (After each, the
  // first look at a page logs it whole: a list of 100,000 people is some 500 MB.)
  max_wal_size: '4GB',
  checkpoint_timeout: '15min',
  // There is no replica to feed and no archive, so bulk loads need not be logged row by row.
  wal_level: 'minimal',
  max_wal_senders: '0',
  // Our statements are short; compiling them costs more than it saves.
  jit: 'off',
  // A club's ids are hashed in memory when lists are compared, not in files.
  work_mem: '16MB',
  // The data directory lies on an SSD nearly everywhere.
  random_page_cost: '1.1',
  timezone: 'UTC',
  log_timezone: 'UTC',
  // The log must hold no personal data: no failing statement, no "Key (email)=(…)" detail, no parameters.
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
  log_parameter_max_length_on_error: '0',
};

/**
 * Starts the server, creating its cluster at the first start.
 * What a killed parent left running on this directory is stopped first.
 *
 * @throws {LockHeldError} a living process already runs a server on this directory.
 * @throws {EmbeddedServerError} it cannot be started; the message ends with the last lines of its log.
 */
export async function startPostgres(options: PostgresOptions): Promise<EmbeddedPostgres> {
  const { onProgress } = options;
  const requested = path.resolve(options.dataDirectory);
  mkdirSync(requested, { recursive: true });
  const lock = acquireLock(path.join(requested, 'lock'));
  try {
    await stopLeftBehindPostgres(requested, onProgress);
    const user = postgresUser(() => ownerOfCluster(path.join(requested, 'data')), onProgress);
    const binaries = await postgresBinaries(user, onProgress);
    const home = reachableHome(requested, user, onProgress);
    const cluster = path.join(home, 'data');
    await stopStrayPostmaster(cluster, stopSignals, stopPatienceMs, onProgress);
    linkHome(requested, home, onProgress);
    const password = await initialiseCluster(binaries, home, user, onProgress);
    checkMajorVersion(cluster, binaries);
    const { server, port } = await startAndConnect({ ...options, requested, cluster, binaries, user, password });
    const stop = once(async () => {
      try {
        await server.stop(stopSignals, stopPatienceMs);
      } finally {
        lock.release();
      }
    });
    return { url: urlOf(port, password, database), port, pid: server.pid, ended: server.ended, stop };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** Stops the server that a killed parent left running on this directory, if there is one. The caller knows that no living parent has it. */
export async function stopLeftBehindPostgres(dataDirectory: string, onProgress: OnProgress): Promise<void> {
  await stopOrphan(path.join(dataDirectory, 'server.json'), 'PostgreSQL', stopSignals, stopPatienceMs, onProgress);
  await stopStrayPostmaster(path.join(dataDirectory, 'data'), stopSignals, stopPatienceMs, onProgress);
}

interface StartAndConnect extends PostgresOptions {
  readonly requested: string;
  readonly cluster: string;
  readonly binaries: PostgresBinaries;
  readonly user: SystemUser | undefined;
  readonly password: string;
}

async function startAndConnect(options: StartAndConnect): Promise<{ server: ServerProcess; port: number }> {
  const logFile = path.join(options.requested, 'server.log');
  const preferred = options.port ?? 5433;
  for (let attempt = 1; ; attempt += 1) {
    const port = await choosePort(preferred, 'PostgreSQL: port', options.onProgress);
    const server = startServerProcess({
      name: 'PostgreSQL',
      executable: options.binaries.postgres,
      args: [
        '-D',
        options.cluster,
        '-p',
        String(port),
        ...Object.entries({ ...defaultSettings, ...options.settings }).flatMap(([name, value]) => [
          '-c',
          `${name}=${value}`,
        ]),
      ],
      // Of our environment only what a server needs: PG* variables of a client would change what it does.
      env: { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' },
      cwd: options.cluster,
      ...(options.user === undefined ? {} : { user: options.user }),
      logFile,
      recordFile: path.join(options.requested, 'server.json'),
    });
    try {
      await waitUntilAnswering(server, port, options.password, options.startTimeoutMs ?? 60_000);
      return { server, port };
    } catch (error) {
      const died = server.hasEnded();
      await server.stop(stopSignals, stopPatienceMs);
      // Another process can take the port between the look and the server's bind: then try the next one.
      if (died && attempt < 4 && !(await isFree(port))) continue;
      throw new EmbeddedServerError(
        `PostgreSQL did not start on ${options.cluster}: ${error instanceof Error ? error.message : String(error)}\n${lastLines(logFile)}\n  Whole log: ${logFile}`,
        { cause: error },
      );
    }
  }
}

/** Healthy means: a real connection answers a real statement, and our database exists. */
async function waitUntilAnswering(
  server: ServerProcess,
  port: number,
  password: string,
  timeoutMs: number,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const client = new pg.Client({
      connectionString: urlOf(port, password, 'postgres'),
      connectionTimeoutMillis: 5_000,
    });
    // What is under way tells of it, too; an error that nobody takes would end our process.
    client.on('error', () => undefined);
    try {
      await client.connect();
      const existing = await client.query('select 1 from pg_database where datname = $1', [database]);
      if (existing.rowCount === 0) await client.query(`create database ${pg.escapeIdentifier(database)}`);
      return;
    } catch (error) {
      if (server.hasEnded()) throw new EmbeddedServerError(`the process ended (${await server.ended})`);
      if (!isNotYetReady(error) || Date.now() > deadline) throw error;
    } finally {
      await client.end();
    }
    await sleep(40);
  }
}

function isNotYetReady(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  // 57P03: cannot_connect_now, while it starts up or replays its log (PostgreSQL, appendix A). `pg` gives none where a connection ends,
  // or is not answered, while it is opened.
  return code === undefined || code === 'ECONNREFUSED' || code === 'ECONNRESET' || code === '57P03';
}

function urlOf(port: number, password: string, name: string): string {
  return `postgres://${role}:${password}@127.0.0.1:${port}/${name}`;
}

function once(action: () => Promise<void>): () => Promise<void> {
  let result: Promise<void> | undefined;
  return () => (result ??= action());
}
