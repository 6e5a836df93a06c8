/** The model's random histories through the real engine, on the real PostgreSQL: they end as docs/how-it-works.md says. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { openDatabase, type Sql } from '../../src/store/database.js';
import { besides, runEngineHistory } from '../helpers/engineModel.js';
import type { Fault } from '../helpers/engineModel/faults.js';
import { histories, Violation } from '../helpers/liveModel.js';
import { checkProperty, wholeNumber } from '../helpers/property.js';
import { freshDatabase, type FreshDatabase } from '../helpers/servers.js';

let database: FreshDatabase;
let sql: Sql;
let keyed: Sql;
beforeAll(async () => {
  database = await freshDatabase();
  sql = openDatabase(database.url, { maxConnections: 8, applicationName: 'histories test' });
  keyed = sql.another({ plans: 'kept' });
});
afterAll(async () => {
  await keyed.end({ timeout: 5 });
  await sql.end({ timeout: 5 });
  await database.drop();
});

const run = fc.record({ history: histories, beside: besides });

test('whatever people do and whatever is lost, repeated, late or cut off, every history ends in sync or in a question, through the real engine', async () => {
  const property = fc.asyncProperty(run, ({ history, beside }) => runEngineHistory({ sql, keyed }, history, beside));
  await checkProperty(property, { numRuns: wholeNumber('PASSERELLE_ENGINE_HISTORIES', 120) });
});

describe('the properties find a fault that is put in on purpose', () => {
  test.each<readonly [Fault, RegExp, number]>([
    ['events handled before what they told is recorded', /^8:/, 1],
    ['claims that never hold', /^[48]:/, 1],
    ['settled at a version that moved', /^1:/, 1],
    ['writes not journalled', /^3:/, 1],
    ['creations forgotten', /^4:/, 1],
    ['server forgets what is not mapped, and nobody looks', /^5:/, 1],
  ])('%s', async (fault, expected, seed) => {
    const found = await fc.check(
      fc.asyncProperty(run, ({ history, beside }) => runEngineHistory({ sql, keyed }, history, beside, fault)),
      { seed, numRuns: 100, endOnFailure: true },
    );
    expect(found.failed).toBe(true);
    expect(found.errorInstance).toBeInstanceOf(Violation);
    expect((found.errorInstance as Violation).message).toMatch(expected);
  });
});
