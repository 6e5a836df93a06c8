/** The model's random histories through the real engine, on the real PostgreSQL: they end as docs/how-it-works.md says. */
import { afterAll, beforeAll, test } from '@jest/globals';
import fc from 'fast-check';
import { openDatabase, type Sql } from '../../src/store/database.js';
import { runEngineHistory, type Crashes } from '../helpers/engineModel.js';
import { histories } from '../helpers/liveModel.js';
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

const ends: fc.Arbitrary<Crashes> = fc.array(fc.constantFrom('kill' as const, 'fail' as const), {
  minLength: 1,
  maxLength: 3,
});

test('whatever people do and whatever is lost, repeated, late or cut off, every history ends in sync or in a question, through the real engine', async () => {
  const property = fc.asyncProperty(histories, ends, (history, crashes) =>
    runEngineHistory({ sql, keyed }, history, crashes),
  );
  await checkProperty(property, { numRuns: wholeNumber('PASSERELLE_ENGINE_HISTORIES', 50) });
});
