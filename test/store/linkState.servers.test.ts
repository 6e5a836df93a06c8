import type { Scope } from '../../src/core/record.js';
import { beforeEach, expect, test } from '@jest/globals';
import type { Sql } from '../../src/store/database.js';
import { recordIntended, recordOutcomes } from '../../src/store/journal.js';
import { massChangeCase } from '../../src/cases/massChange.js';
import { listOpenCases } from '../../src/store/cases.js';
import { holdWrites, releaseHold } from '../../src/store/guard.js';
import { findLinkState } from '../../src/store/linkState.js';
import { storeTest } from '../helpers/storeTest.js';

let sql: Sql;
let club: string;
let scope: Scope;
storeTest('link state test', (store) => ({ sql, club, scope } = store));
beforeEach(async () => {
  for (const linkId of ['yapla:1', 'yapla:2']) {
    await sql`insert into link (connection_id, kind, link_id, state, matched_by) values (${club}, 'person', ${linkId}, 'active', 'test')`;
  }
});

const intend = async (linkId: string, writeId: string) =>
  await recordIntended(sql, scope, [
    {
      linkId,
      system: 'yoplanning',
      externalId: 'x',
      field: 'city',
      oldValue: null,
      newValue: 'Rennes',
      origin: 'yapla',
      reason: 'changedInYapla',
      writeId,
    },
  ]);

const openWrites = async () => {
  const loading = { depth: 'documents', writesWithinMs: 60_000 } as const;
  return (await findLinkState(sql, scope, 'yapla:1', loading))!.writes.open;
};

test('writes of a link are known from the moment at which they may have been sent until it is known what became of them', async () => {
  const writeId = 'live/run/1/2/2/fingerprint';
  expect(await openWrites()).toEqual([]);
  await intend('yapla:1', writeId);
  await intend('yapla:2', 'live/run/1/2/create');
  expect(await openWrites()).toEqual([writeId]);
  await recordOutcomes(sql, scope, [
    { linkId: 'yapla:1', writeId, system: 'yoplanning', outcome: 'written', requestId: null },
  ]);
  expect(await openWrites()).toEqual([]);
});

test('what the guard holds of a link is known until it is released, and either changes the version of that link only', async () => {
  const states = async () =>
    await Promise.all(['yapla:1', 'yapla:2'].map((id) => findLinkState(sql, scope, id, { depth: 'hashes' })));
  const guarded = async () => (await states()).map((state) => state!.guarded);
  const versions = async () => (await states()).map((state) => state!.pair.version);
  const [before, other] = await versions();
  expect(await guarded()).toEqual([[], []]);

  const trip = { kind: 'blanked', system: 'yoplanning', window: 'hour', count: 4, allowed: 3, of: 12 } as const;
  const hold = { name: 'blanked/yoplanning', linkId: 'yapla:1', system: 'yoplanning', field: 'phone' } as const;
  await holdWrites(sql, scope, [massChangeCase(trip)], [hold]);
  expect(await guarded()).toEqual([['phone'], []]);
  const held = await versions();
  expect(held).toEqual([expect.any(Number), other]);
  expect(held[0]).toBeGreaterThan(before!);
  await holdWrites(sql, scope, [], [hold]);
  expect(await versions()).toEqual(held);

  const [asked] = await listOpenCases(sql, scope);
  await releaseHold(sql, asked!.id, { take: 'goOn' }, 'tester');
  expect(await guarded()).toEqual([[], []]);
  const released = await versions();
  expect(released[0]).toBeGreaterThan(held[0]!);
  expect(released[1]).toBe(other);
});
