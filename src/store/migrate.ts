import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Postgrator from 'postgrator';
import { openDatabase } from './database.js';
import type { Sql } from './database.js';

const directory = join(dirname(fileURLToPath(import.meta.url)), 'migrations');

/** Any number, as long as nobody else takes advisory locks under it: "pass" in ASCII. */
const LOCK = 0x70617373;

/** Postgrator takes a glob; the path of a checkout may contain its special characters. */
const pattern = join(directory.replace(/[?*()[\]]/g, '[$&]'), '*.sql');

/**
 * Brings the schema up to date. Repeatable, and safe to call from many processes that start at once: the first one migrates,
 * the others wait for it. All missing migrations are applied in one transaction or not at all.
 *
 * @returns names of the migrations applied now, in order
 * @throws Error when an applied migration's file was edited afterwards (its checksum differs)
 */
export async function migrate(database: string | Sql): Promise<string[]> {
  if (typeof database === 'string') {
    const sql = openDatabase(database, { maxConnections: 1, applicationName: 'passerelle migrate' });
    try {
      return await migrate(sql);
    } finally {
      await sql.end();
    }
  }
  return database.begin<string[]>(async (transaction) => {
    await transaction`SELECT pg_advisory_xact_lock(${LOCK})`;
    const [place] = await transaction<{ database: string }[]>`SELECT current_database() AS database`;
    const postgrator = new Postgrator({
      migrationPattern: pattern,
      driver: 'pg',
      database: place!.database,
      schemaTable: 'schema_migration',
      execQuery: async (query) => ({ rows: [...(await transaction.unsafe(query))] }),
    });
    return (await postgrator.migrate()).map((migration) => `${migration.version} ${migration.name}`);
  });
}
