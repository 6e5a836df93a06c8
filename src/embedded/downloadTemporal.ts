/**
 * The Temporal CLI's documented download (https://docs.temporal.io/cli/setup-cli), which is also where the SDK fetches its test server from.
 *
 * The SDK's own downloader is not used: it is an internal function of `@temporalio/core-bridge` (`newEphemeralServer`, absent from its
 * documented API), fetches into the temporary directory, and starts the server in the same step, without our flags' health checks.
 */
import { execFile } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { chmod, mkdtemp, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { Agent, request } from 'undici';
import { EmbeddedServerError } from './errors.js';
import type { OnProgress } from './serverProcess.js';

const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

export interface DownloadOptions {
  /** Where the archives are. Default https://temporal.download. */
  readonly origin?: string;
  /** Longest wait for a connection and for the first byte: short, because many networks drop unknown hosts silently. Default 4 s. */
  readonly answerTimeoutMs?: number;
}

/**
 * Downloads the release's archive and puts its executable at `destination`.
 *
 * @throws {EmbeddedServerError} not reachable, refused, cut off, or not an archive.
 */
export async function downloadTemporal(
  version: string,
  destination: string,
  onProgress: OnProgress,
  options: DownloadOptions = {},
): Promise<void> {
  const answerTimeoutMs = options.answerTimeoutMs ?? 4_000;
  const architecture = architectures[process.arch];
  if (architecture === undefined)
    throw new EmbeddedServerError(`no archive is published for the processor type ${process.arch}`);
  const url = `${options.origin ?? 'https://temporal.download'}/cli/archive/v${version}?platform=${process.platform}&arch=${architecture}`;
  onProgress(`Temporal: downloading ${url}, because no executable was found on this machine`);
  // The archive is served by redirection.
  const agent = new Agent({
    connect: { timeout: answerTimeoutMs },
    headersTimeout: answerTimeoutMs * 3,
    bodyTimeout: 30_000,
  });
  const draft = await mkdtemp(path.join(path.dirname(destination), 'download-'));
  try {
    const archive = path.join(draft, 'temporal.tar.gz');
    await fetchTo(url, archive, agent, onProgress);
    await promisify(execFile)('tar', ['-xzf', archive, '-C', draft, 'temporal']);
    await chmod(path.join(draft, 'temporal'), 0o755);
    await rename(path.join(draft, 'temporal'), destination);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new EmbeddedServerError(`${new URL(url).host} did not deliver: ${code ?? message}`, { cause: error });
  } finally {
    await rm(draft, { recursive: true, force: true });
    await agent.destroy();
  }
}

async function fetchTo(
  url: string,
  file: string,
  dispatcher: Agent,
  onProgress: OnProgress,
  redirectsLeft = 5,
): Promise<void> {
  const { statusCode, headers, body } = await request(url, { dispatcher });
  const location = headers['location'];
  if (statusCode >= 300 && statusCode < 400 && typeof location === 'string' && redirectsLeft > 0) {
    await body.dump();
    return fetchTo(new URL(location, url).href, file, dispatcher, onProgress, redirectsLeft - 1);
  }
  if (statusCode !== 200) {
    await body.dump();
    throw new EmbeddedServerError(`status ${statusCode}`);
  }
  const total = Number(headers['content-length']);
  let received = 0;
  let told = Date.now();
  body.on('data', (chunk: Buffer) => {
    received += chunk.length;
    if (Date.now() - told < 1_000) return;
    told = Date.now();
    onProgress(`Temporal: ${megabytes(received)}${Number.isFinite(total) ? ` of ${megabytes(total)}` : ''} downloaded`);
  });
  await pipeline(body, createWriteStream(file));
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
