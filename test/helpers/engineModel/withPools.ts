/** The pools that the engine of the model works on, on a database of their own. */
import { openDatabase } from '../../../src/store/database.js';
import type { Pools } from '../engineModel.js';
import { freshDatabase } from '../servers.js';

/** Opens them for `work`, and takes the database away after it. @param applicationName names their connections in pg_stat_activity */
export async function withPools(applicationName: string, work: (pools: Pools) => Promise<void>): Promise<void> {
  const database = await freshDatabase();
  const sql = openDatabase(database.url, { maxConnections: 8, applicationName });
  const keyed = sql.another({ plans: 'kept' });
  try {
    await work({ sql, keyed });
  } finally {
    await keyed.end({ timeout: 5 });
    await sql.end({ timeout: 5 });
    await database.drop();
  }
}
