import { personsOf } from '../../src/core/record.js';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ensureConnection } from '../../src/store/connections.js';
import { openDatabase, type Sql } from '../../src/store/database.js';
import { fieldRules, forgetRule, listRules, rememberRule } from '../../src/store/fieldRules.js';
import { freshDatabase, uniqueName, type FreshDatabase } from '../helpers/servers.js';

let database: FreshDatabase;
let sql: Sql;
beforeAll(async () => {
  database = await freshDatabase();
  sql = openDatabase(database.url, { maxConnections: 2, applicationName: 'field rules test' });
});
afterAll(async () => {
  await sql.end();
  await database.drop();
});

test('a rule is remembered for its connection and field, the later one counts, and it can be forgotten', async () => {
  const [club, other] = [uniqueName('club'), uniqueName('club')];
  for (const id of [club, other]) await ensureConnection(sql, id);
  await rememberRule(sql, personsOf(club), 'phone', 'yapla', 3, 'ann');
  await rememberRule(sql, personsOf(club), 'city', 'yapla', 4, 'ann');
  await rememberRule(sql, personsOf(club), 'city', 'yoplanning', 9, 'bob');
  expect(await fieldRules(sql, personsOf(club))).toEqual({ city: 'yoplanning', phone: 'yapla' });
  expect(await fieldRules(sql, personsOf(other))).toEqual({});
  expect(await listRules(sql, personsOf(club))).toMatchObject([
    { field: 'city', rule: 'yoplanning', caseId: 9, madeBy: 'bob' },
    { field: 'phone', rule: 'yapla', caseId: 3, madeBy: 'ann' },
  ]);
  expect(await forgetRule(sql, personsOf(other), 'city')).toBe(false);
  expect([await forgetRule(sql, personsOf(club), 'city'), await forgetRule(sql, personsOf(club), 'city')]).toEqual([
    true,
    false,
  ]);
  expect(await fieldRules(sql, personsOf(club))).toEqual({ phone: 'yapla' });
});
