import { beforeEach, describe, expect, test } from '@jest/globals';
import { moneyOf } from '../../src/core/events/money.js';
import type { Scope } from '../../src/core/record.js';
import type { Sql } from '../../src/store/database.js';
import { holdFacts, itemsOfClients, learnSessions, storeFacts, storeOrderItems } from '../../src/store/facts.js';
import { findLinkState } from '../../src/store/linkState.js';
import { shownOf, storeListed, upsertShadows } from '../../src/store/shadows.js';
import { storeTest } from '../helpers/storeTest.js';

let sql: Sql;
let club: string;
let scope: Scope;
storeTest('facts test', (store) => ({ sql, club, scope } = store));

const row = (city: string) => ({
  id: 'c1',
  document: { city },
  fields: { city },
  hashes: { city: `#${city}` },
  matchKeys: [],
  modifiedAt: null,
  externalReference: null,
});
const link = async () => (await findLinkState(sql, scope, 'yoplanning:c1', { depth: 'documents' }))!.pair;
const derive = async (next: string) =>
  await sql.begin(async (tx) => {
    const of = { connectionId: club, system: 'yoplanning' } as const;
    await holdFacts(tx, of, ['c1']);
    await storeFacts(tx, of, [{ id: 'c1', fields: { next }, hashes: { next: `#${next}` }, changesAt: null }]);
  });

describe('a fact of a record', () => {
  beforeEach(async () => {
    await upsertShadows(sql, scope, 'yoplanning', [row('Brest')]);
    await sql`
      insert into link (connection_id, kind, link_id, yoplanning_id, state, matched_by)
      values (${club}, 'person', 'yoplanning:c1', 'c1', 'active', 'unmatched')`;
  });

  test('stands among what the link’s record shows, and no reading of the record clears it', async () => {
    await derive('2026-06-12');
    await sql.begin(async (tx) => await storeListed(tx, scope, 'yoplanning', [row('Quimper')], {}));
    const { shadows } = await link();
    expect(shadows.yoplanning).toMatchObject({
      fields: { city: 'Quimper', next: '2026-06-12' },
      hashes: { city: '#Quimper', next: '#2026-06-12' },
    });
    expect(shownOf(shadows.yoplanning!)).toMatchObject({ fields: { city: 'Quimper' }, hashes: { city: '#Quimper' } });
    expect(Object.keys(shownOf(shadows.yoplanning!).hashes)).toEqual(['city']);
  });

  test('that changes changes the link’s version and has its workflow look; one that stays does neither', async () => {
    const { version } = await link();
    await derive('2026-06-12');
    expect((await link()).version).toBe(version + 1);
    expect(
      await sql`delete from link_signal where connection_id = ${club} and kind = 'person' returning link_id`,
    ).toEqual([{ link_id: 'yoplanning:c1' }]);
    await derive('2026-06-12');
    expect((await link()).version).toBe(version + 1);
    expect(await sql`select from link_signal where connection_id = ${club} and kind = 'person'`).toHaveLength(0);
  });
});

describe('orders of one person', () => {
  const registrations = () => ({ connectionId: club, kind: 'registration' as const });
  const items = [{ clientId: 'c1', sessionId: 's1', amount: moneyOf('10', 'EUR') }];

  test('that are stored at once are both seen by the one who stores last', async () => {
    const of = () => ({ connectionId: club, system: 'yoplanning' as const });
    const seen = await Promise.all(
      ['o1', 'o2', 'o3'].map((orderId) =>
        sql.begin(async (tx) => {
          const clients = await storeOrderItems(tx, registrations(), { orderId, orderedAt: null, items });
          await holdFacts(tx, of(), clients);
          return (await itemsOfClients(tx, registrations(), clients)).get('c1')!.length;
        }),
      ),
    );
    expect(Math.max(...seen)).toBe(3);
  });

  test('are replaced by each reading, and know what is learnt of their sessions', async () => {
    const store = async (held: typeof items) =>
      await sql.begin((tx) => storeOrderItems(tx, registrations(), { orderId: 'o1', orderedAt: null, items: held }));
    const learn = async (title: string | null) =>
      await sql.begin((tx) => learnSessions(tx, registrations(), [{ id: 's1', startsAt: null, title }]));
    await store(items);
    expect(await learn('Voile')).toEqual(['c1']);
    expect(await learn(null)).toEqual([]);
    await store(items);
    const [one, ...others] = (await itemsOfClients(sql, registrations(), ['c1'])).get('c1')!;
    expect(one).toEqual({ startsAt: null, title: 'Voile', amount: moneyOf('10', 'EUR'), orderedAt: null });
    expect(others).toEqual([]);
    expect(await store([])).toEqual(['c1']);
    expect((await itemsOfClients(sql, registrations(), ['c1'])).get('c1')).toEqual([]);
  });
});
