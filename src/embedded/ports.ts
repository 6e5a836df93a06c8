import { createServer } from 'node:net';
import getPort from 'get-port';
import type { OnProgress } from './serverProcess.js';

/**
 * @param what for the line that is told if another port than the preferred one must be used, such as "PostgreSQL: port"
 * @returns the preferred port, else a free one; on the loopback interface, where the embedded servers listen
 */
export async function choosePort(
  preferred: number,
  what: string,
  onProgress: OnProgress,
  exclude: readonly number[] = [],
): Promise<number> {
  if (!exclude.includes(preferred) && (await isFree(preferred))) return preferred;
  const port = await getPort({ host: '127.0.0.1', exclude });
  onProgress(`${what} ${preferred} is taken, using ${port}`);
  return port;
}

/** Tried by listening there. get-port cannot be asked this: for half a minute it calls a port taken that it has named itself. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(false);
      else reject(error);
    });
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
