/**
 * One server as a child process: its output in a log file, its identity in a record beside its data, its end noticed.
 *
 * The child leads a session of its own (`detached`): Ctrl-C in a terminal signals the whole foreground group, and would stop the
 * servers under a worker that is still finishing its activities. The price is that nothing but us stops it; hence the record,
 * by which the next start finds what a killed parent left behind.
 */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { EmbeddedServerError } from './errors.js';
import { commandLine, endProcess, identify, isRunning, type ProcessIdentity } from './processes.js';

/** Says in one line what is being done, and why. */
export type OnProgress = (line: string) => void;

export interface ServerProcessOptions {
  /** For messages, such as "PostgreSQL". */
  readonly name: string;
  readonly executable: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** User and group to run as; only root may name others than its own. */
  readonly user?: { readonly uid: number; readonly gid: number };
  readonly logFile: string;
  /** Where the identity of the running process is kept. */
  readonly recordFile: string;
}

export interface ServerProcess {
  readonly pid: number;
  /** Resolves when the process has ended, with a description of how ("exit code 1", "signal SIGKILL"). */
  readonly ended: Promise<string>;
  /** Set as soon as the process has ended. */
  hasEnded(): boolean;
  /** Sends the signals in order, each given `patienceMs`, until the process has ended. Repeatable. */
  stop(signals: readonly NodeJS.Signals[], patienceMs: number): Promise<void>;
}

const maxLogBytes = 5_000_000;

/** Starts the process and records it before anything else can happen. */
export function startServerProcess(options: ServerProcessOptions): ServerProcess {
  mkdirSync(path.dirname(options.logFile), { recursive: true });
  if ((statSync(options.logFile, { throwIfNoEntry: false })?.size ?? 0) > maxLogBytes)
    renameSync(options.logFile, `${options.logFile}.1`);
  // A file instead of pipes: after kill -9 of the parent a pipe would break, and the server with it, at its next line of output.
  const log = openSync(options.logFile, 'a');
  let child;
  try {
    child = spawn(options.executable, options.args, {
      cwd: options.cwd,
      env: options.env,
      detached: true,
      stdio: ['ignore', log, log],
      ...(options.user === undefined ? {} : options.user),
    });
  } finally {
    closeSync(log);
  }
  let ended = false;
  const end = new Promise<string>((resolve) => {
    const settle = (how: string) => {
      ended = true;
      resolve(how);
    };
    child.once('error', (error: NodeJS.ErrnoException) => settle(`could not be run: ${error.code ?? error.message}`));
    child.once('exit', (code, signal) => settle(signal === null ? `exit code ${code}` : `signal ${signal}`));
  });
  const pid = child.pid ?? -1;
  const identity = identify(pid);
  if (identity !== undefined) {
    writeFileSync(options.recordFile, JSON.stringify(identity));
  }
  return {
    pid,
    ended: end,
    hasEnded: () => ended,
    async stop(signals, patienceMs) {
      if (!ended && identity !== undefined && !(await endProcess(identity, signals, patienceMs))) {
        throw new EmbeddedServerError(`${options.name} (process ${pid}) does not end. See ${options.logFile}`);
      }
      await end;
      rmSync(options.recordFile, { force: true });
    },
  };
}

/**
 * Stops what an earlier parent, killed before it could clean up, left running.
 * Only a process with the recorded id *and* start time is ever signalled.
 */
export async function stopOrphan(
  recordFile: string,
  name: string,
  signals: readonly NodeJS.Signals[],
  patienceMs: number,
  onProgress: OnProgress,
): Promise<void> {
  const record = readRecord(recordFile);
  if (record === undefined) return;
  if (isRunning(record)) {
    onProgress(`${name}: stopping process ${record.pid}, left behind by a run that was killed`);
    if (!(await endProcess(record, signals, patienceMs))) {
      throw new EmbeddedServerError(
        `${name}: the left-over process ${record.pid} (${commandLine(record.pid) ?? 'unknown'}) does not end. Stop it by hand.`,
      );
    }
  }
  rmSync(recordFile, { force: true });
}

function readRecord(recordFile: string): ProcessIdentity | undefined {
  try {
    const value = JSON.parse(readFileSync(recordFile, 'utf8')) as Partial<ProcessIdentity>;
    return typeof value.pid === 'number' && typeof value.started === 'string' ? (value as ProcessIdentity) : undefined;
  } catch {
    return undefined;
  }
}

/** @returns the last lines of a log, indented, for an error message. */
export function lastLines(logFile: string, count = 15): string {
  try {
    return readFileSync(logFile, 'utf8')
      .trimEnd()
      .split('\n')
      .slice(-count)
      .map((line) => `    ${line}`)
      .join('\n');
  } catch {
    return '    (no output)';
  }
}
