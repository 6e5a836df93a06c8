/** Records that cannot be read, in the sums of a scan and in the versions of their links. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Scope } from '../../src/core/record.js';
import { listOpenCases } from '../../src/store/cases.js';
import type { Sql } from '../../src/store/database.js';
import { pairsByIds, proposeLinks } from '../../src/store/links.js';
import { countUnseen, databaseTime, endScan, openScan, storePage } from '../../src/store/scans.js';
import { markGone, type ShadowRow, upsertShadows } from '../../src/store/shadows.js';
import { attachUnreadable, type FoundUnreadable, recordUnreadable } from '../../src/store/unreadable.js';
import { storeTest } from '../helpers/storeTest.js';

let sql: Sql;
let scope: Scope;
let scanId: number;
storeTest('unreadable test', (store) => ({ sql, scope } = store));
beforeEach(async () => {
  scanId = await openScan(sql, scope, 'yapla', 'run/0');
});

const row = (id: string): ShadowRow => ({
  id,
  document: { id },
  fields: {},
  hashes: {},
  matchKeys: [null],
  modifiedAt: null,
  externalReference: null,
});
const bad = (id: string, position: number): FoundUnreadable => ({
  id,
  position,
  question: { kind: 'unreadable', subject: `yapla:${id}`, details: { system: 'yapla' } },
});
interface Listed {
  readonly start: number;
  readonly rows: readonly string[];
  readonly unreadable: readonly FoundUnreadable[];
}
const store = async ({ start, rows, unreadable }: Listed, pass = 1) =>
  await storePage(
    sql,
    { scope, system: 'yapla', scanId, pass },
    { start, count: 5, rows: rows.map(row), unreadable, askedAt: await databaseTime(sql) },
  );
const asked = async () => (await listOpenCases(sql, scope)).map(({ subject, linkId }) => ({ subject, linkId }));
const version = async () => (await pairsByIds(sql, scope, ['yapla:b'])).get('yapla:b')!.version;

describe('in a scan', () => {
  test('they count once like all others, and a page that begins with one is continuous', async () => {
    const first: Listed = { start: 0, rows: ['a'], unreadable: [bad('b', 1)] };
    expect(await store(first)).toEqual({ start: 0, received: 2, firstKnown: true, seen: 2, count: 5 });
    expect(await store(first)).toMatchObject({ seen: 2 });
    const second: Listed = { start: 1, rows: ['c'], unreadable: [bad('b', 1), bad('#3', 3)] };
    expect(await store(second)).toMatchObject({ received: 3, firstKnown: true, seen: 4 });
    const third: Listed = { start: 3, rows: ['e'], unreadable: [bad('#3', 3)] };
    expect(await store(third)).toMatchObject({ received: 2, firstKnown: true, seen: 5 });
    expect(await store({ start: 0, rows: ['a'], unreadable: [bad('b', 1)] }, 2)).toMatchObject({ seen: 2 });
    expect((await asked()).map(({ subject }) => subject)).toEqual(['yapla:b', 'yapla:#3']);
  });

  test('one that becomes readable between two pages counts once, and its case is over', async () => {
    await store({ start: 0, rows: ['a'], unreadable: [bad('b', 1)] });
    expect(await store({ start: 1, rows: ['b', 'c'], unreadable: [] })).toMatchObject({ firstKnown: true, seen: 3 });
    expect(await asked()).toEqual([]);
  });

  test('a page that proves nothing asks nothing', async () => {
    await store({ start: 0, rows: ['a'], unreadable: [] });
    expect(await store({ start: 3, rows: ['e'], unreadable: [bad('d', 3)] })).toMatchObject({ firstKnown: false });
    expect(await asked()).toEqual([]);
  });

  test('one that was read before is not missing from the list', async () => {
    await upsertShadows(sql, scope, 'yapla', [row('b'), row('z')]);
    const next = await openScan(sql, scope, 'yapla', 'run/1');
    const key = { scope, system: 'yapla', scanId: next } as const;
    const askedAt = await databaseTime(sql);
    await storePage(sql, { ...key, pass: 1 }, { start: 0, count: 1, rows: [], unreadable: [bad('b', 0)], askedAt });
    await endScan(sql, next, 'complete');
    expect(await countUnseen(sql, key)).toBe(1);
  });

  test('those that a complete list does not show any more are no question, and those of an incomplete one are', async () => {
    await store({ start: 0, rows: [], unreadable: [bad('b', 0), bad('#1', 1)] });
    await endScan(sql, scanId, 'complete');
    expect(await asked()).toHaveLength(2);
    await endScan(sql, await openScan(sql, scope, 'yapla', 'run/1'), 'failed');
    expect(await asked()).toHaveLength(2);
    await endScan(sql, await openScan(sql, scope, 'yapla', 'run/2'), 'complete');
    expect(await asked()).toEqual([]);
  });
});

describe('the link of one', () => {
  const record = async () => await sql.begin(async (tx) => await recordUnreadable(tx, scope, 'yapla', [bad('b', 0)]));

  test('is named in the case, when it begins and when it comes later, and gets a new version when it begins and ends', async () => {
    await record();
    expect(await asked()).toEqual([{ subject: 'yapla:b', linkId: null }]);
    await proposeLinks(sql, scope, [{ linkId: 'yapla:b', yaplaId: 'b', yoplanningId: null, matchedBy: 'test' }]);
    await attachUnreadable(sql, scope);
    expect(await asked()).toEqual([{ subject: 'yapla:b', linkId: 'yapla:b' }]);
    const before = await version();
    await upsertShadows(sql, scope, 'yapla', [row('b')]);
    expect(await asked()).toEqual([]);
    const read = await version();
    expect(read).toBeGreaterThan(before);
    await record();
    expect(await asked()).toEqual([{ subject: 'yapla:b', linkId: 'yapla:b' }]);
    const again = await version();
    expect(again).toBeGreaterThan(read);
    await record();
    expect(await version()).toBe(again);
    await markGone(sql, scope, 'yapla', 'b');
    expect(await asked()).toEqual([]);
  });
});
