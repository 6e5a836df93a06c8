/** What the mirror keeps of a session for those who subscribed to it: when it was known, when it changed, how often. */
import { expect, test } from '@jest/globals';
import type { Scope } from '../../src/core/record.js';
import {
  catalogueSessions,
  noteList,
  noteSessions,
  type ShownProduct,
  type ShownSession,
  storeProducts,
  storeSessions,
} from '../../src/store/catalogue.js';
import { catalogueShown } from '../../src/store/catalogueFeed.js';
import type { Sql } from '../../src/store/database.js';
import { storeTest } from '../helpers/storeTest.js';

let sql: Sql;
let scope: Scope;
storeTest('catalogue feed', (store) => {
  sql = store.sql;
  scope = { ...store.scope, kind: 'registration' };
});

const hourMs = 3_600_000;
const beginMs = Date.UTC(2030, 0, 1);
const iso = (hours: number) => new Date(beginMs + hours * hourMs).toISOString();
const at = (hours: number) => beginMs + hours * hourMs;

const product: ShownProduct = {
  id: 'sailing',
  title: 'Voile',
  categoryName: null,
  meetingPoint: null,
  address: null,
  standardPrice: null,
  modifiedAt: null,
};

function session(more: Partial<ShownSession> = {}): ShownSession {
  return { id: 'one', startsAt: iso(48), endsAt: iso(50), placesLeft: 3, price: null, status: 'offered', ...more };
}

/** The mirror reads a page, so many hours after the beginning. */
async function read(hours: number, sessions: readonly ShownSession[], unreadable: readonly string[] = []) {
  await sql.begin((tx) => storeSessions(tx, scope, 'sailing', { items: sessions, unreadable, nowMs: at(hours) }));
}

async function readProducts(hours: number, more: Partial<ShownProduct> = {}) {
  const shown = { items: [{ ...product, ...more }], unreadable: [], nowMs: at(hours) };
  await sql.begin((tx) => storeProducts(tx, scope, shown, 'fr'));
}

async function shown(hours = 1) {
  const { sessions } = await catalogueShown(sql, scope, at(hours));
  return sessions;
}

test('a session that is read again as it was is known from then on, and has not changed', async () => {
  await readProducts(0);
  await read(0, [session()]);
  await read(1, [session()]);
  expect(await shown()).toMatchObject([{ knownAt: iso(1), changedAt: iso(0), revision: 0 }]);
});

test('a place that is taken changes a session, and is no revision: its times stay', async () => {
  await readProducts(0);
  await read(0, [session()]);
  await read(1, [session({ placesLeft: 2 })]);
  expect(await shown()).toMatchObject([{ placesLeft: 2, changedAt: iso(1), revision: 0 }]);
});

test('a session that is put off, called off and held all the same is a revision each time', async () => {
  await readProducts(0);
  await read(0, [session()]);
  await read(1, [session({ startsAt: iso(49) })]);
  expect(await shown()).toMatchObject([{ startsAt: iso(49), revision: 1, isGone: false }]);
  await read(2, [session({ startsAt: iso(49), status: 'gone' })]);
  await read(3, [session({ startsAt: iso(49), status: 'gone' })]);
  expect(await shown()).toMatchObject([{ revision: 2, isGone: true, changedAt: iso(2), knownAt: iso(3) }]);
  await read(4, [session({ startsAt: iso(49) })]);
  expect(await shown()).toMatchObject([{ revision: 3, isGone: false }]);
});

test('a session that stands in no whole list any more is shown as gone, once more revised', async () => {
  await readProducts(0);
  await read(0, [session(), session({ id: 'two' })]);
  await read(1, [session({ id: 'two' })]);
  const whole = { sinceMs: at(1), untilMs: at(100) };
  await sql.begin((tx) =>
    noteSessions(tx, scope, { productId: 'sailing', underWay: null, whole, failed: false }, at(1)),
  );
  expect(await shown()).toMatchObject([
    { id: 'one', isGone: true, revision: 1, knownAt: iso(1), changedAt: iso(1) },
    { id: 'two', isGone: false, revision: 0 },
  ]);
});

test('sessions of a product that is no longer sold are shown as gone, under its name', async () => {
  await readProducts(0);
  await read(0, [session()]);
  const step = { underWay: null, begunAtMs: at(1), isWhole: true, changedUntil: null, showsChanges: true };
  await sql.begin((tx) => noteList(tx, scope, step, at(1)));
  expect(await shown()).toMatchObject([{ isGone: true, revision: 1, titles: { fr: 'Voile' }, knownAt: iso(1) }]);
});

test('a session that is listed and cannot be read is known as of when it last could be', async () => {
  await readProducts(0);
  await read(0, [session()]);
  await read(1, [], ['one']);
  expect(await shown()).toMatchObject([{ placesLeft: 3, knownAt: iso(0), isGone: false }]);
  expect(await catalogueSessions(sql, scope, { fromMs: at(1) })).toMatchObject([{ readAt: iso(0) }]);
});

test('a product that is called otherwise changes its sessions, also where it shows no time of its change', async () => {
  await readProducts(0);
  await read(0, [session()]);
  await readProducts(1);
  expect(await shown()).toMatchObject([{ changedAt: iso(0) }]);
  await readProducts(2, { title: 'Voile légère' });
  expect(await shown()).toMatchObject([{ changedAt: iso(2), titles: { fr: 'Voile légère' } }]);
});

test('what is over is left out, and when it was over is told', async () => {
  await readProducts(0);
  const open = { id: 'open', startsAt: iso(20), endsAt: null };
  await read(0, [session({ id: 'long', startsAt: iso(2), endsAt: iso(10) }), session(open)]);
  expect(await catalogueShown(sql, scope, at(9))).toMatchObject({
    sessions: [{ id: 'long' }, { id: 'open' }],
    lastOverAt: null,
  });
  expect(await catalogueShown(sql, scope, at(10))).toMatchObject({ sessions: [{ id: 'open' }], lastOverAt: iso(10) });
  expect(await catalogueShown(sql, scope, at(20))).toMatchObject({ sessions: [], lastOverAt: iso(20) });
});
