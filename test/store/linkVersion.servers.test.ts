/** The version of a link: what increases it, what does not, and when nothing is left to do. */
import type { Scope } from '../../src/core/record.js';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { answerCase, closeCase } from '../../src/cases/answers.js';
import { listOpenCases, openCases } from '../../src/store/cases.js';
import type { Sql } from '../../src/store/database.js';
import { agree, completeLink, lockLinks, proposeLinks, settleLinks } from '../../src/store/links.js';
import { unsettledLinks } from '../../src/store/linkState.js';
import { markGone, upsertShadows, type ShadowRow } from '../../src/store/shadows.js';
import { storeTest } from '../helpers/storeTest.js';

let sql: Sql;
let club: string;
let scope: Scope;
storeTest('link version test', (store) => ({ sql, club, scope } = store));

const linkId = 'yapla:1';
const row = (id: string, city: string): ShadowRow => ({
  id,
  document: { id, city },
  fields: { city },
  hashes: { city: `hash of ${city}` },
  matchKeys: [],
  modifiedAt: null,
  externalReference: null,
});
const read = async (system: 'yapla' | 'yoplanning', id: string, city: string) =>
  await upsertShadows(sql, scope, system, [row(id, city)]);
const version = async () => {
  const [link] = await sql<{ version: number }[]>`
    select version from link where connection_id = ${club} and link_id = ${linkId}`;
  return link!.version;
};
const ask = async (kind: string) => {
  await openCases(sql, scope, null, [{ kind, subject: linkId, linkId, field: 'city', details: {} }]);
  return (await listOpenCases(sql, scope)).find((one) => one.kind === kind)!.id;
};

beforeEach(async () => {
  await read('yapla', '1', 'Lyon');
  await read('yoplanning', 'x', 'Lyon');
  await proposeLinks(sql, scope, [{ linkId, yaplaId: '1', yoplanningId: 'x', matchedBy: 'test' }]);
  // Somebody else's, of whom nothing here is told.
  await proposeLinks(sql, scope, [{ linkId: 'yapla:2', yaplaId: '2', yoplanningId: null, matchedBy: 'test' }]);
});

describe('a link’s version', () => {
  test.each([
    ['a record of its shows something else', async () => void (await read('yoplanning', 'x', 'Brest'))],
    ['a record of its is proven gone', async () => await markGone(sql, scope, 'yapla', '1')],
    ['its base moves', async () => await agree(sql, scope, [{ linkId, base: { city: 'h' }, baseFields: {} }])],
    [
      'it gets another record',
      async () => {
        await sql.begin(async (tx) => await completeLink(tx, scope, linkId, { system: 'yoplanning', id: 'y' }, 'test'));
      },
    ],
    [
      'a person answers a question about it',
      async () => {
        await answerCase(sql, await ask('conflict'), { take: 'yapla' }, 'ann');
      },
    ],
    ['a person closes a question about it', async () => await closeCase(sql, await ask('refused'), 'ann', null)],
  ])('is increased when %s', async (_, change) => {
    const before = await version();
    await change();
    expect(await version()).toBeGreaterThan(before);
  });

  test.each([
    ['its records are read and show the same', async () => void (await read('yapla', '1', 'Lyon'))],
    ['a question about it is opened', async () => void (await ask('conflict'))],
    [
      'another link’s record changes',
      async () => {
        await read('yapla', '2', 'Lyon');
        await read('yapla', '2', 'Brest');
      },
    ],
  ])('stays when %s', async (_, happens) => {
    const before = await version();
    await happens();
    expect(await version()).toBe(before);
  });

  test('is held while the link is locked: a page that shows something else waits, and increases it afterwards', async () => {
    const before = await version();
    let page: Promise<unknown>;
    await sql.begin(async (tx) => {
      const locked = (await lockLinks(tx, scope, [linkId])).get(linkId)!;
      page = read('yapla', '1', 'Brest');
      await tx`select 1`;
      expect(locked.version).toBe(before);
      const [now] = await tx<{ version: number }[]>`
        select version from link where connection_id = ${club} and link_id = ${linkId}`;
      expect(now!.version).toBe(before);
    });
    await page!;
    expect(await version()).toBe(before + 1);
  });
});

describe('a link at rest', () => {
  const open = async () =>
    (await unsettledLinks(sql, scope, { depth: 'hashes', after: '', limit: 10 })).map(({ pair }) => pair.linkId);
  const settle = async (at: number) => await settleLinks(sql, scope, [{ linkId, version: at, heldBack: false }]);

  test('is looked at again only once something about it has changed', async () => {
    expect(await open()).toEqual(['yapla:1', 'yapla:2']);
    await settle(await version());
    expect(await open()).toEqual(['yapla:2']);
    await read('yapla', '1', 'Lyon');
    expect(await open()).toEqual(['yapla:2']);
    await read('yapla', '1', 'Brest');
    expect(await open()).toEqual(['yapla:1', 'yapla:2']);
  });

  test('is not settled at a version that it does not have any more', async () => {
    const seen = await version();
    await read('yapla', '1', 'Brest');
    await settle(seen);
    expect(await open()).toEqual(['yapla:1', 'yapla:2']);
  });
});
