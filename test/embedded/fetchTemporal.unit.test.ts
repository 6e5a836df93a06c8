/** The two ways in which an executable comes to this machine, each against a stand-in of what is at the other end. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { buildTemporal } from '../../src/embedded/buildTemporal.js';
import { downloadTemporal } from '../../src/embedded/downloadTemporal.js';
import { EmbeddedServerError } from '../../src/embedded/errors.js';
import { temporalCliVersion } from '../../src/embedded/findTemporal.js';
import { temporaryDirectory, writeScript } from './directories.js';

let directory: string;
let destination: string;
let lines: string[];
const onProgress = (line: string): void => void lines.push(line);

beforeEach(() => {
  directory = path.join(temporaryDirectory(), 'v1.2.3');
  mkdirSync(directory);
  destination = path.join(directory, 'temporal');
  lines = [];
});

describe('downloading', () => {
  let server: Server | undefined;

  async function serve(answer: RequestListener): Promise<string> {
    server = createServer(answer);
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
    server = undefined;
  });

  function archive(): Buffer {
    const source = temporaryDirectory();
    writeScript(path.join(source, 'temporal'), 'echo downloaded');
    execFileSync('tar', ['-czf', path.join(source, 'archive.tar.gz'), '-C', source, 'temporal']);
    return readFileSync(path.join(source, 'archive.tar.gz'));
  }

  test('follows the redirection to the archive, for this version, platform and processor', async () => {
    const asked: string[] = [];
    const content = archive();
    const origin = await serve((request, response) => {
      asked.push(request.url ?? '');
      if (request.url === '/files/it.tar.gz') response.end(content);
      else response.writeHead(302, { location: '/files/it.tar.gz' }).end();
    });
    const checksum = createHash('sha256').update(content).digest('hex');
    await downloadTemporal('1.2.3', destination, onProgress, { origin, checksum });
    expect(execFileSync(destination, { encoding: 'utf8' })).toBe('downloaded\n');
    const architecture = { x64: 'amd64', arm64: 'arm64' }[process.arch as 'x64' | 'arm64'];
    expect(asked).toEqual([
      `/cli/archive/v1.2.3?platform=${process.platform}&arch=${architecture}`,
      '/files/it.tar.gz',
    ]);
    expect(lines).toEqual([expect.stringContaining(`downloading ${origin}/cli/archive/v1.2.3`)]);
    expect(readdirSync(directory)).toEqual(['temporal']);
  });

  test.each<[string, RequestListener, RegExp]>([
    [
      'a version that is not published',
      (_, response) => response.writeHead(404).end('no'),
      /did not deliver: status 404/,
    ],
    ['a page of a captive portal', (_, response) => response.end('<html>please log in</html>'), /did not deliver/],
    ['a server that never answers', () => undefined, /did not deliver: UND_ERR_HEADERS_TIMEOUT/],
    [
      'a redirection to where it could be exchanged on its way',
      (_, response) => response.writeHead(302, { location: 'http://temporal.invalid/it.tar.gz' }).end(),
      /the address http:\/\/temporal\.invalid is not https/,
    ],
    [
      'endless redirections',
      (_, response) => response.writeHead(302, { location: '/again' }).end(),
      /did not deliver: status 302/,
    ],
    [
      'an archive that is cut off',
      (_, response) => {
        response.writeHead(200, { 'content-length': 1_000_000 });
        response.write('the beginning', () => response.destroy());
      },
      /did not deliver/,
    ],
  ])('gives up on %s, and leaves nothing behind', async (_, answer, message) => {
    const origin = await serve(answer);
    const failure = downloadTemporal('1.2.3', destination, onProgress, {
      origin,
      answerTimeoutMs: 300,
      checksum: '00'.repeat(32),
    });
    await expect(failure).rejects.toThrow(EmbeddedServerError);
    await expect(failure).rejects.toThrow(message);
    expect(readdirSync(directory)).toEqual([]);
  });

  test('runs nothing that was exchanged: an archive with another checksum leaves nothing behind', async () => {
    const content = archive();
    const origin = await serve((_, response) => response.end(content));
    const options = { origin, checksum: createHash('sha256').update('another').digest('hex') };
    await expect(downloadTemporal('1.2.3', destination, onProgress, options)).rejects.toThrow(/checksum differs/);
    expect(readdirSync(directory)).toEqual([]);
    await expect(downloadTemporal('1.2.3', destination, onProgress, { origin })).rejects.toThrow(
      /no checksum of version 1\.2\.3/,
    );
  });

  test('knows the checksum of the very version that is looked for', async () => {
    const origin = await serve((_, response) => response.end('not it'));
    await expect(downloadTemporal(temporalCliVersion, destination, onProgress, { origin })).rejects.toThrow(
      /checksum differs/,
    );
  });

  test('gives up at once on a host that does not exist', async () => {
    const options = { origin: 'https://host.invalid', checksum: '00'.repeat(32) };
    await expect(downloadTemporal('1.2.3', destination, onProgress, options)).rejects.toThrow(
      /host\.invalid did not deliver: (ENOTFOUND|EAI_AGAIN)/,
    );
  });
});

describe('building', () => {
  const fakeGo = (body: string) => writeScript(path.join(temporaryDirectory(), 'go'), body);

  test('asks Go for this version, shows modules and packages as they pass, and keeps the result', async () => {
    const go = fakeGo(
      [
        'echo "go: downloading modernc.org/sqlite v1.2.3" >&2',
        'sleep 0.2',
        'echo "google.golang.org/grpc" >&2; echo "go.temporal.io/server/temporal" >&2',
        'sleep 0.2',
        'echo "$@" > "$GOBIN/../asked"; echo "$GOWORK $CGO_ENABLED" >> "$GOBIN/../asked"',
        'printf "#!/bin/sh\\necho built\\n" > "$GOBIN/temporal"; chmod +x "$GOBIN/temporal"',
      ].join('\n'),
    );
    await buildTemporal('1.2.3', destination, onProgress, { go, progressIntervalMs: 20 });
    expect(execFileSync(destination, { encoding: 'utf8' })).toBe('built\n');
    expect(readFileSync(path.join(directory, 'asked'), 'utf8')).toBe(
      'install -v -trimpath -ldflags=-s -w github.com/temporalio/cli/cmd/temporal@v1.2.3\noff 0\n',
    );
    expect(lines[0]).toMatch(/building .*@v1\.2\.3 .*once; the result is kept as .*\/temporal\)$/);
    expect(lines).toContainEqual(expect.stringMatching(/1 modules fetched, now modernc\.org\/sqlite/));
    expect(lines).toContainEqual(expect.stringMatching(/2 packages compiled, now go\.temporal\.io\/server\/temporal/));
    expect(readdirSync(directory).sort()).toEqual(['asked', 'temporal']);
  });

  test('that fails shows the last lines of Go, and leaves nothing that looks like an executable', async () => {
    const go = fakeGo('echo half > "$GOBIN/temporal"; echo "go: proxy.golang.example: connection refused" >&2; exit 1');
    await expect(buildTemporal('1.2.3', destination, onProgress, { go })).rejects.toThrow(
      /"go install" failed \(exit code 1\)\n.*connection refused/,
    );
    expect(existsSync(destination)).toBe(false);
    expect(readdirSync(directory)).toEqual([]);
  });

  test('without Go says so', async () => {
    const failure = buildTemporal('1.2.3', destination, onProgress, { go: path.join(directory, 'no-go') });
    await expect(failure).rejects.toThrow(EmbeddedServerError);
    await expect(failure).rejects.toThrow(/is not installed/);
  });
});
