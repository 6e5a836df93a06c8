/**
 * Node's own environment of jest, in which heavy libraries are loaded once a process instead of once a file (outsideLibraries.cjs says which).
 * An error of such a library is an `Error` for what runs inside, and the other way round: realms have an `Error` each.
 */
import { types } from 'node:util';
import { TestEnvironment } from 'jest-environment-node';
import { load, loaded, outside } from './outsideLibraries.cjs';

/** @param {ErrorConstructor} Realm */
function knowErrorsOfAllRealms(Realm) {
  const ordinary = Function.prototype[Symbol.hasInstance];
  Object.defineProperty(Realm, Symbol.hasInstance, {
    configurable: true,
    /** @param {unknown} value */
    value(value) {
      return ordinary.call(this, value) || (this === Realm && types.isNativeError(value));
    },
  });
}
knowErrorsOfAllRealms(Error);

export default class OutsideEnvironment extends TestEnvironment {
  async setup() {
    await super.setup();
    this.global[outside] = load;
    knowErrorsOfAllRealms(this.global.Error);
  }

  async teardown() {
    // A file that left a worker running must not be in the way of the next one's: the SDK has one native part for a process.
    await loaded.get('@temporalio/worker')?.Runtime._instance?.shutdown();
    await super.teardown();
  }
}
