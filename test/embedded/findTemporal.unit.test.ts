import { chmodSync, existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { EmbeddedServerError } from '../../src/embedded/errors.js';
import {
  findTemporal,
  temporalCliVersion,
  type FetchExecutable,
  type FindTemporalOptions,
} from '../../src/embedded/findTemporal.js';
import { acquireLock } from '../../src/embedded/lock.js';
import { temporaryDirectory, writeScript } from './directories.js';
import { waitFor } from './waitFor.js';

const answering = (version: string) => `echo "temporal version ${version} (Server 1.29.1, UI 2.42.1)"`;

const impossible =
  (reason: string): FetchExecutable =>
  () =>
    Promise.reject(new EmbeddedServerError(reason));

describe('the temporal executable', () => {
  let directory: string;
  let cached: string;
  let lines: string[];
  const options = (more: Partial<FindTemporalOptions> = {}): FindTemporalOptions => ({
    onProgress: (line) => lines.push(line),
    cacheDirectory: path.join(directory, 'cache'),
    searchPath: path.join(directory, 'bin'),
    download: impossible('temporal.example did not deliver: ENOTFOUND'),
    build: impossible('the command "go" is not installed'),
    ...more,
  });
  const onPath = (body: string) => writeScript(path.join(directory, 'bin', 'temporal'), body);

  beforeEach(() => {
    directory = temporaryDirectory();
    cached = path.join(directory, 'cache', 'temporal', `v${temporalCliVersion}`, 'temporal');
    lines = [];
  });

  test('named in the configuration comes before all others, and the line says so', async () => {
    onPath(answering('2.0.0'));
    const configured = writeScript(path.join(directory, 'own', 'my-temporal'), answering('1.9.9'));
    const found = await findTemporal(options({ configured }));
    expect(found).toEqual({
      path: configured,
      version: 'temporal version 1.9.9 (Server 1.29.1, UI 2.42.1)',
      source: 'configured',
    });
    expect(lines).toEqual([expect.stringContaining(`using ${configured} (named in the configuration`)]);
  });

  test('named in the configuration but useless is an error, not a reason to take another', async () => {
    onPath(answering('2.0.0'));
    const configured = path.join(directory, 'nowhere', 'temporal');
    await expect(findTemporal(options({ configured }))).rejects.toThrow(
      /cannot be used[\s\S]*nowhere\/temporal \(named in the configuration\): not there[\s\S]*temporal\.devServer\.executable/,
    );
  });

  test('on PATH comes before our cache', async () => {
    const installed = onPath(answering('2.0.0'));
    writeScript(cached, answering('1.5.1'));
    expect(await findTemporal(options())).toMatchObject({ path: installed, source: 'path' });
  });

  test('in our cache is used when PATH has none', async () => {
    writeScript(cached, answering('1.5.1'));
    expect(await findTemporal(options())).toMatchObject({ path: cached, source: 'cache' });
    expect(lines).toEqual([expect.stringContaining('kept from an earlier run')]);
  });

  test.each([
    ['ends with an error', 'exit 3'],
    ['is another program of this name', 'echo "temporal anti-aliasing 4"'],
  ])('on PATH that %s is passed over', async (_, body) => {
    onPath(body);
    writeScript(cached, answering('1.5.1'));
    expect(await findTemporal(options())).toMatchObject({ source: 'cache' });
  });

  test('on PATH that is no program, or a directory, is passed over', async () => {
    const file = onPath('');
    chmodSync(file, 0o644);
    writeScript(path.join(directory, 'other', 'temporal', 'a-file'), '');
    writeScript(cached, answering('1.5.1'));
    const searchPath = [path.join(directory, 'bin'), path.join(directory, 'other')].join(path.delimiter);
    expect(await findTemporal(options({ searchPath }))).toMatchObject({ source: 'cache' });
  });

  test('is downloaded when this machine has none, and found in the cache the next time', async () => {
    const download: FetchExecutable = (version, destination) => {
      writeScript(destination, answering(version));
      return Promise.resolve();
    };
    expect(await findTemporal(options({ download }))).toMatchObject({ path: cached, source: 'download' });
    expect(await findTemporal(options())).toMatchObject({ path: cached, source: 'cache' });
  });

  test('is built when it cannot be downloaded, and the lines say why', async () => {
    const build: FetchExecutable = (version, destination) => {
      writeScript(destination, answering(version));
      return Promise.resolve();
    };
    expect(await findTemporal(options({ build }))).toMatchObject({ path: cached, source: 'build' });
    expect(lines).toEqual([
      'Temporal: download is not possible (temporal.example did not deliver: ENOTFOUND)',
      expect.stringContaining(`using ${cached} (built with go install`),
    ]);
  });

  test('is built when the download does not run on this machine', async () => {
    const download: FetchExecutable = (_, destination) => {
      writeFileSync(destination, 'for another processor', { mode: 0o755 });
      return Promise.resolve();
    };
    const build: FetchExecutable = (version, destination) => {
      writeScript(destination, answering(version));
      return Promise.resolve();
    };
    expect(await findTemporal(options({ download, build }))).toMatchObject({ source: 'build' });
  });

  test('that cannot be had is an error naming all that was tried, and what to do', async () => {
    onPath('exit 3');
    const failure = findTemporal(options());
    await expect(failure).rejects.toThrow(EmbeddedServerError);
    const message = await failure.then(
      () => '',
      (error: unknown) => (error as Error).message,
    );
    expect(message.split('\n').map((line) => line.trim())).toEqual([
      expect.stringContaining('Tried:'),
      expect.stringMatching(/bin\/temporal \(found on PATH\): does not run \(3\)/),
      expect.stringMatching(/cache.*: not there/),
      'download: temporal.example did not deliver: ENOTFOUND',
      'build: the command "go" is not installed',
      expect.stringContaining('install the Temporal CLI'),
      expect.stringContaining('temporal.devServer.executable'),
    ]);
    expect(readdirSync(path.dirname(cached))).toEqual([]);
  });

  test('a defect of ours while fetching is not taken for "not possible"', async () => {
    await expect(findTemporal(options({ download: () => Promise.reject(new TypeError('a bug')) }))).rejects.toThrow(
      TypeError,
    );
  });

  test('is made once when two processes need it at the same time', async () => {
    let builds = 0;
    const build: FetchExecutable = async (version, destination) => {
      builds += 1;
      await waitFor('the other one waits', () => lines.some((line) => line.includes('waiting for process')));
      writeScript(destination, answering(version));
    };
    const both = await Promise.all([findTemporal(options({ build })), findTemporal(options({ build }))]);
    expect(builds).toBe(1);
    expect(both.map(({ source }) => source).sort()).toEqual(['build', 'cache']);
  });

  test('is not waited for when a process that was making it is gone', async () => {
    const lockFile = path.join(path.dirname(cached), 'lock');
    acquireLock(lockFile);
    writeFileSync(lockFile, readFileSync(lockFile, 'utf8').replace(/"started":"[^"]*"/, '"started":"long ago"'));
    const build: FetchExecutable = (version, destination) => {
      writeScript(destination, answering(version));
      return Promise.resolve();
    };
    expect(await findTemporal(options({ build }))).toMatchObject({ source: 'build' });
    expect(existsSync(lockFile)).toBe(false);
  });
});
