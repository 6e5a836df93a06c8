import { afterAll, describe, expect, test } from '@jest/globals';
import { openDatabase } from '../../src/store/database.js';
import { connectTemporal, ensureSearchAttributes } from '../../src/temporal.js';
import { freshDatabase, temporalAddress } from './servers.js';

describe('the servers behind the tests', () => {
  const undo: (() => Promise<unknown>)[] = [];
  afterAll(async () => {
    for (const step of undo.reverse()) await step();
  });

  test('a fresh database holds the migrated schema and nothing of another test', async () => {
    const [one, two] = await Promise.all([freshDatabase(), freshDatabase()]);
    undo.push(one.drop, two.drop);
    const sqlOne = openDatabase(one.url, { maxConnections: 1, applicationName: 'test' });
    const sqlTwo = openDatabase(two.url, { maxConnections: 1, applicationName: 'test' });
    undo.push(
      () => sqlOne.end(),
      () => sqlTwo.end(),
    );
    const [migrated] =
      await sqlOne`select count(*)::int as tables from information_schema.tables where table_schema = 'public'`;
    expect(migrated?.['tables']).toBeGreaterThan(1);
    await sqlOne`create table only_here ()`;
    const [other] = await sqlTwo`select to_regclass('only_here') as found`;
    expect(other?.['found']).toBeNull();
  });

  test('a dropped database is gone, also while a session is still in it', async () => {
    const database = await freshDatabase();
    const sql = openDatabase(database.url, { maxConnections: 1, applicationName: 'test' });
    undo.push(() => sql.end({ timeout: 1 }));
    await sql`select 1`;
    await database.drop();
    await database.drop();
    const late = openDatabase(database.url, { maxConnections: 1, applicationName: 'test' });
    undo.push(() => late.end({ timeout: 1 }));
    await expect(late`select 1`).rejects.toMatchObject({ code: '3D000' });
  });

  test('Temporal answers and knows our search attributes, however often they are ensured', async () => {
    const { connection } = await connectTemporal({ address: temporalAddress(), namespace: 'default' });
    undo.push(() => connection.close());
    await ensureSearchAttributes(connection, 'default');
    await ensureSearchAttributes(connection, 'default');
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace: 'default' });
    expect(Object.keys(customAttributes)).toEqual(
      expect.arrayContaining(['PasserelleConnection', 'PasserellePhase', 'PasserelleState']),
    );
  });
});
