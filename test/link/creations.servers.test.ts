/** What holds a creation back before it is sent, and what is known of it once an attempt has ended. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, describe } from '@jest/globals';
import { NoAnswer } from '../../src/http/failures.js';
import { blockingKey } from '../../src/core/match.js';
import { openDatabase, type Sql } from '../../src/store/database.js';
import {
  addEvents,
  addressEvents,
  markHandled,
  signalledLinks,
  takeEvents,
  type RecordEvent,
} from '../../src/store/inbox.js';
import { openIntents, recordIntents, settleIntents } from '../../src/store/intents.js';
import { agree, pairsByIds } from '../../src/store/links.js';
import { endedItems, pendingItems } from '../../src/store/planItems.js';
import { approvePlan } from '../../src/store/plans.js';
import { endScan, openScan } from '../../src/store/scans.js';
import { applyItems } from '../../src/link/applyItems.js';
import { LinkClaims } from '../../src/link/claims.js';
import { NewsUnread } from '../../src/link/creations.js';
import { readRecord } from '../../src/link/readRecord.js';
import { scriptedConnection, type ScriptedConnection } from '../helpers/scriptedSystem.js';
import { planFor, propose, scanAll } from '../helpers/seededStore.js';
import { freshDatabase, uniqueName, type FreshDatabase } from '../helpers/servers.js';

let database: FreshDatabase;
let sql: Sql;
let claims: LinkClaims;
let connection: ScriptedConnection;

beforeAll(async () => {
  database = await freshDatabase();
  sql = openDatabase(database.url, { maxConnections: 6, applicationName: 'creations test' });
});
beforeEach(() => {
  claims = new LinkClaims(sql);
  connection = scriptedConnection(uniqueName('club'));
});
afterEach(async () => await claims.close());
afterAll(async () => {
  await sql.end();
  await database.drop();
});

const zoe = { firstName: 'Zoé', lastName: 'Lemaire', phone: '+33612345678', city: 'Lyon' };

/** A person of Yoplanning, to be created in Yapla, by a plan. */
async function planned(): Promise<number> {
  connection.systems.yoplanning.put('b1', zoe);
  await scanAll(sql, connection);
  return await planFor(sql, connection, await propose(sql, connection, [[null, 'b1']]));
}

const apply = (planId: number) => applyItems({ sql, claims, connection, planId, cancelled: () => false }, 1, 100);

describe('a list that is begun while a creation is on its way', () => {
  const began = async () => {
    const scan = await openScan(sql, connection.scope, 'yapla', uniqueName('run'));
    await endScan(sql, scan, 'complete');
  };
  const isListed = async () => (await openIntents(sql, connection.scope, 'all')).map((one) => one.isListed);

  test('says nothing about one whose answer is lost', async () => {
    const planId = await planned();
    connection.systems.yapla.arrives = async () => {
      await began();
      expect(await isListed()).toEqual([true]);
    };
    connection.systems.yapla.answers = () => {
      throw new NoAnswer(
        { connection: 'club', system: 'yapla', access: 'create', method: 'POST', path: '/members' },
        'unknown',
        'reset',
      );
    };
    await expect(apply(planId)).rejects.toThrow(NoAnswer);
    expect(await isListed()).toEqual([false]);
    await began();
    expect(await isListed()).toEqual([true]);
  });

  test('says nothing about one that is answered without its record', async () => {
    const planId = await planned();
    connection.systems.yapla.tellsIds = false;
    connection.systems.yapla.arrives = began;
    await apply(planId);
    expect(await isListed()).toEqual([false]);
  });
});

describe('news about records that nobody knows yet', () => {
  const told = async (id: string, event: RecordEvent = 'created', system: 'yapla' | 'yoplanning' = 'yapla') => {
    await addEvents(sql, [{ ...connection.scope, system, event, externalId: id, body: '{"id":"x"}' }]);
    await addressEvents(sql, [{ connectionId: connection.scope.connectionId, debounceMs: 0, resignalMs: 60_000 }], 100);
  };
  const sent = () => connection.systems.yapla.calls.filter((call) => call.startsWith('create'));
  const journalled = async () =>
    (await sql`select 1 from journal where connection_id = ${connection.scope.connectionId}`).length;

  test('are read before a creation is sent: it waits, and leaves no trace', async () => {
    const planId = await planned();
    await told('a9');
    await expect(apply(planId)).rejects.toThrow(NewsUnread);
    expect(sent()).toEqual([]);
    expect(await openIntents(sql, connection.scope, 'all')).toEqual([]);
    expect(await journalled()).toBe(0);
    const events = await takeEvents(sql, connection.scope, 'yapla:a9');
    await markHandled(
      sql,
      connection.scope,
      events.map((one) => one.id),
    );
    await apply(planId);
    expect(sent()).toHaveLength(1);
  });

  test('hold it back before they are addressed, too', async () => {
    const planId = await planned();
    await addEvents(sql, [{ ...connection.scope, system: 'yapla', event: 'created', externalId: 'a9', body: '{}' }]);
    await expect(apply(planId)).rejects.toThrow(NewsUnread);
  });

  test('hold back creations in their system only: what else the chunk has is done', async () => {
    connection.systems.yapla.put('a2', { ...zoe, firstName: 'Max' });
    connection.systems.yoplanning.put('b1', zoe);
    await scanAll(sql, connection);
    const links = await propose(sql, connection, [
      [null, 'b1'],
      ['a2', null],
    ]);
    const planId = await planFor(sql, connection, links);
    await told('a9');
    await expect(apply(planId)).rejects.toThrow(NewsUnread);
    expect(connection.log).toEqual([expect.stringMatching(/^yoplanning: create /)]);
    expect(await pendingItems(sql, planId, 'remote', 1, 100)).toMatchObject([{ n: 1 }]);
  });

  test('hold nothing back where they are about somebody linked, a removal, or the other system', async () => {
    const planId = await planned();
    connection.systems.yapla.put('a2', { ...zoe, firstName: 'Max' });
    connection.systems.yoplanning.put('b2', { ...zoe, firstName: 'Max' });
    await scanAll(sql, connection);
    await propose(sql, connection, [['a2', 'b2']]);
    await told('a2', 'updated');
    await told('a9', 'deleted');
    await told('b9', 'created', 'yoplanning');
    await apply(planId);
    expect(sent()).toHaveLength(1);
  });

  test('hold nothing back for longer than is configured: one that cannot be read does not stop creations for good', async () => {
    const planId = await planned();
    await told('a9');
    await sql`update inbox set received_at = now() - interval '61 seconds' where connection_id = ${connection.scope.connectionId}`;
    await apply(planId);
    expect(sent()).toHaveLength(1);
  });

  test('hold nothing back where they are about somebody who was looked into, and is known to one system only', async () => {
    const planId = await planned();
    connection.systems.yapla.put('a2', { ...zoe, firstName: 'Max' });
    await scanAll(sql, connection);
    await propose(sql, connection, [['a2', null]]);
    // Their own creation may be waiting at this moment, and their workflow takes no event before: the two would wait for each other.
    await told('a2', 'updated');
    await apply(planId);
    expect(sent()).toHaveLength(1);
  });

  test('that are the echo of a creation under way hold others back until its answer is recorded', async () => {
    const planId = await planned();
    connection.systems.yoplanning.put('b2', { ...zoe, firstName: 'Max' });
    await scanAll(sql, connection);
    const [other] = await propose(sql, connection, [[null, 'b2']]);
    const underWay = { linkId: other!, system: 'yapla' as const, externalId: null, hashes: {}, fields: {} };
    await recordIntents(sql, connection.scope, [underWay]);
    await told('a2');
    const applying = apply(planId);
    await agree(sql, connection.scope, [{ linkId: other!, base: {}, baseFields: {}, ids: { yapla: 'a2' } }]);
    await settleIntents(sql, connection.scope, [underWay]);
    await applying;
    expect(sent()).toHaveLength(1);
  });

  test('about the person who is to be created link them: nobody is created', async () => {
    const matchRules = [{ all: ['phone' as const] }];
    const { shadowOf } = connection;
    Object.assign(connection, {
      matchRules,
      shadowOf: (record: Parameters<typeof shadowOf>[0]) => ({
        ...shadowOf(record),
        matchKeys: matchRules.map((rule) => blockingKey(rule, record.fields)),
      }),
    });
    const planId = await planned();
    await approvePlan(sql, connection.scope, planId, 'test');
    connection.systems.yapla.put('a9', zoe);
    await told('a9');
    await expect(apply(planId)).rejects.toThrow(NewsUnread);
    const { view } = await readRecord({ sql, claims, connection, linkId: 'yapla:a9', lane: 'live' });
    expect(view).toMatchObject({ state: 'merged', mergedInto: 'yoplanning:b1' });
    await apply(planId);
    expect(sent()).toEqual([]);
    const link = (await pairsByIds(sql, connection.scope, ['yoplanning:b1'])).get('yoplanning:b1');
    expect(link?.ids).toEqual({ yapla: 'a9', yoplanning: 'b1' });
    // The plan's decision was about somebody else's link, so to say: what the two agree on is for live work, which is told.
    expect(await endedItems(sql, planId, 'remote', 1, 100)).toEqual({ changed: 1 });
    expect(await signalledLinks(sql, connection.scope, ['yoplanning:b1'])).toEqual(new Set(['yoplanning:b1']));
  });
});
