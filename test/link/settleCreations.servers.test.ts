import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { countOpenCases } from '../../src/store/cases.js';
import { openDatabase, type Sql } from '../../src/store/database.js';
import { openIntents, recordIntents } from '../../src/store/intents.js';
import { openCasesOf } from '../../src/store/linkCases.js';
import { pairsByIds } from '../../src/store/links.js';
import { endedItems, endItems, pendingItems } from '../../src/store/planItems.js';
import { settleCreations } from '../../src/link/settleCreations.js';
import { scriptedConnection, type ScriptedConnection } from '../helpers/scriptedSystem.js';
import { planFor, propose, scanAll } from '../helpers/seededStore.js';
import { freshDatabase, uniqueName, type FreshDatabase } from '../helpers/servers.js';

let database: FreshDatabase;
let sql: Sql;
let connection: ScriptedConnection;
let planId: number;
let linkIds: string[];

const zoe = { firstName: 'Zoé', lastName: 'Lemaire', phone: '+33612345678', city: 'Lyon' };
const max = { firstName: 'Max', lastName: 'Vandamme', phone: '+33699999999', city: 'Nantes' };

beforeAll(async () => {
  database = await freshDatabase();
  sql = openDatabase(database.url, { maxConnections: 4, applicationName: 'settleCreations test' });
});
afterAll(async () => {
  await sql.end();
  await database.drop();
});

/** Two people of Yoplanning were created in Yapla, and no answer came. */
beforeEach(async () => {
  connection = scriptedConnection(uniqueName('club'));
  Object.assign(connection, { matchRules: [{ all: ['phone'] }] });
  connection.systems.yoplanning.put('b1', zoe);
  connection.systems.yoplanning.put('b2', max);
  await scanAll(sql, connection);
});
async function send(): Promise<void> {
  linkIds = await propose(sql, connection, [
    [null, 'b1'],
    [null, 'b2'],
  ]);
  planId = await planFor(sql, connection, linkIds);
  const intent = (linkId: string, fields: typeof zoe) => ({
    linkId,
    system: 'yapla' as const,
    externalId: null,
    hashes: connection.hash(fields),
  });
  await recordIntents(sql, connection.id, [intent(linkIds[0]!, zoe), intent(linkIds[1]!, max)]);
  await endItems(
    sql,
    planId,
    'remote',
    [1, 2].map((n) => ({ n, status: 'done', outcome: 'unsettled' })),
  );
}

const settle = (giveUp = false) => settleCreations(sql, connection, { planId, giveUp });
const ids = async () => {
  const pairs = await pairsByIds(sql, connection.id, linkIds);
  return linkIds.map((linkId) => pairs.get(linkId)!.ids.yapla);
};

describe('a creation whose answer never came', () => {
  test('is recognised by the reference it carries, or by its values; the one that is not in the list is sent again', async () => {
    await send();
    connection.systems.yapla.put('a1', { ...zoe, firstName: 'ZOE' }, 'b1');
    await scanAll(sql, connection);
    expect(await settle()).toEqual({ recognised: 1, reopened: 1 });
    expect(await ids()).toEqual(['a1', null]);
    expect(await endedItems(sql, planId, 'remote', 1, 3)).toEqual({ created: 1 });
    expect(await pendingItems(sql, planId, 'remote', 1, 3)).toMatchObject([{ n: 2 }]);
    expect(await openIntents(sql, connection.id, 'all')).toEqual([]);

    await send();
    connection.systems.yapla.put('a2', max);
    await scanAll(sql, connection);
    await settle();
    expect(await ids()).toEqual(['a1', 'a2']);
  });

  test('says the same when the attempt is repeated because its answer was lost', async () => {
    await send();
    expect(await settle()).toEqual({ recognised: 0, reopened: 2 });
    expect(await settle()).toEqual({ recognised: 0, reopened: 2 });
  });

  test('is not taken for somebody with the same values who was there before it was sent', async () => {
    connection.systems.yapla.put('a0', zoe);
    await scanAll(sql, connection);
    await send();
    expect((await settle()).recognised).toBe(0);
    expect(await ids()).toEqual([null, null]);
  });

  test('is not taken for a record of which nothing is known', async () => {
    await send();
    connection.systems.yapla.put('a0', {});
    await scanAll(sql, connection);
    expect((await settle()).recognised).toBe(0);
  });

  test('is recognised by the id that we chose, whatever the server made of its values', async () => {
    await send();
    await recordIntents(sql, connection.id, [
      { linkId: linkIds[0]!, system: 'yapla', externalId: 'chosen', hashes: connection.hash(zoe) },
    ]);
    connection.systems.yapla.put('chosen', { ...zoe, firstName: 'ZOE', city: 'LYON' });
    await scanAll(sql, connection);
    expect((await settle()).recognised).toBe(1);
    expect(await ids()).toEqual(['chosen', null]);
  });

  test('whose record was edited before anybody saw it is linked by the rules, and not sent again', async () => {
    await send();
    connection.systems.yapla.put('a1', { ...zoe, city: 'Brest' });
    await scanAll(sql, connection);
    expect(await settle()).toEqual({ recognised: 1, reopened: 1 });
    expect(await ids()).toEqual(['a1', null]);
    const pair = (await pairsByIds(sql, connection.id, linkIds)).get(linkIds[0]!);
    // Nobody knows who typed what differs: it is no part of the base.
    expect(Object.keys(pair!.base!).sort()).toEqual(['firstName', 'lastName', 'phone']);
  });

  test('whose record the rules doubt becomes a question, and is not sent again', async () => {
    await send();
    connection.systems.yapla.put('a1', { ...zoe, lastName: 'Peeters' });
    await scanAll(sql, connection);
    expect(await settle()).toEqual({ recognised: 0, reopened: 1 });
    expect(await countOpenCases(sql, connection.id)).toEqual({ doubt: 1 });
    expect(await endedItems(sql, planId, 'remote', 1, 3)).toEqual({ asked: 1 });
    expect(await openIntents(sql, connection.id, 'all')).toEqual([]);
  });

  test('is not linked by the rules to somebody who was there before it was sent', async () => {
    connection.systems.yapla.put('a0', { ...zoe, city: 'Brest' });
    await scanAll(sql, connection);
    await send();
    expect((await settle()).recognised).toBe(0);
  });

  test('that never appears becomes a case in the end, which holds it back while nothing changes', async () => {
    await send();
    expect(await settle(true)).toEqual({ recognised: 0, reopened: 0 });
    expect(await countOpenCases(sql, connection.id)).toEqual({ refused: 2 });
    expect([...(await openCasesOf(sql, connection.id, linkIds)).values()].flat()).toMatchObject([
      { kind: 'refused', saw: { yapla: null, yoplanning: connection.hash(zoe) } },
      { kind: 'refused' },
    ]);
  });
});
