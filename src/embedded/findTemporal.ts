/**
 * Where a `temporal` executable comes from: configured, installed, kept by us, downloaded, or built, in this order.
 * The first three take no time; the fourth needs temporal.download to be reachable; the last needs Go and a Go module proxy.
 */
import { execFile } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import envPaths from 'env-paths';
import { buildTemporal } from './buildTemporal.js';
import { childEnvironment } from '../childEnvironment.js';
import { downloadTemporal } from './downloadTemporal.js';
import { EmbeddedServerError } from './errors.js';
import { waitForLock } from './lock.js';
import type { OnProgress } from './serverProcess.js';

/** The newest release that plain `go install` accepts; later ones carry a `replace` directive. Holds server 1.29.1. */
export const temporalCliVersion = '1.5.1';

export interface TemporalExecutable {
  readonly path: string;
  /** As the executable states it, such as "temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)". */
  readonly version: string;
  readonly source: 'configured' | 'path' | 'cache' | 'download' | 'build';
}

export interface FindTemporalOptions {
  /** Path from the configuration. If given, nothing else is tried: anyone who names a program wants that one. */
  readonly configured?: string;
  readonly onProgress: OnProgress;
  /** Directory for executables that we fetched or built, kept for good. Default: the user's cache directory, such as ~/.cache/passerelle. */
  readonly cacheDirectory?: string;
  /** Directories to search, as in the environment variable PATH, which is the default. */
  readonly searchPath?: string;
  /** Fetches the executable to a path. Replaceable for tests without a network. */
  readonly download?: FetchExecutable;
  /** Builds the executable at a path. Replaceable for tests without a compiler. */
  readonly build?: FetchExecutable;
}

/**
 * Puts an executable of the version at `destination`, a path in an existing directory.
 *
 * @throws {EmbeddedServerError} with the reason in one sentence.
 */
export type FetchExecutable = (version: string, destination: string, onProgress: OnProgress) => Promise<void>;

/** @returns our own cache directory for this user, by the conventions of the operating system. */
export function defaultCacheDirectory(): string {
  return envPaths('passerelle', { suffix: '' }).cache;
}

/**
 * Finds an executable that runs, fetching or building one if need be.
 *
 * @throws {EmbeddedServerError} none could be had; the message names all that was tried and what to do.
 */
export async function findTemporal(options: FindTemporalOptions): Promise<TemporalExecutable> {
  const { onProgress } = options;
  const tried: string[] = [];
  const accept = async (
    source: TemporalExecutable['source'],
    file: string,
    because: string,
  ): Promise<TemporalExecutable | undefined> => {
    const probe = await versionOf(file);
    if ('version' in probe) {
      onProgress(`Temporal: using ${file} (${because}; ${probe.version})`);
      return { path: file, version: probe.version, source };
    }
    tried.push(`${file} (${because}): ${probe.refusal}`);
    return undefined;
  };

  if (options.configured !== undefined) {
    const configured = await accept('configured', path.resolve(options.configured), 'named in the configuration');
    if (configured !== undefined) return configured;
    throw new EmbeddedServerError(
      `The temporal executable named in the configuration cannot be used.\n  ${tried.join('\n  ')}\nCorrect or remove temporal.devServer.executable.`,
    );
  }

  const onPath = findOnPath('temporal', options.searchPath ?? process.env['PATH'] ?? '');
  if (onPath === undefined) tried.push('"temporal" on PATH: not there');
  else {
    const found = await accept('path', onPath, 'found on PATH');
    if (found !== undefined) return found;
  }

  const cached = path.join(
    options.cacheDirectory ?? defaultCacheDirectory(),
    'temporal',
    `v${temporalCliVersion}`,
    'temporal',
  );
  const kept = isExecutableFile(cached) ? await accept('cache', cached, 'kept from an earlier run') : undefined;
  if (kept !== undefined) return kept;
  if (!isExecutableFile(cached)) tried.push(`${cached}: not there`);

  const lock = await waitForLock(path.join(path.dirname(cached), 'lock'), (pid) =>
    onProgress(`Temporal: waiting for process ${pid}, which is fetching or building the same executable`),
  );
  try {
    const meanwhile = isExecutableFile(cached)
      ? await accept('cache', cached, 'made by another process just now')
      : undefined;
    if (meanwhile !== undefined) return meanwhile;
    const ways = [
      ['download', options.download ?? downloadTemporal, 'downloaded'],
      ['build', options.build ?? buildTemporal, 'built with go install'],
    ] as const;
    for (const [source, fetch, because] of ways) {
      try {
        await fetch(temporalCliVersion, cached, onProgress);
      } catch (error) {
        if (!(error instanceof EmbeddedServerError)) throw error;
        tried.push(`${source}: ${error.message}`);
        onProgress(`Temporal: ${source} is not possible (${error.message.split('\n', 1)[0] ?? ''})`);
        continue;
      }
      const fetched = await accept(source, cached, because);
      if (fetched !== undefined) return fetched;
    }
  } finally {
    lock.release();
  }
  throw new EmbeddedServerError(
    [
      'No temporal executable could be found, downloaded or built. Tried:',
      ...tried.map((line) => `  ${line}`),
      'Do one of these: install the Temporal CLI (https://docs.temporal.io/cli) so that "temporal" is on PATH; install Go (https://go.dev/dl);',
      'name an executable as temporal.devServer.executable; or set temporal.address to a running Temporal server.',
    ].join('\n'),
  );
}

/** Runs it: a file that is there may still be for another machine, cut off, or another program. */
async function versionOf(file: string): Promise<{ version: string } | { refusal: string }> {
  try {
    const { stdout } = await promisify(execFile)(file, ['--version'], { timeout: 20_000, env: childEnvironment() });
    const version = stdout.trim().split('\n', 1)[0] ?? '';
    return version.startsWith('temporal version')
      ? { version }
      : { refusal: 'it does not say "temporal version" when asked for --version' };
  } catch (error) {
    const { code, signal } = error as { code?: string | number; signal?: string };
    return { refusal: code === 'ENOENT' ? 'not there' : `does not run (${signal ?? code ?? 'unknown reason'})` };
  }
}

function findOnPath(name: string, searchPath: string): string | undefined {
  return searchPath
    .split(path.delimiter)
    .filter((directory) => path.isAbsolute(directory))
    .map((directory) => path.join(directory, name))
    .find(isExecutableFile);
}

function isExecutableFile(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
