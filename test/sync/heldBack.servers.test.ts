import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { notTakenCase } from '../../src/cases/notTaken.js';
import { openCases } from '../../src/store/cases.js';
import { ensureConnection } from '../../src/store/connections.js';
import { openDatabase, type Sql } from '../../src/store/database.js';
import type { LinkedPair } from '../../src/store/links.js';
import { decideLink, pairHashes } from '../../src/sync/decideLink.js';
import { heldBack } from '../../src/sync/heldBack.js';
import { scriptedConnection, type ScriptedConnection } from '../helpers/scriptedSystem.js';
import { freshDatabase, uniqueName, type FreshDatabase } from '../helpers/servers.js';

let database: FreshDatabase;
let sql: Sql;
let connection: ScriptedConnection;
beforeAll(async () => {
  database = await freshDatabase();
  sql = openDatabase(database.url, { maxConnections: 2, applicationName: 'heldBack test' });
});
beforeEach(async () => {
  connection = scriptedConnection(uniqueName('club'));
  await ensureConnection(sql, connection.id);
});
afterAll(async () => {
  await sql.end();
  await database.drop();
});

const base = { firstName: 'Zoé', phone: '+33612345678', city: 'Lyon' };

/** Yapla's phone and city have changed, and are to be written to Yoplanning. */
function changedPair(yapla = { ...base, phone: '+33699999999', city: 'Nantes' }): LinkedPair {
  const shadow = (id: string, fields: typeof base) => connection.shadowOf(connection.systems.yapla.put(id, fields));
  return {
    linkId: 'yapla:1',
    ids: { yapla: '1', yoplanning: 'x' },
    state: 'active',
    base: connection.hash(base),
    baseFields: base,
    equal: {},
    shadows: { yapla: shadow('1', yapla), yoplanning: shadow('x', base) },
    unseen: { yapla: false, yoplanning: false },
  };
}
const left = async (pair: LinkedPair) => {
  const held = await heldBack(sql, connection.id, [pair]);
  return held(pair, decideLink(pair, connection.fields)).write.yoplanning;
};

test('a link whose record was refused is held back until a value changes on either side', async () => {
  const pair = changedPair();
  expect(await left(pair)).toEqual(['phone', 'city']);
  await openCases(sql, connection.id, null, [
    { kind: 'refused', subject: 'yapla:1', linkId: 'yapla:1', details: {}, saw: pairHashes(pair) },
  ]);
  expect(await left(pair)).toEqual([]);
  expect(await left(changedPair({ ...base, phone: '+33699999999', city: 'Brest' }))).toEqual(['phone', 'city']);
});

test('a field that was accepted and not taken holds nothing but itself back, until that field changes', async () => {
  const pair = changedPair();
  await openCases(sql, connection.id, null, [
    { kind: 'notTaken', subject: 'yapla:1', field: 'city', linkId: 'yapla:1', details: {}, saw: pairHashes(pair) },
  ]);
  expect(await left(pair)).toEqual(['phone']);
  expect(await left(changedPair({ ...base, phone: '+33688888888', city: 'Nantes' }))).toEqual(['phone']);
  expect(await left(changedPair({ ...base, phone: '+33699999999', city: 'Brest' }))).toEqual(['phone', 'city']);
});

test('a field that was not taken is a question already: it is not asked about once more while it stands as it was', async () => {
  const pair = changedPair();
  await openCases(sql, connection.id, null, [notTakenCase('yapla:1', 'city', 'yoplanning', pairHashes(pair))]);
  const held = await heldBack(sql, connection.id, [pair]);
  const asks = { ...decideLink(pair, connection.fields), conflicts: ['city', 'email'] };
  expect(held(pair, asks).conflicts).toEqual(['email']);
});

test('a frozen field is neither written nor asked about, whatever changes, until its case is closed; the others go on', async () => {
  const pair = changedPair();
  await openCases(sql, connection.id, null, [
    { kind: 'frozen', subject: 'yapla:1', field: 'city', linkId: 'yapla:1', details: {}, saw: pairHashes(pair) },
  ]);
  const elsewhere = changedPair({ ...base, phone: '+33699999999', city: 'Brest' });
  expect([await left(pair), await left(elsewhere)]).toEqual([['phone'], ['phone']]);
  const held = await heldBack(sql, connection.id, [pair]);
  expect(held(pair, { ...decideLink(pair, connection.fields), conflicts: ['city', 'email'] }).conflicts).toEqual([
    'email',
  ]);
  await sql`update cases set status = 'closed' where connection_id = ${connection.id}`;
  expect(await left(pair)).toEqual(['phone', 'city']);
});
