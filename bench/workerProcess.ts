/** Worker and receiver as the command line starts them, each in a process of its own. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { request } from 'undici';
import type { z } from 'zod';
import type { configSchema } from '../src/config/schema.js';
import { root, startProgram, type RunningProgram } from './childProcess.js';

export type BenchConfig = z.input<typeof configSchema>;

export type WorkerProcess = RunningProgram;

export interface ReceiverProcess extends RunningProgram {
  /** `http://host:port`, to which paths are appended. */
  readonly address: string;
  /** Signals that it sent to workflows of this connection so far, by its own `/metrics`. */
  signalsSent(connectionId: string): Promise<number>;
}

/** Of Node.js, for anyone who looks where the time goes: `PASSERELLE_BENCH_WORKER_ARGS="--cpu-prof --cpu-prof-dir=/tmp/profiles"`. */
function extraArguments(command: string): string[] {
  return (process.env[`PASSERELLE_BENCH_${command.toUpperCase()}_ARGS`] ?? '').split(' ').filter((part) => part !== '');
}

async function startCommand(
  command: 'worker' | 'receiver',
  config: BenchConfig,
  env: Readonly<Record<string, string>>,
  logFile: string,
): Promise<RunningProgram> {
  const directory = mkdtempSync(path.join(tmpdir(), 'passerelle-bench-'));
  try {
    const configFile = path.join(directory, 'config.json');
    writeFileSync(configFile, JSON.stringify(config), { mode: 0o600 });
    return await startProgram({
      name: `the ${command}`,
      args: [...extraArguments(command), path.join(root, 'bin/passerelle.js'), command, '--config', configFile],
      env,
      logFile,
      readyWhen: `"${command} started"`,
    });
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/**
 * Resolves when it polls.
 *
 * @param env what the configuration names as `${NAME}`: a configuration file holds no secrets, not even public ones
 * @throws {ProgramNotStarted}
 */
export async function startWorkerProcess(
  config: BenchConfig,
  env: Readonly<Record<string, string>>,
  logFile: string,
): Promise<WorkerProcess> {
  return await startCommand('worker', config, env, logFile);
}

/** Resolves when it listens. @param env as for the worker. @throws {ProgramNotStarted} */
export async function startReceiverProcess(
  config: BenchConfig,
  env: Readonly<Record<string, string>>,
  logFile: string,
): Promise<ReceiverProcess> {
  const program = await startCommand('receiver', config, env, logFile);
  const { address } = JSON.parse(program.readyLine) as { address: string };
  return {
    ...program,
    address,
    signalsSent: async (connectionId) => {
      const answer = await request(`${address}/metrics`);
      const text = await answer.body.text();
      const start = `passerelle_signals_forwarded_total{connection="${connectionId}"} `;
      const line = text.split('\n').find((one) => one.startsWith(start));
      return line === undefined ? 0 : Number(line.slice(start.length));
    },
  };
}
