/** Links that a person takes apart or makes: what it changes in the database, and when it is refused. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import { uuidOf } from '../../src/core/linkId.js';
import type { Scope } from '../../src/core/record.js';
import { doubtCase } from '../../src/cases/doubt.js';
import { apartPairs } from '../../src/store/apart.js';
import { listDeeds } from '../../src/store/audit.js';
import { listOpenCases, openCases } from '../../src/store/cases.js';
import type { Sql } from '../../src/store/database.js';
import { recordIntents } from '../../src/store/intents.js';
import { addLink, agree, linkedIds, proposeLinks } from '../../src/store/links.js';
import { draftPlan } from '../../src/store/plans.js';
import { markGone, upsertShadows } from '../../src/store/shadows.js';
import { findLinked, findUnlinked, linkByHand, LinkingRefused, unlinkByHand } from '../../src/link/byHand.js';
import { LinkClaims } from '../../src/link/claims.js';
import { storeTest } from '../helpers/storeTest.js';

let sql: Sql;
let scope: Scope;
storeTest('by hand test', (store) => ({ sql, scope } = store));

const shadow = (id: string, city: string) => ({
  id,
  document: { id },
  fields: { city },
  hashes: { city: `#${city}` },
  matchKeys: [],
  modifiedAt: null,
  externalReference: null,
});

/** Everybody is called by what a second process would say. */
async function asHand<T>(action: (hand: Parameters<typeof unlinkByHand>[0]) => Promise<T>): Promise<T> {
  const claims = new LinkClaims(sql);
  try {
    return await action({ sql, claims, scope, by: 'Ann' });
  } finally {
    await claims.close();
  }
}

const unlink = (person: string) =>
  asHand(async (hand) => await unlinkByHand(hand, await findLinked(sql, scope, person)));
const link = (yapla: string, yoplanning: string) =>
  asHand(async (hand) => await linkByHand(hand, await findUnlinked(sql, scope, { yapla, yoplanning })));

const links = async () =>
  await sql<{ id: string; yapla: string | null; yoplanning: string | null; by: string }[]>`
    select link_id as id, yapla_id as yapla, yoplanning_id as yoplanning, matched_by as by from link
     where connection_id = ${scope.connectionId} and kind = ${scope.kind} order by 1`;

beforeEach(async () => {
  await upsertShadows(sql, scope, 'yapla', [shadow('1', 'Brest'), shadow('2', 'Lille'), shadow('3', 'Lyon')]);
  await upsertShadows(sql, scope, 'yoplanning', [shadow('a', 'Brest'), shadow('b', 'Lille'), shadow('c', 'Lyon')]);
  await proposeLinks(sql, scope, [{ linkId: 'yapla:1', yaplaId: '1', yoplanningId: 'a', matchedBy: 'email' }]);
  await agree(sql, scope, [{ linkId: 'yapla:1', base: { city: '#Brest' }, baseFields: { city: 'Brest' } }]);
});

describe('a link that is taken apart', () => {
  test('is gone with its questions; that they are two is remembered, and who said so is noted, in the journal too', async () => {
    const about = { subject: 'yapla:1', linkId: 'yapla:1', details: {} };
    await openCases(sql, scope, null, [{ kind: 'conflict', field: 'city', ...about }]);
    await unlink('yoplanning:a');
    expect(await links()).toEqual([]);
    expect(await listOpenCases(sql, scope)).toEqual([]);
    expect(await apartPairs(sql, scope)).toEqual([{ yapla: '1', yoplanning: 'a' }]);
    const deeds = await listDeeds(sql, 10, scope.connectionId);
    expect(deeds).toMatchObject([
      { verb: 'unlink', by: 'Ann', about: { link: 'yapla:1', yapla: '1', yoplanning: 'a' }, outcome: 'done' },
    ]);
    const journal = await sql`
      select j.old_value as old, j.new_value as new, j.origin, o.outcome from journal j join journal_outcome o on o.journal_id = j.id
       where j.connection_id = ${scope.connectionId} and j.kind = ${scope.kind}`;
    expect([...journal]).toEqual([{ old: 'yapla:1 yoplanning:a', new: null, origin: 'person', outcome: 'written' }]);
  });

  test('is not proposed again by a bulk sync that had matched them just before', async () => {
    await unlink('yapla:1');
    const same = { linkId: 'yapla:1', yaplaId: '1', yoplanningId: 'a', matchedBy: 'email' };
    expect(await proposeLinks(sql, scope, [same])).toBe(0);
    expect(await proposeLinks(sql, scope, [{ ...same, yoplanningId: 'b' }])).toBe(1);
  });

  test('is made again by a person, who has the last word', async () => {
    await unlink('yapla:1');
    await link('1', 'a');
    expect(await links()).toEqual([{ id: 'yapla:1', yapla: '1', yoplanning: 'a', by: 'person' }]);
    expect(await apartPairs(sql, scope)).toEqual([]);
  });

  test.each<[string, RegExp, () => Promise<unknown>]>([
    ['nobody is called so', /knows nobody called yapla:9/, () => unlink('yapla:9')],
    ['it is no name of a record', /expected yapla:<id> or yoplanning:<id>/, () => unlink('Marie')],
    [
      'one side is not known',
      /yapla:2 is linked to nobody in Yoplanning/,
      async () => {
        await proposeLinks(sql, scope, [
          { linkId: 'yapla:2', yaplaId: '2', yoplanningId: null, matchedBy: 'unmatched' },
        ]);
        await unlink('yapla:2');
      },
    ],
    [
      'one of them was made from the other',
      /was made by Passerelle from the other/,
      async () => {
        const made = uuidOf('yapla:3', scope);
        await sql.begin((tx) =>
          addLink(tx, scope, { linkId: 'yapla:3', yaplaId: '3', yoplanningId: made, matchedBy: 'unmatched' }),
        );
        await unlink('yapla:3');
      },
    ],
    [
      'it changed since it was shown',
      /has changed since it was shown/,
      async () =>
        await asHand(async (hand) => {
          const shown = await findLinked(sql, scope, 'yapla:1');
          await upsertShadows(sql, scope, 'yapla', [shadow('1', 'Quimper')]);
          await unlinkByHand(hand, shown);
        }),
    ],
    [
      'a worker has it in hand',
      /a worker has one of them in hand/,
      async () => {
        const worker = new LinkClaims(sql);
        try {
          await worker.claim(scope, ['yapla:1']);
          await unlink('yapla:1');
        } finally {
          await worker.close();
        }
      },
    ],
    [
      'a creation is under way',
      /is being created in yoplanning/,
      async () => {
        await recordIntents(sql, scope, [
          { linkId: 'yapla:1', system: 'yoplanning', externalId: null, hashes: {}, fields: {} },
        ]);
        await unlink('yapla:1');
      },
    ],
  ])('is refused, and nothing is changed, where %s', async (_, sentence, attempt) => {
    const refusal: unknown = await attempt().catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(LinkingRefused);
    expect((refusal as Error).message).toMatch(sentence);
    expect(await linkedIds(sql, scope)).toMatchObject([{ linkId: 'yapla:1' }]);
    expect([await apartPairs(sql, scope), await listDeeds(sql, 10, scope.connectionId)]).toEqual([[], []]);
  });
});

describe('two that a person links', () => {
  test('are one link, whatever links of one side they had; the plan that wanted to create them has them no more', async () => {
    const { id: planId } = await draftPlan(sql, scope, 'run');
    await proposeLinks(
      sql,
      scope,
      [
        { linkId: 'yapla:2', yaplaId: '2', yoplanningId: null, matchedBy: 'unmatched' },
        { linkId: 'yoplanning:b', yaplaId: null, yoplanningId: 'b', matchedBy: 'unmatched' },
      ],
      planId,
    );
    const [before] = await sql<
      { version: number }[]
    >`select version::int as version from link where link_id = 'yapla:2' and connection_id = ${scope.connectionId} and kind = ${scope.kind}`;
    await link('2', 'b');
    expect((await links()).filter(({ yapla }) => yapla === '2')).toEqual([
      { id: 'yapla:2', yapla: '2', yoplanning: 'b', by: 'person' },
    ]);
    expect(await links()).toHaveLength(2);
    const [after] = await sql<{ version: number; planId: number | null }[]>`
      select version::int as version, plan_id as "planId" from link where link_id = 'yapla:2' and connection_id = ${scope.connectionId} and kind = ${scope.kind}`;
    expect([after!.version > before!.version, after!.planId]).toEqual([true, null]);
    expect(await listDeeds(sql, 10, scope.connectionId)).toMatchObject([{ verb: 'link', about: { link: 'yapla:2' } }]);
  });

  test('settle the question whether they are one, and leave one open that names somebody else', async () => {
    const doubt = (yapla: string[]) => doubtCase({ kind: 'several', by: 'email', yapla, yoplanning: ['b'] });
    await openCases(sql, scope, null, [doubt(['2']), doubt(['2', '3'])]);
    await link('2', 'b');
    expect((await listOpenCases(sql, scope)).map(({ subject }) => subject)).toEqual(['yapla:2 yapla:3 yoplanning:b']);
  });

  test.each<[string, RegExp, () => Promise<unknown>]>([
    ['no sync has read one', /knows no yoplanning:z: no sync has read it/, () => link('2', 'z')],
    [
      'one is linked with another',
      /yapla:1 is linked with yoplanning:a: "passerelle unlink yapla:1"/,
      () => link('1', 'b'),
    ],
    ['they are linked', /yapla:1 and yoplanning:a are linked/, () => link('1', 'a')],
    [
      'one is gone',
      /yapla:2 is gone since/,
      async () => {
        await markGone(sql, scope, 'yapla', '2');
        await link('2', 'b');
      },
    ],
    [
      'one was linked otherwise since it was shown',
      /has changed since it was shown/,
      async () =>
        await asHand(async (hand) => {
          const shown = await findUnlinked(sql, scope, { yapla: '2', yoplanning: 'b' });
          await proposeLinks(sql, scope, [{ linkId: 'yapla:3', yaplaId: '3', yoplanningId: 'b', matchedBy: 'email' }]);
          await linkByHand(hand, shown);
        }),
    ],
  ])('are refused where %s', async (_, sentence, attempt) => {
    const refusal: unknown = await attempt().catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(LinkingRefused);
    expect((refusal as Error).message).toMatch(sentence);
    expect(await listDeeds(sql, 10, scope.connectionId)).toEqual([]);
  });
});
