import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import path from 'node:path';
import { afterEach } from '@jest/globals';

const running = new Set<ChildProcess>();

export interface Parent {
  readonly pid: number;
  /** What it printed: the process id of the server it started (of itself, for a lock). */
  readonly serverPid: number;
  /** kill -9: it can clean up nothing. */
  kill(): Promise<void>;
}

/** Starts test/embedded/parent.ts and waits until what it starts is up. */
export async function startParent(what: 'postgres' | 'temporal' | 'lock', directory: string): Promise<Parent> {
  const child = spawn(process.execPath, ['--import', 'tsx', path.resolve('test/embedded/parent.ts'), what, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running.add(child);
  const ended = once(child, 'exit');
  const [line] = (await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    ended.then(() => ['ended']),
  ])) as [string];
  const serverPid = Number(line);
  if (!Number.isInteger(serverPid)) throw new Error(`the parent of ${what} ended before its server was up`);
  return {
    pid: child.pid ?? -1,
    serverPid,
    async kill() {
      running.delete(child);
      child.kill('SIGKILL');
      await ended;
    },
  };
}

afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
  running.clear();
});
