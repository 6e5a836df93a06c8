/** `passerelle demo` from an empty directory to its proof, as the README says. Takes a minute and a half: the sandbox admits five requests a second. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { temporaryDirectory } from '../embedded/directories.js';

/** The demo keeps its data in the directory that it is started in. */
const directory = temporaryDirectory();

async function demo(): Promise<{ status: number; printed: string; noted: string }> {
  const program = path.resolve('bin/passerelle.js');
  return await new Promise((resolve) => {
    const env = { ...process.env, NODE_OPTIONS: '' };
    execFile(process.execPath, [program, 'demo'], { cwd: directory, env }, (error, printed, noted) => {
      const status = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ status, printed, noted });
    });
  });
}

test('passerelle demo ends well: nothing differs, nothing was refused, each later change arrived once', async () => {
  const { status, printed, noted } = await demo();
  expect({ status, noted: status === 0 ? '' : noted }).toEqual({ status: 0, noted: '' });
  for (const proven of [
    /✓ 0 differences between [1-9]\d+ linked pairs/,
    /✓ 0 people linked to somebody else/,
    /✓ 0 requests refused; Yoplanning counted \d+, at most [1-5] in any second/,
    /✓ 0 writes by the second run/,
    /✓ \d+ events, 5 writes for 5 changes, [1-9]\d* echoes stopped, loops: 0/,
  ]) {
    expect(printed).toMatch(proven);
  }
  expect(printed).toMatch(/passerelle resolve \d+ --take yapla[^]*the answer has landed in Yoplanning/);
  expect(printed).not.toContain('✗');
  // What it started, it stopped: a server that runs keeps this file.
  expect(existsSync(path.join(directory, '.passerelle/demo/postgres/data/PG_VERSION'))).toBe(true);
  expect(existsSync(path.join(directory, '.passerelle/demo/postgres/data/postmaster.pid'))).toBe(false);
});
