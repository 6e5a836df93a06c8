/**
 * A parent of an embedded server, to be killed. Run as `node --import tsx parent.ts <postgres|temporal|lock> <directory>`;
 * prints the server's process id once it serves, and waits.
 */
const [what = '', directory = ''] = process.argv.slice(2);
const onProgress = (): void => undefined;

async function start(): Promise<number> {
  // Each loads what it starts alone: a lock is taken at once, without the libraries of the servers.
  if (what === 'postgres') {
    const { startPostgres } = await import('../../src/embedded/postgres.js');
    return (await startPostgres({ dataDirectory: directory, onProgress })).pid;
  }
  if (what === 'temporal') {
    const { startTemporalServer } = await import('../../src/embedded/temporalServer.js');
    return (await startTemporalServer({ dataDirectory: directory, onProgress })).pid;
  }
  const { acquireLock } = await import('../../src/embedded/lock.js');
  acquireLock(directory);
  return process.pid;
}

process.stdout.write(`${await start()}\n`);
setInterval(() => undefined, 1_000);
