import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll } from '@jest/globals';

const made: string[] = [];

/** Makes a directory that goes with the test file. Others may enter it (unlike mkdtemp's), as the `postgres` user must when tests run as root. */
export function temporaryDirectory(): string {
  const directory = path.join(tmpdir(), `passerelle-embedded-${randomUUID()}`);
  mkdirSync(directory);
  made.push(directory);
  return directory;
}

/** Writes an executable shell script, making its directory if need be. */
export function writeScript(file: string, body: string): string {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  return file;
}

afterAll(() => {
  for (const directory of made) rmSync(directory, { recursive: true, force: true });
});
