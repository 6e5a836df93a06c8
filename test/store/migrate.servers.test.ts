import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openDatabase, type Sql } from '../../src/store/database.js';
import { migrate } from '../../src/store/migrate.js';
import { freshDatabase } from '../helpers/servers.js';
import type { FreshDatabase } from '../helpers/servers.js';

let database: FreshDatabase;
let sql: Sql;

beforeEach(async () => {
  database = await freshDatabase();
  sql = openDatabase(database.url, { maxConnections: 8, applicationName: 'migrate test' });
});
afterEach(async () => {
  await sql.end();
  await database.drop();
});

describe('migrating', () => {
  test('an empty database from many processes at once applies each migration once', async () => {
    await sql`DROP SCHEMA public CASCADE`;
    await sql`CREATE SCHEMA public`;
    const applied = await Promise.all(Array.from({ length: 4 }, () => migrate(database.url)));
    const byLength = applied.map((names) => names.length).sort();
    expect(byLength.slice(0, 3)).toEqual([0, 0, 0]);
    expect(applied.flat().slice(0, 2)).toEqual(['1 connections', '2 records']);
    expect(await sql`SELECT FROM request_log`).toHaveLength(0);
  });

  test('a database that is up to date changes nothing', async () => {
    expect(await migrate(sql)).toEqual([]);
  });

  test('refuses when an applied migration was edited afterwards', async () => {
    await sql`UPDATE schema_migration SET md5 = 'another' WHERE version = 2`;
    await expect(migrate(sql)).rejects.toMatchObject({
      name: 'MigrationDiffers',
      message: expect.stringContaining('migration 2 is not this'),
    });
  });

  test('refuses a database of another version that had more migrations', async () => {
    await sql`INSERT INTO schema_migration (version, name, md5, run_at) VALUES (20, 'link-version', 'another', now())`;
    await expect(migrate(sql)).rejects.toMatchObject({
      name: 'MigrationDiffers',
      message: expect.stringContaining('migration 20 '),
    });
  });
});
