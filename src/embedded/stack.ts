/** PostgreSQL and Temporal, each either the configured server or one that is started here. */
import path from 'node:path';
import { startPostgres } from './postgres.js';
import type { OnProgress } from './serverProcess.js';
import { startTemporalServer } from './temporalServer.js';

export interface StackOptions {
  /** Where the embedded servers keep their data, in one directory each; not touched by servers that are configured. */
  readonly dataDirectory: string;
  readonly database?: {
    /** An existing PostgreSQL. Left out: an embedded one is started. */
    readonly url?: string | undefined;
    /** Preferred port of the embedded one. */
    readonly port?: number | undefined;
    /** Settings of the embedded one that differ from ours. */
    readonly settings?: Readonly<Record<string, string>>;
  };
  readonly temporal?: {
    /** host:port of an existing frontend. Left out: a dev server is started. */
    readonly address?: string | undefined;
    readonly namespace?: string | undefined;
    readonly devServer?: {
      readonly executable?: string | undefined;
      readonly port?: number | undefined;
      readonly uiPort?: number | undefined;
      readonly ui?: boolean | undefined;
    };
  };
  readonly onProgress: OnProgress;
  /** Called at most once, if an embedded server ends although nobody stopped it. The message says which and where its log is. */
  readonly onServerLost?: (message: string) => void;
}

export interface Stack {
  readonly databaseUrl: string;
  readonly temporalAddress: string;
  /** Address of Temporal's UI; undefined where it has none, and for a configured server, whose UI we do not know. */
  readonly uiUrl: string | undefined;
  /**
   * Stops what was started here: Temporal first, so that no workflow step starts against a database that is gone. Repeatable.
   *
   * @throws {AggregateError} a server did not stop; the other was stopped all the same.
   */
  readonly stop: () => Promise<void>;
}

interface Part<T> {
  readonly value: T;
  readonly stop: () => Promise<void>;
}

const nothingToStop = (): Promise<void> => Promise.resolve();

/**
 * Starts both side by side. If one fails, the other is stopped before the error is thrown, so that nothing stays behind.
 * Signals are the caller's business: the servers do not react to a Ctrl-C by themselves.
 *
 * @throws {EmbeddedServerError} of the first one that failed.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  let expectEnd = false;
  const watch = (name: string, ended: Promise<string>, logFile: string): void => {
    void ended.then((how) => {
      if (expectEnd) return;
      expectEnd = true;
      options.onServerLost?.(`${name} ended although nobody stopped it (${how}). See ${logFile}`);
    });
  };

  const [database, temporal] = await Promise.allSettled([databasePart(options, watch), temporalPart(options, watch)]);
  const stopAll = async (): Promise<void> => {
    expectEnd = true;
    const failures: unknown[] = [];
    for (const part of [temporal, database]) {
      if (part.status === 'fulfilled') await part.value.stop().catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw new AggregateError(failures, 'not every server could be stopped');
  };

  if (database.status === 'rejected' || temporal.status === 'rejected') {
    await stopAll();
    throw database.status === 'rejected' ? database.reason : (temporal as PromiseRejectedResult).reason;
  }
  let stopping: Promise<void> | undefined;
  return {
    databaseUrl: database.value.value,
    temporalAddress: temporal.value.value.address,
    uiUrl: temporal.value.value.uiUrl,
    stop: () => (stopping ??= stopAll()),
  };
}

type Watch = (name: string, ended: Promise<string>, logFile: string) => void;

async function databasePart(
  { database, dataDirectory, onProgress }: StackOptions,
  watch: Watch,
): Promise<Part<string>> {
  if (database?.url !== undefined) {
    onProgress(`PostgreSQL: using the configured server at ${new URL(database.url).host}`);
    return { value: database.url, stop: nothingToStop };
  }
  const directory = path.join(dataDirectory, 'postgres');
  const server = await startPostgres({
    dataDirectory: directory,
    onProgress,
    ...(database?.port === undefined ? {} : { port: database.port }),
    ...(database?.settings === undefined ? {} : { settings: database.settings }),
  });
  watch('PostgreSQL', server.ended, path.join(directory, 'server.log'));
  onProgress(`PostgreSQL: ready on port ${server.port}, data in ${directory}`);
  return { value: server.url, stop: server.stop };
}

async function temporalPart(
  { temporal, dataDirectory, onProgress }: StackOptions,
  watch: Watch,
): Promise<Part<{ address: string; uiUrl: string | undefined }>> {
  if (temporal?.address !== undefined) {
    onProgress(`Temporal: using the configured server at ${temporal.address}`);
    return { value: { address: temporal.address, uiUrl: undefined }, stop: nothingToStop };
  }
  const directory = path.join(dataDirectory, 'temporal');
  const { executable, port, uiPort, ui } = temporal?.devServer ?? {};
  const server = await startTemporalServer({
    dataDirectory: directory,
    onProgress,
    ...(executable === undefined ? {} : { executable }),
    ...(port === undefined ? {} : { port }),
    ...(uiPort === undefined ? {} : { uiPort }),
    ...(ui === undefined ? {} : { ui }),
    ...(temporal?.namespace === undefined ? {} : { namespace: temporal.namespace }),
  });
  watch('Temporal', server.ended, path.join(directory, 'server.log'));
  const at = server.uiUrl === undefined ? 'without a UI' : `UI on ${server.uiUrl}`;
  onProgress(`Temporal: ready on ${server.address}, ${at}, data in ${directory}`);
  return { value: { address: server.address, uiUrl: server.uiUrl }, stop: server.stop };
}
