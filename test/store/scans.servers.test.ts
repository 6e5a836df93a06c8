import type { Scope } from '../../src/core/record.js';
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Sql } from '../../src/store/database.js';
import { databaseTime, endScan, openScan, storePage, type ScannedPage } from '../../src/store/scans.js';
import { markGone, unlinkedShadows, upsertShadows, type ShadowRow } from '../../src/store/shadows.js';
import type { JsonObject } from '../../src/systems/system.js';
import { storeTest } from '../helpers/storeTest.js';

let sql: Sql;
let club: string;
let scope: Scope;
let scanId: number;
storeTest('scans test', (store) => ({ sql, club, scope } = store));
beforeEach(async () => {
  scanId = await openScan(sql, scope, 'yapla', 'run/0');
});

const row = (id: string, document: JsonObject = { id }): ShadowRow => ({
  id,
  document,
  fields: {},
  hashes: {},
  matchKeys: [null],
  modifiedAt: null,
  externalReference: null,
});
const page = (start: number, ids: readonly string[], count = 4): Omit<ScannedPage, 'askedAt'> => ({
  start,
  count,
  rows: ids.map((id) => row(id)),
});
const store = async (one: Omit<ScannedPage, 'askedAt'>, pass = 1, askedAt?: string) =>
  await storePage(
    sql,
    { scope, system: 'yapla', scanId, pass },
    { ...one, askedAt: askedAt ?? (await databaseTime(sql)) },
  );

describe('a page', () => {
  test('stored twice counts once, also when both attempts are under way at the same time', async () => {
    await store(page(0, ['a', 'b']));
    expect(await store(page(0, ['a', 'b']))).toMatchObject({ seen: 2, firstKnown: true });
    const twice = await Promise.all(Array.from({ length: 5 }, () => store(page(1, ['b', 'c', 'd']))));
    expect(twice.map(({ seen }) => seen)).toEqual([4, 4, 4, 4, 4]);
  });

  test('that does not begin with a record seen before marks nothing and stores nothing', async () => {
    await store(page(0, ['a', 'b']));
    expect(await store(page(1, ['c', 'd']))).toMatchObject({ firstKnown: false, seen: 2, received: 2 });
    expect((await unlinkedShadows(sql, scope, 'yapla')).map(({ id }) => id)).toEqual(['a', 'b']);
  });

  test('of a new pass begins with nothing seen, and a late attempt of the pass before changes nothing of it', async () => {
    await store(page(0, ['a', 'b']));
    expect(await store(page(0, ['a', 'x']), 2)).toMatchObject({ seen: 2 });
    await store(page(1, ['b', 'c', 'd']), 1);
    expect(await store(page(1, ['x', 'c']), 2)).toMatchObject({ seen: 3, firstKnown: true });
  });

  test('that shows what is stored neither writes nor locks a shadow, and one that shows something else writes that one', async () => {
    const rows = async () =>
      await sql<{ id: string; at: string }[]>`
        select external_id as id, ctid || ' ' || xmin || ' ' || xmax as at from shadow where connection_id = ${club} order by 1`;
    await store(page(0, ['a', 'b']));
    const before = await rows();
    scanId = await openScan(sql, scope, 'yapla', 'run/1');
    await store(page(0, ['a', 'b']));
    expect(await rows()).toEqual(before);
    await store({ ...page(0, []), rows: [row('a'), row('b', { id: 'b', city: 'Brest' })] }, 2);
    expect((await rows())[0]).toEqual(before[0]);
    expect((await rows())[1]).not.toEqual(before[1]);
  });

  test('that was asked for before a live change was read or written only marks the record, and replaces nothing', async () => {
    const askedAt = await databaseTime(sql);
    await upsertShadows(sql, scope, 'yapla', [row('a', { name: 'live' }), row('b')]);
    await markGone(sql, scope, 'yapla', 'b');
    expect(await store(page(0, ['a', 'b', 'c']), 1, askedAt)).toMatchObject({ seen: 3, firstKnown: true });
    const [live] = await sql<{ document: JsonObject }[]>`
      select document from shadow where connection_id = ${club} and external_id = 'a'`;
    expect(live!.document).toEqual({ name: 'live' });
    expect((await unlinkedShadows(sql, scope, 'yapla')).map(({ id }) => id)).toEqual(['a', 'c']);
  });
});

describe('a page that ends a list without a total', () => {
  const last = (ids: readonly string[]) => ({ start: 0, count: null, ends: true, rows: ids.map((id) => row(id)) });
  const complete = async () => await endScan(sql, scanId, 'complete');
  const nextScan = async () => {
    await complete();
    scanId = await openScan(sql, scope, 'yapla', 'run/1');
  };

  test('of the first list of all leaves everything to be looked for, until a second pass shows the same', async () => {
    expect(await store(last(['a', 'b']))).toMatchObject({
      count: null,
      ends: true,
      lacksNothing: false,
      repeats: false,
    });
    // An attempt that is repeated after its commit is no second reading.
    expect(await store(last(['a', 'b']))).toMatchObject({ seen: 2, lacksNothing: false, repeats: false });
    expect(await store(last(['b', 'a']), 2)).toMatchObject({ seen: 2, lacksNothing: false, repeats: true });
  });

  test('lacks nothing where everybody who is known was seen, whoever is new', async () => {
    await store(last(['a', 'b']));
    await nextScan();
    expect(await store(last(['a', 'b', 'c']))).toMatchObject({ lacksNothing: true });
  });

  test('lacks somebody who is known and was not seen, and repeats the pass that has seen the same, whichever that was', async () => {
    await store(last(['a', 'b', 'c']));
    await nextScan();
    expect(await store(last(['a', 'b']))).toMatchObject({ lacksNothing: false, repeats: false });
    // As many, and others.
    expect(await store(last(['b', 'd']), 2)).toMatchObject({ lacksNothing: false, repeats: false });
    expect(await store(last(['b', 'a']), 3)).toMatchObject({ lacksNothing: false, repeats: true });
  });

  test('lacks a creation that was sent and whose effect nobody knows', async () => {
    await store(last(['a']));
    await nextScan();
    await sql`
      insert into intent (connection_id, kind, link_id, system, hashes, status)
      values (${club}, ${scope.kind}, 'yoplanning:x', 'yapla', '{}', 'sent')`;
    expect(await store(last(['a']))).toMatchObject({ lacksNothing: false });
  });

  test('proves nothing where it is not continuous', async () => {
    const facts = await store({ ...last(['x']), start: 1 });
    expect(facts).toEqual({ start: 1, received: 1, firstKnown: false, seen: 0, count: null, ends: true });
  });
});

describe('a shadow', () => {
  test('keeps its document to the letter: key order, NUL, lone surrogates, numbers as they stand', async () => {
    const document = {
      z: 1,
      a: 'nul\u0000 and \ud800 alone',
      nested: [{ b: '\u0000' }, null, 1e21, 0.1],
      '\u0000key': true,
    };
    await upsertShadows(sql, scope, 'yapla', [row('a', document)]);
    const [stored] = await sql<{ document: JsonObject }[]>`select document from shadow where connection_id = ${club}`;
    expect(stored!.document).toEqual(document);
    expect(Object.keys(stored!.document)).toEqual(Object.keys(document));
  });

  test('that was taken for gone is back when it is read again', async () => {
    await upsertShadows(sql, scope, 'yapla', [row('a'), row('a')]);
    await markGone(sql, scope, 'yapla', 'a');
    expect(await unlinkedShadows(sql, scope, 'yapla')).toEqual([]);
    await store(page(0, ['a'], 1));
    expect(await unlinkedShadows(sql, scope, 'yapla')).toHaveLength(1);
  });
});
