import { expect, test, describe, beforeEach } from '@jest/globals';
import { asyncLocalStorage, type Context } from '@temporalio/activity';
import { matchRecords } from '../../activities/matchRecords.js';
import { matchKeys, type MatchRule } from '../../src/core/match.js';
import { personsOf, type SystemName } from '../../src/core/record.js';
import { ensureConnection } from '../../src/store/connections.js';
import type { Sql } from '../../src/store/database.js';
import { agree, pairsByIds, proposeLinks } from '../../src/store/links.js';
import { draftPlan } from '../../src/store/plans.js';
import { endScan, openScan } from '../../src/store/scans.js';
import { markGone, upsertShadows } from '../../src/store/shadows.js';
import { LinkClaims } from '../../src/link/claims.js';
import { commitResults } from '../../src/link/results.js';
import { scriptedConnection, type ScriptedConnection } from '../helpers/scriptedSystem.js';
import { uniqueName } from '../helpers/servers.js';
import { storeTest } from '../helpers/storeTest.js';

let sql: Sql;
storeTest('open places test', (store) => ({ sql } = store));

const rules: readonly MatchRule[] = [{ all: ['email', 'name'] }];
const marie = { firstName: 'Marie', lastName: 'Dupont', email: 'marie@example.org' };
const notBeating = { info: {} } as unknown as Context;

let connection: ScriptedConnection;
const store = async (system: SystemName, id: string, fields = marie) =>
  await upsertShadows(sql, connection.scope, system, [
    {
      id,
      fields,
      externalReference: null,
      document: {},
      hashes: {},
      modifiedAt: null,
      matchKeys: matchKeys(rules, fields),
    },
  ]);

/** Marie is linked. */
beforeEach(async () => {
  connection = { ...scriptedConnection(uniqueName('club')), matchRules: rules };
  await ensureConnection(sql, connection.scope.connectionId);
  await store('yapla', '1');
  await store('yoplanning', 'a');
  const linkId = 'yapla:1';
  await proposeLinks(sql, connection.scope, [{ linkId, yaplaId: '1', yoplanningId: 'a', matchedBy: 'test' }]);
  await agree(sql, connection.scope, [{ linkId, base: { city: 'old' }, baseFields: { city: 'old' } }]);
});

async function matchAll(): Promise<{ linked: number; doubts: number }> {
  const claims = new LinkClaims(sql);
  const opened = () => Promise.resolve(connection);
  const activity = matchRecords({ sql, keyedSql: sql, claims, connection: opened, configured: opened });
  const { id: planId } = await draftPlan(sql, connection.scope, uniqueName('run'));
  const found = await asyncLocalStorage.run(notBeating, () =>
    activity({ connectionId: connection.scope.connectionId, planId }),
  );
  await claims.close();
  return found;
}

/** Every link of a connection, in the order of their ids. */
async function allLinks(connectionId: string) {
  const ids = await sql<{ linkId: string }[]>`
    select link_id as "linkId" from link where connection_id = ${connectionId} order by link_id`;
  const pairs = await pairsByIds(
    sql,
    personsOf(connectionId),
    ids.map((one) => one.linkId),
    'values',
  );
  return ids.map(({ linkId }) => pairs.get(linkId)!);
}

async function links() {
  return (await allLinks(connection.scope.connectionId)).map(({ ids, base }) => ({ ...ids, base }));
}

async function lookedAt() {
  return await sql`select system, external_id as id from inbox where connection_id = ${connection.scope.connectionId}`;
}

test('a bulk sync gives the place of a record that is gone to the same person, entered again', async () => {
  await markGone(sql, connection.scope, 'yoplanning', 'a');
  await store('yoplanning', 'b');
  expect(await matchAll()).toEqual({ linked: 0, doubts: 0 });
  expect(await links()).toEqual([{ yapla: '1', yoplanning: 'b', base: null }]);
});

test('two who could take the place are a doubt, and neither is made', async () => {
  await markGone(sql, connection.scope, 'yoplanning', 'a');
  await store('yoplanning', 'b');
  await store('yoplanning', 'c');
  expect(await matchAll()).toEqual({ linked: 0, doubts: 1 });
  expect(await links()).toEqual([{ yapla: '1', yoplanning: 'a', base: { city: 'old' } }]);
});

test('a record that is back, and whose place another one has, is a doubt, whoever it looks like by now', async () => {
  await markGone(sql, connection.scope, 'yapla', '1');
  await store('yapla', '2');
  await matchAll();
  await store('yapla', '1', { ...marie, email: 'marie@example.com' });
  expect(await matchAll()).toEqual({ linked: 0, doubts: 1 });
  expect(await links()).toEqual([{ yapla: '2', yoplanning: 'a', base: null }]);
});

describe('where the removal is only suspected, because the last list did not show the record', () => {
  beforeEach(async () => {
    const scanId = await openScan(sql, connection.scope, 'yoplanning', uniqueName('scan'));
    await store('yoplanning', 'b');
    await endScan(sql, scanId, 'complete');
    await sql`update reading set read_at = read_at - interval '1 minute' where connection_id = ${connection.scope.connectionId} and external_id = 'a'`;
    expect(await matchAll()).toEqual({ linked: 0, doubts: 0 });
  });

  test('the newcomer is not planned as a creation', async () => {
    expect(await links()).toEqual([{ yapla: '1', yoplanning: 'a', base: { city: 'old' } }]);
    expect(await lookedAt()).toEqual([]);
  });

  test('live work looks at the newcomer once the removal is proven', async () => {
    const { version, shadows } = (await allLinks(connection.scope.connectionId))[0]!;
    const nothing = {
      outcome: 'removed',
      version,
      decidedOn: { base: null, readAt: { yapla: null, yoplanning: shadows.yoplanning!.readAt! } },
      facts: { base: {}, baseFields: {}, ids: {}, equal: {} },
      carriedOut: [],
      shadows: [],
      agreement: null,
      journal: [],
      cases: [],
      settledIntents: [],
    } as const;
    const gone = [{ system: 'yoplanning' as const, id: 'a' }];
    await commitResults(sql, { scope: connection.scope, plan: null }, [
      { ...nothing, item: null, linkId: 'yapla:1', gone },
    ]);
    expect([...(await lookedAt())]).toEqual([{ system: 'yoplanning', id: 'b' }]);
  });

  test('the next bulk sync asks about the newcomer where the record is there after all', async () => {
    await store('yoplanning', 'a');
    expect(await matchAll()).toEqual({ linked: 0, doubts: 1 });
  });

  test('the next bulk sync gives it the place where the removal was proven meanwhile', async () => {
    await markGone(sql, connection.scope, 'yoplanning', 'a');
    await matchAll();
    expect(await links()).toEqual([{ yapla: '1', yoplanning: 'b', base: null }]);
  });
});
