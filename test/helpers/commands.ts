/** Commands of ours on a test's house, as a person or cron runs them: nobody sits at the terminal. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach } from '@jest/globals';
import { run } from '../../src/cli/main.js';
import { collectedOutput } from './collectedOutput.js';
import { writeConfigFile } from './configFile.js';
import type { TestPasserelle } from './passerelle.js';

/** What a command came to: its status, and all that it said. */
export interface Ended {
  readonly status: number;
  readonly said: string;
}

/**
 * To be called where a test file begins: each test gets a directory of its own, and after it the house is stopped and the environment is as
 * it was.
 *
 * @returns runs `passerelle …` with the house's configuration
 */
export function commandsOn(house: () => TestPasserelle): (...words: readonly string[]) => Promise<Ended> {
  const environment = process.env;
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(path.join(tmpdir(), 'passerelle-commands-'));
  });
  afterEach(async () => {
    await house().stop();
    process.env = environment;
    rmSync(directory, { recursive: true });
  });
  return async (...words) => {
    const output = collectedOutput();
    const { file, env } = writeConfigFile(house(), directory);
    process.env = { ...environment, ...env };
    const status = await run(['node', 'passerelle', '--config', file, ...words], output);
    return { status, said: [...output.noted, ...output.printed].join('\n') };
  };
}
