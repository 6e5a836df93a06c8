/**
 * A parent of an embedded server, to be killed. Run as `node --import tsx parent.ts <postgres|temporal|lock> <directory>`;
 * prints the server's process id once it serves, and waits.
 */
import { acquireLock } from '../../src/embedded/lock.js';
import { startPostgres } from '../../src/embedded/postgres.js';
import { startTemporalServer } from '../../src/embedded/temporalServer.js';

const [what = '', directory = ''] = process.argv.slice(2);
const onProgress = (): void => undefined;

if (what === 'postgres')
  process.stdout.write(`${(await startPostgres({ dataDirectory: directory, onProgress })).pid}\n`);
else if (what === 'temporal')
  process.stdout.write(`${(await startTemporalServer({ dataDirectory: directory, onProgress })).pid}\n`);
else {
  acquireLock(directory);
  process.stdout.write(`${process.pid}\n`);
}
setInterval(() => undefined, 1_000);
