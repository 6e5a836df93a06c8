/**
 * Begins with the files that take longest, so that none of them is left when all else is done. By itself jest knows how long a file takes
 * where it has run before, and takes the size for it where it has not, as in a fresh clone: but the longest are small.
 */
import Sequencer from '@jest/test-sequencer';
import { relative } from 'node:path';

/** Half a minute and more, on two cores, the longest first. What is not named here goes on in jest's own order. */
export const longest = [
  'test/link/histories.servers.test.ts',
  'test/workflows/syncRecord.random.servers.test.ts',
  'test/workflows/bulkSync.crash.servers.test.ts',
  'test/workflows/bulkSync.faults.servers.test.ts',
  'test/workflows/unreadAccounts.servers.test.ts',
  'test/workflows/syncRecord.moments.servers.test.ts',
  'test/workflows/unbelieved.servers.test.ts',
  'test/workflows/syncRecord.people.servers.test.ts',
  'test/embedded/postgres.servers.test.ts',
  'test/embedded/temporalServer.servers.test.ts',
  'test/cli/start.servers.test.ts',
  'test/cli/endings.servers.test.ts',
  'test/workflows/outage.servers.test.ts',
  'test/workflows/unreadable.servers.test.ts',
  'test/workflows/syncRecord.faults.servers.test.ts',
  'test/workflows/syncRecord.guard.servers.test.ts',
  'test/workflows/syncRecord.killed.servers.test.ts',
  'test/workflows/replay.servers.test.ts',
  'test/cli/replay.servers.test.ts',
];

/** @param {{ readonly path: string; readonly context: { readonly config: { readonly rootDir: string } } }} test */
function rank({ path, context }) {
  const at = longest.indexOf(relative(context.config.rootDir, path));
  return at === -1 ? longest.length : at;
}

export default class LongestFirst extends Sequencer {
  sort(tests) {
    return [...super.sort(tests)].sort((one, other) => rank(one) - rank(other));
  }
}
