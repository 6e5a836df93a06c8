/**
 * A lock file that names its holder, and that a crash releases: the next one who asks sees that the holder is gone.
 */
import { randomUUID } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EmbeddedServerError, LockHeldError } from './errors.js';
import { identify, isRunning, type ProcessIdentity } from './processes.js';

export interface Lock {
  /** Repeatable. */
  release(): void;
}

interface Holder extends ProcessIdentity {
  /** Tells two locks of one process apart. */
  readonly token: string;
}

/**
 * Takes the lock or throws at once.
 *
 * @throws {LockHeldError} a living process, which may be this one, holds it.
 * @throws {EmbeddedServerError} its directory may not be written to.
 */
export function acquireLock(file: string): Lock {
  const self = identify(process.pid);
  if (self === undefined) throw new Error('the operating system does not tell the start time of this process');
  const mine: Holder = { ...self, token: randomUUID() };
  const draft = `${file}.${mine.token}`;
  try {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(draft, JSON.stringify(mine));
  } catch (error) {
    if (!isCode(error, 'EACCES') && !isCode(error, 'EROFS')) throw error;
    throw new EmbeddedServerError(
      `We may not write to ${path.dirname(file)}; perhaps another user (root?) made it. Give it to this user, or name another dataDirectory.`,
      { cause: error },
    );
  }
  try {
    for (;;) {
      try {
        // A hard link appears whole or not at all, and never replaces a file: nobody can read a half-written holder.
        linkSync(draft, file);
        return { release: () => release(file, mine) };
      } catch (error) {
        if (!isCode(error, 'EEXIST')) throw error;
      }
      const holder = readHolder(file);
      if (holder !== undefined && isRunning(holder)) throw new LockHeldError(file, holder.pid);
      setAside(file, holder);
    }
  } finally {
    rmSync(draft, { force: true });
  }
}

/**
 * Takes the lock, waiting for as long as another living process holds it.
 *
 * @param onWait called once, with the holder's process id, if it must wait.
 */
export async function waitForLock(file: string, onWait: (holderPid: number) => void): Promise<Lock> {
  let told = false;
  for (;;) {
    try {
      return acquireLock(file);
    } catch (error) {
      if (!(error instanceof LockHeldError)) throw error;
      if (!told) onWait(error.holderPid);
      told = true;
      await sleep(200);
    }
  }
}

/** @returns whether a living process holds the lock. */
export function isLocked(file: string): boolean {
  const holder = readHolder(file);
  return holder !== undefined && isRunning(holder);
}

/** Removes a dead holder's file. Renaming first lets only one of several contenders win, and shows whether a new holder came in between. */
function setAside(file: string, dead: Holder | undefined): void {
  const aside = `${file}.${randomUUID()}`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if (isCode(error, 'ENOENT')) return;
    throw error;
  }
  const taken = readHolder(aside);
  if (taken !== undefined && taken.token !== dead?.token) {
    try {
      linkSync(aside, file);
    } catch (error) {
      if (!isCode(error, 'EEXIST')) throw error;
    }
  }
  rmSync(aside, { force: true });
}

function release(file: string, mine: Holder): void {
  if (readHolder(file)?.token === mine.token) rmSync(file, { force: true });
}

function readHolder(file: string): Holder | undefined {
  try {
    const value = JSON.parse(readFileSync(file, 'utf8')) as Partial<Holder>;
    if (typeof value.pid !== 'number' || typeof value.started !== 'string' || typeof value.token !== 'string')
      return undefined;
    return value as Holder;
  } catch (error) {
    if (isCode(error, 'ENOENT') || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isCode(error: unknown, code: string): boolean {
  return (error as NodeJS.ErrnoException).code === code;
}
