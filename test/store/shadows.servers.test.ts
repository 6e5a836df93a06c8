import type { Scope } from '../../src/core/record.js';
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Sql } from '../../src/store/database.js';
import { shadowsByIds, storeListed, upsertShadows, type ShadowRow } from '../../src/store/shadows.js';
import { storeTest } from '../helpers/storeTest.js';

let sql: Sql;
let club: string;
let scope: Scope;
storeTest('shadows test', (store) => ({ sql, club, scope } = store));

const minute = 60_000;
const read = (hashes: ShadowRow['hashes'], modifiedAt: number | null = null): ShadowRow => ({
  id: 'a',
  document: {},
  fields: {},
  hashes,
  matchKeys: [],
  modifiedAt,
  externalReference: null,
});
const ways = {
  'read alone': async (row: ShadowRow) => await upsertShadows(sql, scope, 'yapla', [row]),
  'shown by a list': async (row: ShadowRow) =>
    await sql.begin(async (tx) => await storeListed(tx, scope, 'yapla', [row], {})),
};
const times = async () => (await shadowsByIds(sql, scope, 'yapla', ['a'])).get('a')!.times!;
/** Lets the last reading have been so long ago. */
const lastRead = async (atMs: number) =>
  await sql`update reading set read_at = to_timestamp(${atMs / 1000}) where connection_id = ${club}`;

describe.each(Object.entries(ways))('the time of a field, of a record %s,', (_, store) => {
  let now: number;
  beforeEach(() => {
    now = Date.now();
  });

  test('of a record read for the first time is when it was last modified, and unknown where nobody says', async () => {
    await store(read({ city: 'x', street: '' }, now - minute));
    expect(await times()).toEqual({ city: now - minute, street: now - minute });
    await sql`delete from shadow where connection_id = ${club}`;
    await store(read({ city: 'x' }));
    expect(await times()).toEqual({});
  });

  test('moves with its value only', async () => {
    await store(read({ city: 'x', street: 's' }, now - 9 * minute));
    await lastRead(now - 5 * minute);
    await store(read({ city: 'x', street: 't' }, now - 3 * minute));
    expect(await times()).toEqual({ city: now - 9 * minute, street: now - 3 * minute });
  });

  test('is when it was first seen, where the system tells no time or one that did not move', async () => {
    for (const modifiedAt of [null, now - 9 * minute]) {
      await sql`delete from shadow where connection_id = ${club}`;
      await store(read({ city: 'x' }, modifiedAt));
      await store(read({ city: 'y' }, modifiedAt));
      expect((await times())['city']).toBeGreaterThanOrEqual(now);
    }
  });

  test('lies between the last reading and this one, whatever the clock of the system says', async () => {
    await store(read({ city: 'x' }, now - 60 * minute));
    await lastRead(now - 5 * minute);
    await store(read({ city: 'y' }, now - 30 * minute));
    expect((await times())['city']).toBe(now - 5 * minute);
    await store(read({ city: 'z' }, now + 60 * minute));
    expect((await times())['city']).toBeLessThan(now + 30 * minute);
  });

  test('that we wrote is that of where it came from, and nothing else moves with a write of ours', async () => {
    await store(read({ city: 'x', street: 's', note: 'n' }, now - 9 * minute));
    await store({ ...read({ city: 'y', street: 'S', note: 'n' }, now), times: { city: now - 20 * minute } });
    expect(await times()).toEqual({ city: now - 20 * minute, street: now - 9 * minute, note: now - 9 * minute });
    await store({ ...read({ city: 'z', street: 'S', note: 'n' }, now), times: { city: null } });
    expect(await times()).toMatchObject({ city: null, street: now - 9 * minute });
  });
});
