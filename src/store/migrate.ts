import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Postgrator from 'postgrator';
import { openDatabase, withoutValues } from './database.js';
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
 * @throws {MigrationDiffers} when an applied migration's file was edited afterwards (its checksum differs), or is not there
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
  return database.begin(async (transaction) => {
    await transaction`SELECT pg_advisory_xact_lock(${LOCK})`;
    const [place] = await transaction<{ database: string }[]>`SELECT current_database() AS database`;
    const postgrator = new Postgrator({
      migrationPattern: pattern,
      driver: 'pg',
      database: place!.database,
      schemaTable: 'schema_migration',
      execQuery: async (query) => ({ rows: await transaction.script(query) }),
    });
    // Postgrator would take it for a wish to go back, find nothing to undo, and be content.
    const [version, newest] = [await postgrator.getDatabaseVersion(), await postgrator.getMaxVersion()];
    if (version > newest) throw new MigrationDiffers(version);
    return (await applied(postgrator)).map((migration) => `${migration.version} ${migration.name}`);
  });
}

/** The database was made by another version of these files, and cannot be brought to this one. */
export class MigrationDiffers extends Error {
  override readonly name = 'MigrationDiffers';
  /** @param version of the migration that was changed since, or that is not there */
  constructor(version: number, cause?: unknown) {
    super(
      `This database was made by another version of Passerelle, whose migration ${version} is not this one's. Use that version, or an empty database; for an embedded one, delete its data directory (\`dataDirectory\`, by default .passerelle).`,
      { cause },
    );
  }
}

/** Postgrator has no type for a file whose sum differs from that of the migration applied: it is told by where it comes up. */
async function applied(
  postgrator: Postgrator,
): Promise<readonly { readonly version: number; readonly name: string }[]> {
  let validating: number | null = null;
  postgrator.on('validation-started', ({ version }) => (validating = version));
  postgrator.on('validation-finished', () => (validating = null));
  try {
    return await postgrator.migrate();
  } catch (error) {
    if (validating === null || withoutValues(error) !== error) throw error;
    throw new MigrationDiffers(validating, error);
  }
}
