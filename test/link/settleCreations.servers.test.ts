import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { systemNames } from '../../src/core/record.js';
import { countOpenCases, openCasesOf } from '../../src/store/cases.js';
import { openDatabase, type Sql } from '../../src/store/database.js';
import { openIntents, recordIntents, renewIntents } from '../../src/store/intents.js';
import { pairsByIds } from '../../src/store/links.js';
import { endedItems, endItems, pendingItems } from '../../src/store/planItems.js';
import { endScan, openScan } from '../../src/store/scans.js';
import { LinkClaims } from '../../src/link/claims.js';
import { decideLive } from '../../src/core/live.js';
import { findLinkState } from '../../src/store/linkState.js';
import { viewOf } from '../../src/link/view.js';
import { settleCreations } from '../../src/link/settleCreations.js';
import { scriptedConnection, type ScriptedConnection } from '../helpers/scriptedSystem.js';
import { planFor, propose, scanAll } from '../helpers/seededStore.js';
import { freshDatabase, type FreshDatabase, uniqueName } from '../helpers/servers.js';

let database: FreshDatabase;
let sql: Sql;
let connection: ScriptedConnection;
let claims: LinkClaims;
let planId: number;
let linkIds: string[];

const zoe = { firstName: 'Zoé', lastName: 'Lemaire', phone: '+33612345678', city: 'Lyon' };
const max = { firstName: 'Max', lastName: 'Vandamme', phone: '+33699999999', city: 'Nantes' };

beforeAll(async () => {
  database = await freshDatabase();
  sql = openDatabase(database.url, { maxConnections: 4, applicationName: 'settleCreations test' });
  claims = new LinkClaims(sql);
});
afterAll(async () => {
  await claims.close();
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

/** Reads both lists, as a bulk sync does. @param meanwhile happens after they were begun, and before anything of them is stored */
async function list(meanwhile: () => Promise<void> = () => Promise.resolve()): Promise<void> {
  const runId = uniqueName('run');
  const scans = await Promise.all(systemNames.map((system) => openScan(sql, connection.scope, system, runId)));
  await meanwhile();
  await scanAll(sql, connection);
  for (const id of scans) await endScan(sql, id, 'complete');
}

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
    fields,
  });
  await recordIntents(sql, connection.scope, [intent(linkIds[0]!, zoe), intent(linkIds[1]!, max)]);
  await endItems(
    sql,
    planId,
    'remote',
    [1, 2].map((n) => ({ n, status: 'done', outcome: 'unsettled' })),
  );
}

const settle = (giveUp = false) => settleCreations({ sql, claims, connection }, { planId, giveUp });
const ids = async () => {
  const pairs = await pairsByIds(sql, connection.scope, linkIds);
  return linkIds.map((linkId) => pairs.get(linkId)!.ids.yapla);
};

describe('a creation whose answer never came', () => {
  test('is recognised by the reference it carries, or by its values; the one that is not in the list is sent again', async () => {
    await send();
    connection.systems.yapla.put('a1', { ...zoe, firstName: 'ZOE' }, 'b1');
    await list();
    expect(await settle()).toEqual({ recognised: 1, reopened: 1 });
    expect(await ids()).toEqual(['a1', null]);
    expect(await endedItems(sql, planId, 'remote', 1, 3)).toEqual({ created: 1 });
    expect(await pendingItems(sql, planId, 'remote', 1, 3)).toMatchObject([{ n: 2 }]);
    expect(await openIntents(sql, connection.scope, 'all')).toEqual([]);

    await send();
    connection.systems.yapla.put('a2', max);
    await list();
    await settle();
    expect(await ids()).toEqual(['a1', 'a2']);
  });

  test('says the same when the attempt is repeated because its answer was lost', async () => {
    await send();
    await list();
    expect(await settle()).toEqual({ recognised: 0, reopened: 2 });
    expect(await settle()).toEqual({ recognised: 0, reopened: 2 });
  });

  test('is not taken for somebody with the same values who was there before it was sent', async () => {
    connection.systems.yapla.put('a0', zoe);
    await list();
    await send();
    await list();
    expect((await settle()).recognised).toBe(0);
    expect(await ids()).toEqual([null, null]);
  });

  test('is not taken for a record of which nothing is known', async () => {
    await send();
    connection.systems.yapla.put('a0', {});
    await list();
    expect((await settle()).recognised).toBe(0);
  });

  test('is recognised by the id that we chose, whatever the server made of its values', async () => {
    await send();
    await recordIntents(sql, connection.scope, [
      { linkId: linkIds[0]!, system: 'yapla', externalId: 'chosen', hashes: connection.hash(zoe), fields: zoe },
    ]);
    connection.systems.yapla.put('chosen', { ...zoe, firstName: 'ZOE', city: 'LYON' });
    await list();
    expect((await settle()).recognised).toBe(1);
    expect(await ids()).toEqual(['chosen', null]);
  });

  test('whose record was edited before anybody saw it is linked by the rules, and not sent again', async () => {
    await send();
    connection.systems.yapla.put('a1', { ...zoe, city: 'Brest' });
    await list();
    expect(await settle()).toEqual({ recognised: 1, reopened: 1 });
    expect(await ids()).toEqual(['a1', null]);
    const pair = (await pairsByIds(sql, connection.scope, linkIds)).get(linkIds[0]!);
    // Nobody knows who typed what differs: it is no part of the base.
    expect(Object.keys(pair!.base!).sort()).toEqual(['firstName', 'lastName', 'phone']);
  });

  test('is recognised by the forms that its server makes of what was sent, and they are what was sent', async () => {
    await send();
    connection.systems.yapla.put('a1', { ...zoe, firstName: 'ZOE', lastName: 'LEMAIRE', phone: '+33 6 12 34 56 78' });
    // Edited since: a change of Yoplanning's own.
    connection.systems.yoplanning.put('b1', { ...zoe, city: 'Brest' });
    await list();
    expect(await settle()).toEqual({ recognised: 1, reopened: 1 });
    expect(await ids()).toEqual(['a1', null]);
    const pair = (await pairsByIds(sql, connection.scope, linkIds)).get(linkIds[0]!)!;
    expect(pair).toMatchObject({ base: connection.hash(zoe), baseFields: zoe });
    const fields = Object.keys(zoe).map((name) => ({ name, type: 'text', rule: 'ask', direction: 'both' }) as const);
    const state = (await findLinkState(sql, connection.scope, linkIds[0]!, { depth: 'hashes' }))!;
    expect(decideLive(viewOf({ ...connection, fields }, state), [])).toMatchObject({
      conflicts: [],
      write: { yapla: ['city'], yoplanning: [] },
    });
  });

  test('keeps no values once it is settled', async () => {
    await send();
    connection.systems.yapla.put('a1', zoe);
    await list();
    await settle();
    const kept = await sql<
      { fields: object }[]
    >`select fields from intent where connection_id = ${connection.scope.connectionId}`;
    expect(kept.map(({ fields }) => fields)).toEqual([{}, {}]);
  });

  test('whose record the rules doubt becomes a question, and is not sent again', async () => {
    await send();
    connection.systems.yapla.put('a1', { ...zoe, lastName: 'Peeters' });
    await list();
    expect(await settle()).toEqual({ recognised: 0, reopened: 1 });
    expect(await countOpenCases(sql, connection.scope)).toEqual({ doubt: 1 });
    expect(await endedItems(sql, planId, 'remote', 1, 3)).toEqual({ asked: 1 });
    expect(await openIntents(sql, connection.scope, 'all')).toEqual([]);
  });

  test('is not linked by the rules to somebody who was there before it was sent', async () => {
    connection.systems.yapla.put('a0', { ...zoe, city: 'Brest' });
    await list();
    await send();
    await list();
    expect((await settle()).recognised).toBe(0);
  });

  test('that never appears becomes a case in the end, which holds it back while nothing changes', async () => {
    await send();
    await list();
    expect(await settle(true)).toEqual({ recognised: 0, reopened: 0 });
    expect(await countOpenCases(sql, connection.scope)).toEqual({ refused: 2 });
    expect([...(await openCasesOf(sql, connection.scope, linkIds)).values()].flat()).toMatchObject([
      { kind: 'refused', saw: { yapla: null, yoplanning: connection.hash(zoe) } },
      { kind: 'refused' },
    ]);
  });
});

describe('a creation that is younger than the list', () => {
  const stays = async () => {
    expect(await countOpenCases(sql, connection.scope)).toEqual({});
    expect(await endedItems(sql, planId, 'remote', 1, 3)).toEqual({ unsettled: 2 });
    expect(await openIntents(sql, connection.scope, 'all')).toHaveLength(2);
  };

  test('is not taken for missing because the list does not show it: it stays open, and is sent by nobody', async () => {
    await list(send);
    expect(await settle()).toEqual({ recognised: 0, reopened: 0 });
    await stays();
  });

  test('is not given up either', async () => {
    await list(send);
    await settle(true);
    await stays();
  });

  test('is recognised where the list shows it all the same', async () => {
    await list(async () => {
      await send();
      connection.systems.yapla.put('a1', zoe);
    });
    expect(await settle()).toEqual({ recognised: 1, reopened: 0 });
    expect(await ids()).toEqual(['a1', null]);
  });

  test('stays open until a list that was begun later', async () => {
    await list(send);
    await settle();
    await list();
    expect(await settle()).toEqual({ recognised: 0, reopened: 2 });
  });

  test('counts from its last sending, and its record may have appeared since the first', async () => {
    await send();
    connection.systems.yapla.put('a1', zoe);
    await scanAll(sql, connection);
    await list(async () => {
      const again = await openIntents(sql, connection.scope, 'all');
      await recordIntents(sql, connection.scope, again);
    });
    expect(await settle()).toEqual({ recognised: 1, reopened: 0 });
    expect(await ids()).toEqual(['a1', null]);
    expect(await openIntents(sql, connection.scope, 'all')).toMatchObject([{ linkId: linkIds[1], sends: 2 }]);
  });

  test('counts from the end of its last attempt, which can have reached the server until then', async () => {
    await send();
    await list(() => renewIntents(sql, connection.scope, linkIds));
    expect(await settle()).toEqual({ recognised: 0, reopened: 0 });
    await stays();
  });

  test('or that somebody has in hand stays open', async () => {
    await send();
    await list();
    const elsewhere = new LinkClaims(sql);
    await elsewhere.claim(connection.scope, linkIds);
    expect(await settle()).toEqual({ recognised: 0, reopened: 0 });
    await stays();
    await elsewhere.close();
    expect(await settle()).toEqual({ recognised: 0, reopened: 2 });
  });
});
