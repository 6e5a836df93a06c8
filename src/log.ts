/** The program's log: JSON lines, for machines and operators. Ids, counts and codes only. */
import { pino, type Logger } from 'pino';

export type Log = Logger;

/** @param destination a file; left out: standard error, so that results on standard output can be piped. */
export function createLog(level: string, destination?: string): Log {
  return pino(
    { level, base: null },
    pino.destination(destination === undefined ? 2 : { dest: destination, mkdir: true, sync: false }),
  );
}
