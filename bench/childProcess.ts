/** A program of ours in a process of its own, as in production: its memory and its core are its own, and can be measured. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, readSync, fstatSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export interface ChildProgram {
  /** For errors: "the worker". */
  readonly name: string;
  /** Of Node.js: its options, the script, the script's arguments. */
  readonly args: readonly string[];
  /** Beside our own environment: what must not stand on a command line, secrets first of all. */
  readonly env: Readonly<Record<string, string>>;
  /** What it writes to standard error is added here. A file, not a pipe: reading it must not cost the bench processor time. */
  readonly logFile: string;
  /** A line of its log that contains this says that it is ready. */
  readonly readyWhen: string;
}

export interface RunningProgram {
  readonly pid: number;
  /** The line by which it said so. */
  readonly readyLine: string;
  /** High-water mark of the resident set so far, in bytes. Linux only: from /proc. */
  peakMemoryBytes(): number;
  /** Processor seconds used so far, user and system. Linux only. */
  processorSeconds(): number;
  /** Ends it by SIGTERM and waits. */
  stop(): Promise<void>;
}

/** The program ended before it was ready; its log says why. */
export class ProgramNotStarted extends Error {
  override readonly name = 'ProgramNotStarted';
}

/** Ticks a second in /proc: USER_HZ, 100 on every architecture that Node.js runs on. */
const ticksPerSecond = 100;

const lookMs = 20;

export const root = fileURLToPath(new URL('..', import.meta.url));

/** Resolves when it is ready. It ends with us, also when we are killed by a signal that we handle. @throws {ProgramNotStarted} */
export async function startProgram(program: ChildProgram): Promise<RunningProgram> {
  const { name, args, env, logFile, readyWhen } = program;
  const log = openSync(logFile, 'a+');
  const from = fstatSync(log).size;
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'ignore', log],
    cwd: root,
    env: { ...process.env, ...env },
  });
  const exited = once(child, 'exit');
  const endWithUs = () => child.kill('SIGKILL');
  process.once('exit', endWithUs);
  const readyLine = await waitForLine(log, from, readyWhen, () => child.exitCode !== null || child.signalCode !== null);
  closeSync(log);
  const { pid } = child;
  if (readyLine === null || pid === undefined) {
    process.off('exit', endWithUs);
    throw new ProgramNotStarted(`${name} ended with code ${child.exitCode} before it was ready: see ${logFile}`);
  }
  return {
    pid,
    readyLine,
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
    },
  };
}

/** @returns the first whole line after `from` that contains `text`; null: the program ended without one */
async function waitForLine(file: number, from: number, text: string, hasEnded: () => boolean): Promise<string | null> {
  for (;;) {
    const ended = hasEnded();
    const written = Buffer.alloc(fstatSync(file).size - from);
    readSync(file, written, 0, written.length, from);
    const whole = written.toString('utf8').split('\n').slice(0, -1);
    const line = whole.find((one) => one.includes(text));
    if (line !== undefined || ended) return line ?? null;
    await sleep(lookMs);
  }
}
