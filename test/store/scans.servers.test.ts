import type { Scope } from '../../src/core/record.js';
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Sql } from '../../src/store/database.js';
import {
  countUnseen,
  databaseTime,
  endScan,
  lastListedAt,
  openScan,
  scanInstead,
  storePage,
  wasListed,
  type ScannedPage,
} from '../../src/store/scans.js';
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

describe('a scan of a file', () => {
  const hourMs = 3_600_000;
  const hoursAgo = (hours: number) => new Date(Date.now() - hours * hourMs);
  /** Stores one page of a file that was exported then, and ends its scan. */
  async function give(exportedAt: Date, rows: readonly ShadowRow[], { partial = false } = {}): Promise<void> {
    const run = `file/${exportedAt.toISOString()}/${partial}`;
    scanId = await openScan(sql, scope, 'yapla', run, { fileId: 1, partial, asOf: exportedAt });
    const { asOf } = (await scanInstead(sql, scanId))!;
    const facts = await storePage(
      sql,
      { scope, system: 'yapla', scanId, pass: 1 },
      { start: 0, count: rows.length, rows, askedAt: asOf, isOld: true },
    );
    expect(facts.seen).toBe(rows.length);
    await endScan(sql, scanId, 'complete');
  }
  const known = async () => {
    const rows = await sql<{ id: string; city: string | null }[]>`
      select external_id as id, document ->> 'city' as city from shadow where connection_id = ${club} order by 1`;
    return Object.fromEntries(rows.map(({ id, city }) => [id, city]));
  };
  const missing = async () => await countUnseen(sql, { scope, system: 'yapla', scanId });
  const at = (id: string, city: string) => row(id, { id, city });

  test('replaces what was known before it was exported, and nothing that was stored since', async () => {
    await give(hoursAgo(5), [at('a', 'Brest'), at('b', 'Brest')]);
    await upsertShadows(sql, scope, 'yapla', [at('b', 'Lorient')]);
    await give(hoursAgo(3), [at('a', 'Quimper'), at('b', 'Quimper')]);
    expect(await known()).toEqual({ a: 'Quimper', b: 'Lorient' });
    // The order in which files are given does not count, but when they were exported.
    await give(hoursAgo(4), [at('a', 'Nantes'), at('b', 'Nantes')]);
    expect(await known()).toEqual({ a: 'Quimper', b: 'Lorient' });
    // Nobody is asked to look again: which is the younger is known.
    expect(await sql`select 1 from inbox where connection_id = ${club}`).toEqual([]);
  });

  test('shows who is missing as of its date: not those who came since, nor those whom it was never meant to show', async () => {
    await give(hoursAgo(5), [at('a', 'Brest'), at('b', 'Brest')]);
    await upsertShadows(sql, scope, 'yapla', [at('c', 'Lorient')]);
    await give(hoursAgo(3), [at('a', 'Brest')], { partial: true });
    expect(await missing()).toBe(0);
    expect(await wasListed(sql, scope, 'yapla')).toBe(true);
    await give(hoursAgo(2), [at('a', 'Brest')]);
    expect(await missing()).toBe(1);
    expect(await lastListedAt(sql, scope, 'yapla')).toEqual(
      (
        await sql<{ at: Date }[]>`
      select started_at as at from scan where id = ${scanId}`
      )[0]!.at,
    );
  });

  test('that is a part makes no whole list, whatever it shows', async () => {
    await give(hoursAgo(5), [at('a', 'Brest')], { partial: true });
    expect(await wasListed(sql, scope, 'yapla')).toBe(false);
    expect(await sql`select status from scan where id = ${scanId}`).toEqual([{ status: 'partial' }]);
  });

  test('brings nobody back who was proven gone since', async () => {
    await give(hoursAgo(5), [at('a', 'Brest')]);
    await markGone(sql, scope, 'yapla', 'a');
    await give(hoursAgo(3), [at('a', 'Brest')]);
    expect(await unlinkedShadows(sql, scope, 'yapla')).toEqual([]);
  });

  test('does not ask about a record that could be read since', async () => {
    await give(hoursAgo(5), [at('a', 'Brest'), at('b', 'Brest')]);
    await upsertShadows(sql, scope, 'yapla', [at('a', 'Lorient')]);
    scanId = await openScan(sql, scope, 'yapla', 'file', { fileId: 1, partial: false, asOf: hoursAgo(3) });
    const { asOf } = (await scanInstead(sql, scanId))!;
    const unreadable = ['a', 'b'].map((id, position) => ({
      id,
      position,
      question: { kind: 'unreadable', subject: `yapla:${id}`, details: {} },
    }));
    await storePage(
      sql,
      { scope, system: 'yapla', scanId, pass: 1 },
      { start: 0, count: 2, rows: [], unreadable, askedAt: asOf, isOld: true },
    );
    await endScan(sql, scanId, 'complete');
    expect(await sql`select subject from cases where connection_id = ${club}`).toEqual([{ subject: 'yapla:b' }]);
    expect(await missing()).toBe(0);
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
