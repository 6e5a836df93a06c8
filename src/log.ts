/** The program's log: JSON lines, for machines and operators. Ids, counts and codes only. */
import { pino, type Logger } from 'pino';
import { escapedJson } from './cli/visible.js';

export type Log = Logger;

/** @param destination a file; left out: standard error, so that results on standard output can be piped. */
export function createLog(level: string, destination?: string): Log {
  return pino(
    // A log is read on terminals too: JSON escapes line breaks, and not the other characters that steer one.
    { level, base: null, hooks: { streamWrite: escapedJson } },
    pino.destination(destination === undefined ? 2 : { dest: destination, mkdir: true, sync: false }),
  );
}
