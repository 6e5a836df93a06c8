/** A pooler in transaction mode is found out; PostgreSQL itself, and who shares nothing, are not taken for one. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { openDatabase, type Sql } from '../../src/store/database.js';
import { refuseTransactionPooler, TransactionPooler } from '../../src/store/pooler.js';
import { freshDatabase, type FreshDatabase } from '../helpers/servers.js';
import { startTransactionPooler } from '../helpers/transactionPooler.js';

let database: FreshDatabase;
let sql: Sql | null = null;
let stop: () => Promise<void> = () => Promise.resolve();
beforeEach(async () => {
  database = await freshDatabase();
});
afterEach(async () => {
  await sql?.end({ timeout: 0 });
  await stop();
  await database.drop();
});

const open = (url: string) => (sql = openDatabase(url, { maxConnections: 2, applicationName: 'pooler test' }));

test.each([
  ['one session for all', { sessions: 1, gives: 'last' }],
  ['the session that was used last', { sessions: 3, gives: 'last' }],
  ['the session that waited longest', { sessions: 2, gives: 'next' }],
  ['the session that waited longest of several', { sessions: 3, gives: 'next' }],
] as const)('a pooler in transaction mode is refused that gives %s', async (_, options) => {
  const pooler = await startTransactionPooler({ databaseUrl: database.url, ...options });
  stop = pooler.stop;
  const pooled = open(pooler.url);
  // It works, but for what a session must keep.
  expect(await pooled`select 1 as one`).toEqual([{ one: 1 }]);
  await expect(refuseTransactionPooler(pooled)).rejects.toBeInstanceOf(TransactionPooler);
});

test('PostgreSQL itself is taken', async () => {
  await refuseTransactionPooler(open(database.url));
});
