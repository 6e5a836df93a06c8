/** What PostgreSQL's own pid file tells after an unclean end: a server that nobody watches, or a process id that a stranger has by now. */
import { readFileSync, readdirSync, readlinkSync, realpathSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EmbeddedServerError } from './errors.js';
import { commandLine, endProcess, identify } from './processes.js';
import type { OnProgress } from './serverProcess.js';

/**
 * Stops a server that runs on this cluster without a record of ours: its parent was killed between starting and recording it.
 *
 * If the pid file names a stranger instead, as can happen after a reboot, PostgreSQL would refuse to start for as long as the stranger lives.
 * Then the file is removed, but only where it can be seen that no process at all works in the cluster: the file is what keeps two servers apart.
 */
export async function stopStrayPostmaster(
  cluster: string,
  signals: readonly NodeJS.Signals[],
  patienceMs: number,
  onProgress: OnProgress,
): Promise<void> {
  const pidFile = path.join(cluster, 'postmaster.pid');
  const pid = readPid(pidFile);
  const named = pid === undefined ? undefined : identify(pid);
  if (pid === undefined) return;
  const directory = realpathSync(cluster);
  if (named === undefined) {
    // Killed a moment ago: its children notice that and end, but until then PostgreSQL refuses to start ("shared memory block is still in use").
    await waitUntilEmpty(directory, patienceMs);
    return;
  }
  if (!isPostmasterOf(named.pid, directory)) {
    if (process.platform !== 'linux' || processesIn(directory).length > 0) return;
    onProgress(`PostgreSQL: removing ${pidFile}, whose process id ${named.pid} belongs to another program by now`);
    rmSync(pidFile, { force: true });
    return;
  }
  onProgress(`PostgreSQL: stopping process ${named.pid}, left behind on ${cluster}`);
  if (!(await endProcess(named, signals, patienceMs))) {
    throw new EmbeddedServerError(
      `PostgreSQL: the left-over process ${named.pid} does not end. Stop it by hand; do not delete ${pidFile} while it runs.`,
    );
  }
}

function readPid(pidFile: string): number | undefined {
  try {
    return Number(readFileSync(pidFile, 'utf8').split('\n', 1)[0]);
  } catch {
    return undefined;
  }
}

/** PostgreSQL changes into its data directory; where that cannot be seen, its command line names it. */
function isPostmasterOf(pid: number, directory: string): boolean {
  const command = commandLine(pid) ?? '';
  if (!command.includes('postgres')) return false;
  return process.platform === 'linux' ? workingDirectory(pid) === directory : command.includes(directory);
}

async function waitUntilEmpty(directory: string, patienceMs: number): Promise<void> {
  const deadline = Date.now() + patienceMs;
  while (process.platform === 'linux' && processesIn(directory).length > 0 && Date.now() < deadline) await sleep(25);
}

function processesIn(directory: string): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && workingDirectory(pid) === directory);
}

function workingDirectory(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined;
  }
}
