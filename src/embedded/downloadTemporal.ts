/**
 * The Temporal CLI's documented download (https://docs.temporal.io/cli/setup-cli), which is also where the SDK fetches its test server from.
 *
 * The SDK's own downloader is not used: it is an internal function of `@temporalio/core-bridge` (`newEphemeralServer`, absent from its
 * documented API), fetches into the temporary directory, and starts the server in the same step, without our flags' health checks.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { chmod, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { Agent, request } from 'undici';
import { childEnvironment } from '../childEnvironment.js';
import { EmbeddedServerError } from './errors.js';
import type { OnProgress } from './serverProcess.js';

const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/**
 * SHA-256 of the release's archives, by platform and processor: what is downloaded is run with our rights, and an address alone proves
 * nothing. To be renewed with `temporalCliVersion`; of a version or machine that is not here nothing is downloaded.
 */
const checksums: Readonly<Record<string, string>> = {
  '1.5.1 linux amd64': 'ddc95e08b0b076efd4ea9733a3f488eb7d2be875f8834e616cd2a37358b4852d',
  '1.5.1 linux arm64': 'bd1b0db9f18b051026de8bf6cc1505f2510f14bbb7a8b9a4a91fff46c77454f5',
  '1.5.1 darwin amd64': 'bbb73e2a31135abe50a1f1cdb35030c42961df618e8ce9c60ae89f201540c5d9',
  '1.5.1 darwin arm64': 'cca01b7ea35ad56e2a328d9ae596bf716bd22313ef63c7a761c88354457c2415',
};

export interface DownloadOptions {
  /** Where the archives are. Default https://temporal.download. */
  readonly origin?: string;
  /** Longest wait for a connection and for the first byte: short, because many networks drop unknown hosts silently. Default 4 s. */
  readonly answerTimeoutMs?: number;
  /** SHA-256 of the archive, in hexadecimal digits. Default: the one that we know of the version. */
  readonly checksum?: string;
}

/**
 * Downloads the release's archive and puts its executable at `destination`.
 *
 * @throws {EmbeddedServerError} not reachable, refused, cut off, or not the archive that was published.
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
  const checksum = options.checksum ?? checksums[`${version} ${process.platform} ${architecture}`];
  if (checksum === undefined)
    throw new EmbeddedServerError(
      `no checksum of version ${version} is known for ${process.platform} on ${architecture}`,
    );
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
    const found = createHash('sha256')
      .update(await readFile(archive))
      .digest('hex');
    if (found !== checksum)
      throw new EmbeddedServerError('the archive is not the one that was published (its checksum differs)');
    await promisify(execFile)('tar', ['-xzf', archive, '-C', draft, 'temporal'], { env: childEnvironment() });
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
  // A program that we will run: nobody on the way may exchange it. The tests' own server is on this machine.
  if (!isProtected(url)) throw new EmbeddedServerError(`the address ${new URL(url).origin} is not https`);
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

function isProtected(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'https:' || (protocol === 'http:' && hostname === '127.0.0.1');
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
