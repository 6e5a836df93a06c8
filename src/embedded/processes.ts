/**
 * Facts about operating-system processes that Node does not offer: who is behind a process id *now*.
 *
 * A process id alone is no identity: after a reboot, or simply later, it can belong to a stranger. An id together with the
 * moment the process started is one.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { childEnvironment } from '../childEnvironment.js';

/** One process, told apart from any later one with the same id. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Opaque; equal only for the same process. On Linux: boot id and start time in clock ticks since boot (proc_pid_stat(5), field 22). */
  readonly started: string;
}

/** @returns the identity of a running process, or undefined if there is none with this id (a zombie counts as none). */
export function identify(pid: number): ProcessIdentity | undefined {
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  return process.platform === 'linux' ? identifyByProc(pid) : identifyByPs(pid);
}

/** @returns whether exactly this process, not a later one with its id, still runs. */
export function isRunning(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.started === identity.started;
}

/** @returns the program and arguments of a running process; undefined if it is gone or may not be seen. */
export function commandLine(pid: number): string | undefined {
  try {
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ').trim();
    return ps(pid, 'command=');
  } catch {
    return undefined;
  }
}

/**
 * Ends a process that is not our child and waits until it is gone.
 *
 * @param signals tried in order, each given `patienceMs` to take effect.
 * @returns whether it is gone.
 */
export async function endProcess(
  identity: ProcessIdentity,
  signals: readonly NodeJS.Signals[],
  patienceMs: number,
): Promise<boolean> {
  for (const signal of signals) {
    if (!isRunning(identity)) return true;
    try {
      process.kill(identity.pid, signal);
    } catch {
      // Gone between the check and the signal, or not ours to signal: the loop below tells which.
    }
    const deadline = Date.now() + patienceMs;
    while (Date.now() < deadline) {
      if (!isRunning(identity)) return true;
      await sleep(25);
    }
  }
  return !isRunning(identity);
}

function identifyByProc(pid: number): ProcessIdentity | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in brackets and can itself hold spaces and brackets: count from the last one.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const state = fields[0];
    const startTicks = fields[19];
    if (state === 'Z' || state === 'X' || startTicks === undefined) return undefined;
    return { pid, started: `${bootId()}:${startTicks}` };
  } catch {
    return undefined;
  }
}

function identifyByPs(pid: number): ProcessIdentity | undefined {
  try {
    const [state = '', ...started] = ps(pid, 'state=,lstart=').split(/\s+/);
    return started.length === 0 || state.startsWith('Z') ? undefined : { pid, started: started.join(' ') };
  } catch {
    return undefined;
  }
}

function ps(pid: number, columns: string): string {
  return execFileSync('ps', ['-ww', '-p', String(pid), '-o', columns], {
    encoding: 'utf8',
    env: childEnvironment({ LC_ALL: 'C' }),
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();
}

let boot: string | undefined;
function bootId(): string {
  boot ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return boot;
}
