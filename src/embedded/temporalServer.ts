/**
 * A Temporal dev server as a child process, its state in an SQLite file kept for the next start.
 *
 * Layout of `dataDirectory`: `temporal.db` (with its write-ahead log), `server.json` (the running process), `server.log`, `lock`.
 */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { childEnvironment } from '../childEnvironment.js';
import { EmbeddedServerError } from './errors.js';
import { findTemporal } from './findTemporal.js';
import { acquireLock } from './lock.js';
import { choosePort, isFree } from './ports.js';
import { lastLines, startServerProcess, stopOrphan, type OnProgress, type ServerProcess } from './serverProcess.js';

export interface TemporalServerOptions {
  /** Directory of this server alone; created if missing. */
  readonly dataDirectory: string;
  /** Path of a `temporal` executable to use instead of looking for one. */
  readonly executable?: string;
  /** Preferred port of the frontend; a free one is used if it is taken. Default 7233. */
  readonly port?: number;
  /** Preferred port of the UI; a free one is used if it is taken. Default 8233. */
  readonly uiPort?: number;
  /** Whether there is a UI. Default true. */
  readonly ui?: boolean;
  /** Created at start, besides `default`. */
  readonly namespace?: string;
  /** Longest wait for the first answer. Default 60 s. */
  readonly startTimeoutMs?: number;
  readonly onProgress: OnProgress;
}

export interface EmbeddedTemporal {
  /** host:port of the frontend. */
  readonly address: string;
  /** Undefined: it has none. */
  readonly uiUrl: string | undefined;
  /** Process id of the server. */
  readonly pid: number;
  /** Resolves with a description when the server ends, asked to or not. */
  readonly ended: Promise<string>;
  /** Repeatable. */
  readonly stop: () => Promise<void>;
}

const stopPatienceMs = 10_000;

/** SIGKILL is safe for the data: with its write-ahead log SQLite survives it at any moment. */
const stopSignals = ['SIGTERM', 'SIGKILL'] as const;

/** Measured on two cores with server 1.29.1; see docs/temporal.md. */
const performanceFlags = [
  // A dev server has one history shard, which polls its queues 20 times a second by default: 50 ms on every step of every workflow.
  'history.transferProcessorMaxPollRPS=2000',
  'history.timerProcessorMaxPollRPS=2000',
  // A task queue is kept in four parts by default, for loads that a dev server never sees; tasks wander between them to find a poller.
  'matching.numTaskqueueReadPartitions=1',
  'matching.numTaskqueueWritePartitions=1',
  // The first activity of a workflow comes back with the answer to the workflow task, without a poll.
  'system.enableActivityEagerExecution=true',
  // Task priorities are part of the new matcher, which 1.29 does not use by default.
  'matching.useNewMatcher=true',
];

/**
 * The dev server opens an HTTP API beside gRPC, on a port of its own choice, and has no flag against it. It asks for nobody's name, so that a
 * page in a browser on this machine could start and approve syncs by a POST to it. Nobody of ours needs it: it answers only to a name that
 * no resolver knows (RFC 6761), which a browser cannot be made to send.
 */
const refusalFlags = ['frontend.httpAllowedHosts=["nobody.invalid"]'];

/** With a rollback journal, the default, about half as many workflows a second. `normal` can lose the last moments in a power cut, not in a crash. */
const storageFlags = ['journal_mode=wal', 'synchronous=normal'].flatMap((pragma) => ['--sqlite-pragma', pragma]);

/**
 * Starts the server. What a killed parent left running on this directory is stopped first.
 *
 * @throws {LockHeldError} a living process already runs a server on this directory.
 * @throws {EmbeddedServerError} no executable can be had, or it does not start; the message ends with the last lines of its log.
 */
export async function startTemporalServer(options: TemporalServerOptions): Promise<EmbeddedTemporal> {
  const { onProgress } = options;
  const dataDirectory = path.resolve(options.dataDirectory);
  mkdirSync(dataDirectory, { recursive: true });
  const lock = acquireLock(path.join(dataDirectory, 'lock'));
  try {
    const executable = await findTemporal({
      onProgress,
      ...(options.executable === undefined ? {} : { configured: options.executable }),
    });
    await stopLeftBehindTemporal(dataDirectory, onProgress);
    const { server, port, uiPort } = await startAndConnect({ ...options, dataDirectory }, executable.path);
    let stopping: Promise<void> | undefined;
    return {
      address: `127.0.0.1:${port}`,
      uiUrl: options.ui === false ? undefined : `http://127.0.0.1:${uiPort}`,
      pid: server.pid,
      ended: server.ended,
      stop: () => (stopping ??= server.stop(stopSignals, stopPatienceMs).finally(() => lock.release())),
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** Stops the server that a killed parent left running on this directory, if there is one. The caller knows that no living parent has it. */
export async function stopLeftBehindTemporal(dataDirectory: string, onProgress: OnProgress): Promise<void> {
  await stopOrphan(path.join(dataDirectory, 'server.json'), 'Temporal', stopSignals, stopPatienceMs, onProgress);
}

async function startAndConnect(
  options: TemporalServerOptions,
  executable: string,
): Promise<{ server: ServerProcess; port: number; uiPort: number }> {
  const logFile = path.join(options.dataDirectory, 'server.log');
  const hasUi = options.ui !== false;
  for (let attempt = 1; ; attempt += 1) {
    const port = await choosePort(options.port ?? 7233, 'Temporal: port', options.onProgress);
    const uiPort = await choosePort(options.uiPort ?? 8233, 'Temporal: UI port', options.onProgress, [port]);
    const server = startServerProcess({
      name: 'Temporal',
      executable,
      args: [
        ...['server', 'start-dev'],
        ...['--db-filename', path.join(options.dataDirectory, 'temporal.db')],
        ...['--ip', '127.0.0.1', '--port', String(port)],
        ...(hasUi ? ['--ui-ip', '127.0.0.1', '--ui-port', String(uiPort)] : ['--headless']),
        // Warnings of a dev server are about itself (authorisation is off, and the like) and would bury an error.
        ...['--log-level', 'error'],
        ...(options.namespace === undefined || options.namespace === 'default'
          ? []
          : ['--namespace', options.namespace]),
        ...[...performanceFlags, ...refusalFlags].flatMap((value) => ['--dynamic-config-value', value]),
        ...storageFlags,
      ],
      // Of ours it needs nothing: neither tokens, nor TEMPORAL_* variables, which would configure the CLI as a client.
      env: childEnvironment(),
      cwd: options.dataDirectory,
      logFile,
      recordFile: path.join(options.dataDirectory, 'server.json'),
    });
    try {
      await waitUntilServing(
        server,
        `127.0.0.1:${port}`,
        options.namespace ?? 'default',
        options.startTimeoutMs ?? 60_000,
      );
      return { server, port, uiPort };
    } catch (error) {
      const died = server.hasEnded();
      await server.stop(stopSignals, stopPatienceMs);
      // Another process can take a port between the look and the server's bind: then try the next ones. For its inner services the
      // server looks for ports by itself, in the same way; seldom enough that one more attempt will do.
      const mayTry = (await isFree(port)) && (await isFree(uiPort)) ? 2 : 4;
      if (died && attempt < mayTry) {
        options.onProgress(`Temporal: ended while it started (${await server.ended}), starting it again`);
        continue;
      }
      throw new EmbeddedServerError(
        `Temporal did not start on ${options.dataDirectory}: ${error instanceof Error ? error.message : String(error)}\n${lastLines(logFile)}\n  Whole log: ${logFile}`,
        { cause: error },
      );
    }
  }
}

/** Serving means: a real gRPC connection, and the namespace is there (it is registered a moment after the frontend answers). */
async function waitUntilServing(
  server: ServerProcess,
  address: string,
  namespace: string,
  timeoutMs: number,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    let connection: Connection | undefined;
    try {
      connection = await Connection.connect({ address, connectTimeout: 2_000 });
      await connection.workflowService.describeNamespace({ namespace });
      // Ours has ended: who answers is another server, which took the port meanwhile.
      if (!server.hasEnded()) return;
      throw new EmbeddedServerError('another server answers at its port');
    } catch (error) {
      if (server.hasEnded()) throw new EmbeddedServerError(`the process ended (${await server.ended})`);
      if (Date.now() > deadline) throw error;
    } finally {
      await connection?.close();
    }
    await sleep(50);
  }
}
