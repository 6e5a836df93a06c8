/** The program of a worker in a process of its own, in one file. */
import { createHash } from 'node:crypto';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';

/** Within the repository: packages are found from there. */
const directory = path.resolve('node_modules/.cache/passerelle');

/**
 * Joins workerProcess.ts and all of ours that it loads. Tests kill such processes by the dozen, and half of the processor time of each start
 * went into finding and translating some two hundred sources.
 *
 * @returns the file, named by its content, so that runs of different code do not meet
 */
export async function bundleWorkerProgram(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [path.resolve('test/helpers/workerProcess.ts')],
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    write: false,
  });
  const { text } = outputFiles[0]!;
  const file = path.join(directory, `worker-${createHash('sha256').update(text).digest('hex').slice(0, 16)}.mjs`);
  mkdirSync(directory, { recursive: true });
  writeFileSync(`${file}.${process.pid}`, text);
  renameSync(`${file}.${process.pid}`, file);
  return file;
}
