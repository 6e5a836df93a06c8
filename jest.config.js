import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** One configuration, two projects: `unit` needs no server but the sandbox; `servers` runs on the real Postgres and the real Temporal dev server, and tests the sandbox itself. */
const shared = {
  testEnvironment: '<rootDir>/test/helpers/environment.js',
  extensionsToTreatAsEsm: ['.ts'],
  resolver: '<rootDir>/test/helpers/resolver.cjs',
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'es6' } },
    ],
  },
};

/** Those that take minutes have files of their own, which `npm test` does not look at: a skipped test would say less. */
const long = process.env['PASSERELLE_LONG'] === undefined ? [] : ['<rootDir>/test/**/*.long.test.ts'];

// Those that need LibreOffice are run where it is installed, and are not seen where it is not: none shows as passed that was not run.
const office = (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, 'soffice')))
  ? ['<rootDir>/test/**/*.office.test.ts']
  : [];

// Commands are noted with the name of the user who is logged in; where tests run, that may be nobody.
process.env['USER'] ||= 'tester';

export default {
  reporters: ['default', '<rootDir>/test/helpers/closingLine.js'],
  testSequencer: '<rootDir>/test/helpers/longestFirst.js',
  // Two cores: one worker each, next to the servers that they use. A third makes it a minute shorter (7.5 instead of some 8.5), and the
  // files so late that waits for each other show as failures.
  maxWorkers: 2,
  // What a file loaded is not all let go when it ends (Node's modules in contexts of their own). A heap that grew to gigabytes made the
  // collector a tenth of all work; a new process costs a second.
  workerIdleMemoryLimit: '400MB',
  // Real servers on a busy machine: a limit for what hangs, not a measure.
  testTimeout: 300_000,
  projects: [
    { ...shared, displayName: 'unit', testMatch: ['<rootDir>/test/**/*.unit.test.ts', ...office] },
    {
      ...shared,
      displayName: 'servers',
      testMatch: ['<rootDir>/test/**/*.servers.test.ts', ...long],
      globalSetup: '<rootDir>/test/helpers/globalSetup.ts',
      globalTeardown: '<rootDir>/test/helpers/globalTeardown.ts',
    },
  ],
};
