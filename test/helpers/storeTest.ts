/** What tests of the store have in common: a database of the file's own, and for each test a connection that nobody used before. */
import { afterAll, beforeAll, beforeEach } from '@jest/globals';
import { personsOf, type Scope } from '../../src/core/record.js';
import { ensureConnection } from '../../src/store/connections.js';
import { openDatabase, type Sql } from '../../src/store/database.js';
import { freshDatabase, uniqueName, type FreshDatabase } from './servers.js';

export interface StoreTest {
  readonly sql: Sql;
  /** Id of a connection that the database knows. */
  readonly club: string;
  /** Its people. */
  readonly scope: Scope;
}

/**
 * Sets it up for the file that calls this, and takes it down.
 *
 * @param applicationName names the file's connections in pg_stat_activity. @param given called before each test, before the file's own hooks
 */
export function storeTest(applicationName: string, given: (store: StoreTest) => void): void {
  let database: FreshDatabase;
  let sql: Sql;
  beforeAll(async () => {
    database = await freshDatabase();
    sql = openDatabase(database.url, { maxConnections: 6, applicationName });
  });
  beforeEach(async () => {
    const club = uniqueName('club');
    await ensureConnection(sql, club);
    given({ sql, club, scope: personsOf(club) });
  });
  afterAll(async () => {
    await sql.end();
    await database.drop();
  });
}
