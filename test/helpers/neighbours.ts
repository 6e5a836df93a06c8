/** Houses of one file's tests, one after the other, that share what is costly: the database and the worker, two thirds of a small test. */
import { afterAll } from '@jest/globals';
import { startPasserelle, type PasserelleOptions, type TestPasserelle } from './passerelle.js';
import { Premises } from './premises.js';

/**
 * To be called where a test file begins. Each house has a sandbox and a connection of its own. Not for tests of what concerns a database, a
 * worker or a task queue as a whole.
 *
 * @returns as `startPasserelle`
 */
export function neighbours(): (options?: Omit<PasserelleOptions, 'worker'>) => Promise<TestPasserelle> {
  let premises: Promise<Premises> | undefined;
  afterAll(async () => await (await premises)?.close());
  return async (options = {}) => await startPasserelle(options, await (premises ??= Premises.open()));
}
