/** The last resort where only package registries can be reached: the Temporal CLI compiled by Go from its published module. */
import { spawn } from 'node:child_process';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { childEnvironment } from '../childEnvironment.js';
import { EmbeddedServerError } from './errors.js';
import type { OnProgress } from './serverProcess.js';

const modulePath = 'github.com/temporalio/cli/cmd/temporal';

export interface BuildOptions {
  /** The Go command. Default `go`, from PATH. */
  readonly go?: string;
  /** How often a line of progress is told. Default 2 s. */
  readonly progressIntervalMs?: number;
}

/**
 * Builds the release and puts its executable at `destination`. Takes 3 to 5 minutes on two cores, and about 2 GB of Go's own caches.
 *
 * @throws {EmbeddedServerError} Go is missing, or the build failed; the message ends with Go's last lines.
 */
export async function buildTemporal(
  version: string,
  destination: string,
  onProgress: OnProgress,
  options: BuildOptions = {},
): Promise<void> {
  const started = Date.now();
  onProgress(
    `Temporal: building ${modulePath}@v${version} with "go install" (3 to 5 minutes, once; the result is kept as ${destination})`,
  );
  // Beside the destination, so that the rename below is atomic: nobody ever finds half an executable there.
  const draft = await mkdtemp(path.join(path.dirname(destination), 'build-'));
  let fetched = 0;
  let compiled = 0;
  let latest = '';
  const tell = () => {
    const elapsed = `${Math.round((Date.now() - started) / 1000)} s`;
    onProgress(
      compiled === 0
        ? `Temporal: ${elapsed}, ${fetched} modules fetched${latest === '' ? '' : `, now ${latest}`}`
        : `Temporal: ${elapsed}, ${compiled} packages compiled${latest === '' ? '' : `, now ${latest}`}`,
    );
  };
  const timer = setInterval(tell, options.progressIntervalMs ?? 10_000);
  try {
    await runGo(options.go ?? 'go', version, draft, (line) => {
      const module = /^go: downloading (\S+)/.exec(line)?.[1];
      if (module !== undefined) fetched += 1;
      else if (/^[\w./~-]+$/.test(line)) compiled += 1;
      else return;
      latest = module ?? line;
    });
    await rename(path.join(draft, 'temporal'), destination);
    onProgress(`Temporal: built in ${Math.round((Date.now() - started) / 1000)} s`);
  } finally {
    clearInterval(timer);
    await rm(draft, { recursive: true, force: true });
  }
}

function runGo(go: string, version: string, binDirectory: string, onLine: (line: string) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    // -v names each package when it is compiled: the only progress that Go tells. The server's storage (SQLite) is pure Go, so no C compiler is asked for.
    const child = spawn(go, ['install', '-v', '-trimpath', '-ldflags=-s -w', `${modulePath}@v${version}`], {
      // Outside any module: a go.mod or go.work around the current directory must not have a say.
      cwd: binDirectory,
      env: childEnvironment({ GOBIN: binDirectory, GOFLAGS: '', GOWORK: 'off', CGO_ENABLED: '0' }, { network: true }),
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const tail: string[] = [];
    createInterface({ input: child.stderr }).on('line', (line) => {
      tail.push(line);
      if (tail.length > 8) tail.shift();
      onLine(line);
    });
    child.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        new EmbeddedServerError(
          error.code === 'ENOENT'
            ? `the command "${go}" is not installed, so the executable cannot be built`
            : `the command "${go}" cannot be run: ${error.code ?? ''}`,
          { cause: error },
        ),
      ),
    );
    child.once('close', (code, signal) =>
      code === 0
        ? resolve()
        : reject(
            new EmbeddedServerError(
              `"go install" failed (${signal ?? `exit code ${code}`})\n${tail.map((line) => `    ${line}`).join('\n')}`,
            ),
          ),
    );
  });
}
