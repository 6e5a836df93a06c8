import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import getPort from 'get-port';
import { openDatabase, type Sql } from '../../src/store/database.js';
import { EmbeddedServerError, LockHeldError } from '../../src/embedded/errors.js';
import { startPostgres, type EmbeddedPostgres, type PostgresOptions } from '../../src/embedded/postgres.js';
import { sharedDirectory } from '../../src/embedded/postgresBinaries.js';
import { identify } from '../../src/embedded/processes.js';
import { temporaryDirectory } from './directories.js';
import { startParent } from './parents.js';

describe('the embedded PostgreSQL', () => {
  let shared: string;
  let dataDirectory: string;
  let lines: string[];
  const started: EmbeddedPostgres[] = [];

  async function start(more: Partial<PostgresOptions> = {}): Promise<EmbeddedPostgres> {
    const server = await startPostgres({ dataDirectory, onProgress: (line) => lines.push(line), ...more });
    started.push(server);
    return server;
  }

  async function query<T>(url: string, action: (sql: Sql) => Promise<T>): Promise<T> {
    const sql = openDatabase(url, { maxConnections: 1, applicationName: 'test' });
    try {
      return await action(sql);
    } finally {
      await sql.end({ timeout: 5 });
    }
  }

  // One directory for most tests: creating a cluster is most of a first start, and each test leaves it as a later start expects it.
  beforeAll(async () => {
    shared = path.join(temporaryDirectory(), 'postgres');
    await (await startPostgres({ dataDirectory: shared, onProgress: () => undefined })).stop();
  }, 60_000);

  beforeEach(() => {
    dataDirectory = shared;
    lines = [];
  });

  afterEach(async () => {
    for (const server of started.splice(0)) await server.stop();
  });

  test('keeps its data and its password for the next start, and leaves no process', async () => {
    dataDirectory = path.join(temporaryDirectory(), 'postgres');
    const first = await start();
    await query(first.url, async (sql) => {
      await sql`create table kept (value text)`;
      await sql`insert into kept values ('é')`;
    });
    await first.stop();
    await first.stop();
    expect(identify(first.pid)).toBeUndefined();
    expect(existsSync(path.join(dataDirectory, 'data', 'postmaster.pid'))).toBe(false);
    lines = [];
    const second = await start({ port: first.port });
    expect(second.url).toBe(first.url);
    expect(await query(second.url, (sql) => sql`select value from kept`)).toEqual([{ value: 'é' }]);
    expect(lines.join('\n')).not.toContain('creating');
  }, 60_000);

  test('does not lose what was committed when it is killed', async () => {
    const first = await start();
    await query(first.url, (sql) => sql`create table if not exists committed as select 1 as value`);
    process.kill(first.pid, 'SIGKILL');
    expect(await first.ended).toBe('signal SIGKILL');
    await first.stop();
    const second = await start();
    expect(await query(second.url, (sql) => sql`select value from committed`)).toEqual([{ value: 1 }]);
  }, 60_000);

  test('waits for the disk on every commit: permits and intents must survive a power cut', async () => {
    const { url } = await start();
    const [row] = await query(
      url,
      (sql) =>
        sql`select current_setting('fsync') as fsync, current_setting('full_page_writes') as pages, current_setting('synchronous_commit') as commit`,
    );
    expect(row).toEqual({ fsync: 'on', pages: 'on', commit: 'on' });
  }, 60_000);

  test('takes a free port when the preferred one is taken, and says so', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const port = (taken.address() as { port: number }).port;
    const server = await start({ port });
    taken.close();
    expect(server.port).not.toBe(port);
    expect(lines).toContain(`PostgreSQL: port ${port} is taken, using ${server.port}`);
    expect(await query(server.url, (sql) => sql`select 1 as answer`)).toEqual([{ answer: 1 }]);
  }, 60_000);

  test('lets nobody in without the password, which only its owner can read', async () => {
    const server = await start();
    const url = new URL(server.url);
    url.password = 'guess';
    await expect(query(url.href, (sql) => sql`select 1`)).rejects.toMatchObject({ code: '28P01' });
    expect(statSync(path.join(dataDirectory, 'password')).mode & 0o077).toBe(0);
    expect(lines.join('\n')).not.toContain(new URL(server.url).password);
  }, 60_000);

  test('writes no value of a record into its log, also when a statement fails', async () => {
    const server = await start();
    await query(server.url, async (sql) => {
      await sql`create table if not exists people (email text primary key)`;
      await sql`insert into people values ('someone@club.example') on conflict do nothing`;
      await expect(sql`insert into people values ('someone@club.example')`).rejects.toMatchObject({ code: '23505' });
    });
    const log = readFileSync(path.join(dataDirectory, 'server.log'), 'utf8');
    expect(log).toContain('duplicate key value');
    expect(log).not.toContain('club.example');
  }, 60_000);

  test('left behind by a parent that was killed is stopped at the next start, and its data is whole', async () => {
    const logLength = statSync(path.join(dataDirectory, 'server.log')).size;
    const parent = await startParent('postgres', dataDirectory);
    const orphan = identify(parent.serverPid);
    expect(orphan).toBeDefined();
    await parent.kill();
    expect(identify(parent.serverPid)).toEqual(orphan);
    const server = await start();
    expect(identify(parent.serverPid)).toBeUndefined();
    expect(lines).toContain(`PostgreSQL: stopping process ${parent.serverPid}, left behind by a run that was killed`);
    expect(
      await query(server.url, (sql) => sql`select count(*)::int as many from pg_database where datname = 'passerelle'`),
    ).toEqual([{ many: 1 }]);
    const log = readFileSync(path.join(dataDirectory, 'server.log'), 'utf8').slice(logLength);
    expect(log).toContain('database system was shut down at');
    expect(log).not.toContain('automatic recovery');
  }, 60_000);

  test('left behind before it could be recorded is found by its own pid file', async () => {
    const parent = await startParent('postgres', dataDirectory);
    await parent.kill();
    rmSync(path.join(dataDirectory, 'server.json'));
    await start();
    expect(identify(parent.serverPid)).toBeUndefined();
    expect(lines.join('\n')).toContain(`stopping process ${parent.serverPid}, left behind on`);
  }, 60_000);

  test('of a living parent is neither stopped nor joined by a second one', async () => {
    const parent = await startParent('postgres', dataDirectory);
    await expect(start()).rejects.toThrow(LockHeldError);
    await expect(start()).rejects.toThrow(expect.objectContaining({ holderPid: parent.pid }));
    expect(identify(parent.serverPid)).toBeDefined();
    await parent.kill();
    await start();
  }, 60_000);

  test('neither signals nor is kept from starting by a stranger who has the process id of a server that is gone', async () => {
    const first = await start();
    const user = statSync(path.join(dataDirectory, 'data'));
    await first.stop();
    // Of the same user as the server: PostgreSQL by itself ignores processes of others, and refuses to start beside this one.
    const stranger = spawn('sleep', ['600'], { stdio: 'ignore', cwd: '/', uid: user.uid, gid: user.gid });
    const strangerEnded = once(stranger, 'exit');
    writeFileSync(path.join(dataDirectory, 'server.json'), JSON.stringify({ pid: stranger.pid, started: 'long ago' }));
    writeFileSync(path.join(dataDirectory, 'data', 'postmaster.pid'), `${stranger.pid}\n${dataDirectory}/data\n`);
    try {
      const server = await start();
      expect(await query(server.url, (sql) => sql`select 1 as answer`)).toEqual([{ answer: 1 }]);
      expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
    } finally {
      stranger.kill();
      await strangerEnded;
    }
  }, 60_000);

  test('keeps its data where the user it runs as can reach them, and begins anew when the directory is deleted', async () => {
    const closed = temporaryDirectory();
    chmodSync(closed, 0o700);
    dataDirectory = path.join(closed, 'postgres');
    const first = await start();
    await query(first.url, (sql) => sql`create table before_deletion ()`);
    await first.stop();
    const home = path.dirname(realpathSync(path.join(dataDirectory, 'data')));
    // Only as root is the server's user another than ours, so that it cannot enter what is closed to others.
    const elsewhere = process.getuid?.() === 0;
    expect(home.startsWith(sharedDirectory)).toBe(elsewhere);
    expect(lines.some((line) => line.includes(`keeping its data in ${home}`))).toBe(elsewhere);
    try {
      expect(
        await query((await start()).url, (sql) => sql`select to_regclass('before_deletion') is not null as kept`),
      ).toEqual([{ kept: true }]);
      await started.at(-1)?.stop();
      rmSync(dataDirectory, { recursive: true });
      const anew = await start();
      expect(await query(anew.url, (sql) => sql`select to_regclass('before_deletion') as found`)).toEqual([
        { found: null },
      ]);
      expect(lines.some((line) => line.includes('starting afresh'))).toBe(elsewhere);
      await anew.stop();
    } finally {
      if (elsewhere) {
        for (const name of readdirSync(sharedDirectory))
          if (name.startsWith(path.basename(home))) rmSync(path.join(sharedDirectory, name), { recursive: true });
      }
    }
  }, 60_000);

  test('begins anew after a first start that was cut off halfway', async () => {
    dataDirectory = path.join(temporaryDirectory(), 'postgres');
    mkdirSync(path.join(dataDirectory, 'data.draft-1'), { recursive: true });
    writeFileSync(path.join(dataDirectory, 'data.draft-1', 'PG_VERSION'), '18');
    const server = await start();
    expect(await query(server.url, (sql) => sql`select 1 as answer`)).toEqual([{ answer: 1 }]);
    expect(readdirSync(dataDirectory).filter((name) => name.includes('draft'))).toEqual([]);
  }, 60_000);

  test('that cannot start says why, with the last lines of its log, and can be started once that is mended', async () => {
    const first = await start();
    await first.stop();
    const configuration = path.join(dataDirectory, 'data', 'postgresql.conf');
    const whole = readFileSync(configuration, 'utf8');
    writeFileSync(configuration, `${whole}\nno_such_setting = on\n`);
    const failure = start({ port: await getPort() });
    await expect(failure).rejects.toThrow(EmbeddedServerError);
    await expect(failure).rejects.toThrow(
      /did not start on .*: the process ended \(exit code 1\)[\s\S]*no_such_setting[\s\S]*Whole log: .*server\.log/,
    );
    writeFileSync(configuration, whole);
    await start();
  }, 60_000);

  test('refuses data of another major version, naming both, instead of touching it', async () => {
    dataDirectory = path.join(temporaryDirectory(), 'postgres');
    const first = await start();
    await first.stop();
    writeFileSync(path.join(dataDirectory, 'data', 'PG_VERSION'), '9\n');
    await expect(start()).rejects.toThrow(/is of version 9, the installed programs are of version \d+/);
  }, 60_000);
});
