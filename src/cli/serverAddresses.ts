import type { Config } from '../config/schema.js';
import { UsageError } from './program.js';

/** Where the servers are, for a command that starts none. @param what it is, for the error. @throws {UsageError} which setting is missing */
export function serverAddresses(config: Config, what: string): { readonly url: string; readonly address: string } {
  const { address } = config.temporal;
  const { url } = config.database;
  if (url !== undefined && address !== undefined) return { url, address };
  const missing = url === undefined ? 'database.url' : 'temporal.address';
  throw new UsageError(
    `a ${what} alone needs ${missing} in the configuration; "passerelle start" brings its own servers`,
  );
}
