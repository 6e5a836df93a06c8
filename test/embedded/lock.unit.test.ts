import { spawn } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { LockHeldError } from '../../src/embedded/errors.js';
import { acquireLock, isLocked, waitForLock } from '../../src/embedded/lock.js';
import { identify } from '../../src/embedded/processes.js';
import { temporaryDirectory } from './directories.js';
import { startParent } from './parents.js';
import { waitFor } from './waitFor.js';

describe('a lock file', () => {
  test('is refused while held, and names the holder', () => {
    const file = path.join(temporaryDirectory(), 'lock');
    const lock = acquireLock(file);
    expect(() => acquireLock(file)).toThrow(LockHeldError);
    expect(() => acquireLock(file)).toThrow(expect.objectContaining({ path: file, holderPid: process.pid }));
    lock.release();
    acquireLock(file).release();
  });

  test('is free again once released, and leaves nothing in its directory', () => {
    const directory = temporaryDirectory();
    const lock = acquireLock(path.join(directory, 'lock'));
    lock.release();
    lock.release();
    expect(readdirSync(directory)).toEqual([]);
  });

  test('a second release does not take away what somebody else has locked since', () => {
    const file = path.join(temporaryDirectory(), 'lock');
    const first = acquireLock(file);
    first.release();
    const second = acquireLock(file);
    first.release();
    expect(isLocked(file)).toBe(true);
    second.release();
  });

  test('of a process that was killed is taken over', async () => {
    const file = path.join(temporaryDirectory(), 'lock');
    const parent = await startParent('lock', file);
    expect(() => acquireLock(file)).toThrow(expect.objectContaining({ holderPid: parent.pid }));
    await parent.kill();
    expect(isLocked(file)).toBe(false);
    acquireLock(file).release();
  }, 30_000);

  test('does not count for a stranger who has the process id of a dead holder', () => {
    const file = path.join(temporaryDirectory(), 'lock');
    writeFileSync(file, JSON.stringify({ pid: process.pid, started: 'before the last reboot', token: 'x' }));
    expect(isLocked(file)).toBe(false);
    acquireLock(file).release();
  });

  test('cut off by a full disk counts for nobody', () => {
    const file = path.join(temporaryDirectory(), 'lock');
    writeFileSync(file, '{"pid": 12');
    expect(isLocked(file)).toBe(false);
    const lock = acquireLock(file);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ pid: process.pid });
    lock.release();
  });

  test('is waited for until its holder is gone, and the wait is told once', async () => {
    const file = path.join(temporaryDirectory(), 'lock');
    const first = acquireLock(file);
    const told: number[] = [];
    const second = waitForLock(file, (pid) => told.push(pid));
    await waitFor('the wait is told', () => told.length > 0);
    first.release();
    (await second).release();
    expect(told).toEqual([process.pid]);
    expect(existsSync(file)).toBe(false);
  });
});

describe('the identity of a process', () => {
  test('stays the same while it runs', () => {
    expect(identify(process.pid)).toEqual(identify(process.pid));
    expect(identify(process.pid)?.pid).toBe(process.pid);
  });

  test('differs between processes, and does not exist for an id that nobody has', () => {
    // The parent may have started within the same tick of the clock; a child did not.
    const child = spawn(process.execPath, ['--eval', 'setInterval(() => undefined, 1_000)'], { stdio: 'ignore' });
    expect(identify(child.pid!)?.started).not.toBe(identify(process.pid)?.started);
    child.kill('SIGKILL');
    expect(identify(2 ** 30)).toBeUndefined();
    expect(identify(0)).toBeUndefined();
    expect(identify(-1)).toBeUndefined();
  });
});
