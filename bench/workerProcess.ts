/** A worker as the command line starts it (`passerelle worker`), in a process of its own: its memory and its core are its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { z } from 'zod';
import type { configSchema } from '../src/config/schema.js';

export interface WorkerProcess {
  readonly pid: number;
  /** High-water mark of the resident set so far, in bytes. Linux only: from /proc. */
  peakMemoryBytes(): number;
  /** Processor seconds used so far, user and system. Linux only. */
  processorSeconds(): number;
  stop(): Promise<void>;
}

/** The worker ended before it polled; its log says why. */
export class WorkerNotStarted extends Error {
  override readonly name = 'WorkerNotStarted';
}

/** Ticks a second in /proc: USER_HZ, 100 on every architecture that Node.js runs on. */
const ticksPerSecond = 100;

const root = fileURLToPath(new URL('..', import.meta.url));

/** Of Node.js, for whoever looks where the time goes: `PASSERELLE_BENCH_WORKER_ARGS="--cpu-prof --cpu-prof-dir=/tmp/profiles"`. */
function workerArguments(): string[] {
  return (process.env['PASSERELLE_BENCH_WORKER_ARGS'] ?? '').split(' ').filter((part) => part !== '');
}

/**
 * Resolves when it polls.
 *
 * @param env what the configuration names as `${NAME}`: a configuration file holds no secrets, not even public ones
 * @throws {WorkerNotStarted}
 */
export async function startWorkerProcess(
  config: z.input<typeof configSchema>,
  env: Readonly<Record<string, string>>,
  logFile: string,
): Promise<WorkerProcess> {
  const directory = mkdtempSync(path.join(tmpdir(), 'passerelle-bench-'));
  const configFile = path.join(directory, 'config.json');
  writeFileSync(configFile, JSON.stringify(config), { mode: 0o600 });
  const child = spawn(
    process.execPath,
    [...workerArguments(), path.join(root, 'bin/passerelle.js'), 'worker', '--config', configFile],
    { stdio: ['ignore', 'ignore', 'pipe'], cwd: root, env: { ...process.env, ...env } },
  );
  const exited = once(child, 'exit');
  const endWithUs = () => child.kill('SIGKILL');
  process.once('exit', endWithUs);
  const log = createWriteStream(logFile, { flags: 'a' });
  const polls = new Promise<true>((resolve) => {
    createInterface({ input: child.stderr }).on('line', (line) => {
      log.write(`${line}\n`);
      if (line.includes('"worker started"')) resolve(true);
    });
  });
  const started = await Promise.race([polls, exited.then(() => false as const)]);
  rmSync(directory, { recursive: true });
  if (!started || child.pid === undefined) {
    throw new WorkerNotStarted(`the worker ended with code ${child.exitCode} before it polled: see ${logFile}`);
  }
  const { pid } = child;
  return {
    pid,
    peakMemoryBytes: () => {
      const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
      if (kilobytes === undefined) throw new Error(`/proc/${pid}/status has no VmHWM`);
      return Number(kilobytes) * 1_024;
    },
    processorSeconds: () => {
      // The second field is the command in parentheses, and may hold blanks.
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
      return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
    },
    stop: async () => {
      process.off('exit', endWithUs);
      child.kill('SIGTERM');
      await exited;
      log.end();
    },
  };
}
