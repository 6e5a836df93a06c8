import { describe, expect, test } from '@jest/globals';
import { asyncLocalStorage, type Context } from '@temporalio/activity';
import fc from 'fast-check';
import { matchRecords } from '../../activities/matchRecords.js';
import { match, matchKeys, type Candidate, type MatchRule } from '../../src/core/match.js';
import { systemNames } from '../../src/core/record.js';
import type { Sql } from '../../src/store/database.js';
import { recordIntents, settleIntents } from '../../src/store/intents.js';
import { agree, dropProposals, pairsAfter, proposeLinks, settledHashes } from '../../src/store/links.js';
import { nextPending } from '../../src/store/planItems.js';
import { draftPlan } from '../../src/store/plans.js';
import { upsertShadows } from '../../src/store/shadows.js';
import { LinkClaims } from '../../src/sync/claims.js';
import { ensureConnection } from '../../src/store/connections.js';
import { checkProperty } from '../helpers/property.js';
import { scriptedConnection } from '../helpers/scriptedSystem.js';
import { uniqueName } from '../helpers/servers.js';
import { storeTest } from '../helpers/storeTest.js';

let sql: Sql;
let club: string;
storeTest('links test', (store) => ({ sql, club } = store));

const proposal = (yaplaId: string | null, yoplanningId: string | null) => ({
  linkId: yaplaId === null ? `yoplanning:${yoplanningId}` : `yapla:${yaplaId}`,
  yaplaId,
  yoplanningId,
  matchedBy: 'test',
});
const pairs = async () =>
  (await pairsAfter(sql, club, '', 100, 'hashes')).map((pair) => [pair.ids.yapla, pair.ids.yoplanning]);

describe('one person', () => {
  test('never gets two links, whoever proposes what at the same time', async () => {
    await Promise.all([
      proposeLinks(sql, club, [proposal('1', 'x')]),
      proposeLinks(sql, club, [proposal('1', 'y')]),
      proposeLinks(sql, club, [proposal('2', 'x')]),
      proposeLinks(sql, club, [proposal(null, 'x')]),
      proposeLinks(sql, club, [proposal('1', null)]),
    ]);
    const all = await pairs();
    for (const side of [0, 1]) {
      const ids = all.map((pair) => pair[side]).filter((id) => id !== null);
      expect(new Set(ids).size).toBe(ids.length);
    }
    expect(all.length).toBeGreaterThan(0);
  });

  test('cannot be taken over by a link that learns its id later', async () => {
    await proposeLinks(sql, club, [proposal('1', 'x'), proposal('2', null)]);
    await expect(
      agree(sql, club, [{ linkId: 'yapla:2', base: {}, baseFields: {}, ids: { yoplanning: 'x' } }]),
    ).rejects.toMatchObject({ code: '23505' });
  });
});

test('proposals are forgotten, but for links in use and those of which a creation may have taken effect', async () => {
  await proposeLinks(sql, club, [proposal('1', null), proposal('2', null), proposal('3', 'x'), proposal('4', null)]);
  await agree(sql, club, [{ linkId: 'yapla:3', base: {}, baseFields: {} }]);
  const intents = (['1', '4'] as const).map((id) => ({
    linkId: `yapla:${id}`,
    system: 'yoplanning' as const,
    externalId: null,
    hashes: {},
  }));
  await recordIntents(sql, club, intents);
  await settleIntents(sql, club, [intents[1]!]);
  await dropProposals(sql, club);
  expect(await pairs()).toEqual([
    ['1', null],
    ['3', 'x'],
  ]);
});

test('what a system made of our value counts as ours only while ours is the base', () => {
  const equal = { yoplanning: { city: { shouted: 'ours' } } };
  const hashes = { city: 'shouted', phone: 'p' };
  expect(settledHashes({ equal, base: { city: 'ours' } }, 'yoplanning', hashes)).toEqual({ city: 'ours', phone: 'p' });
  expect(settledHashes({ equal, base: { city: 'newer' } }, 'yoplanning', hashes)).toEqual(hashes);
  expect(settledHashes({ equal, base: { city: 'ours' } }, 'yapla', hashes)).toEqual(hashes);
});

const rules: readonly MatchRule[] = [
  { all: ['email', 'name'] },
  { all: ['name', 'birthDate'] },
  { all: ['phone', 'name'] },
  { all: ['email'] },
];
const person = fc.record({
  system: fc.constantFrom(...systemNames),
  firstName: fc.constantFrom('Zoé', 'Marc', 'Marie Anne', 'Zoe', null),
  lastName: fc.constantFrom('Durand', 'Le Goff', 'DURAND', null),
  email: fc.constantFrom('a@example.org', 'b@example.org', 'none', null),
  phone: fc.constantFrom('+33612345678', '+33699999999', null),
  birthDate: fc.constantFrom('2001-05-03', '1970-01-01', null),
  refersTo: fc.option(fc.nat(7), { freq: 5 }),
});

/** Where the worker would run an activity: without a heartbeat time-out. */
const notBeating = { info: {} } as unknown as Context;

test('grouping in Postgres finds the same links and doubts as matching in memory', async () => {
  const claims = new LinkClaims(sql);
  await checkProperty(
    fc.asyncProperty(fc.array(person, { maxLength: 14 }), async (people) => {
      const connection = { ...scriptedConnection(uniqueName('club')), matchRules: rules, nameAlone: 'ask' as const };
      Object.assign(connection.config, { duplicates: 'ask' });
      await ensureConnection(sql, connection.id);
      const candidates = people.map(({ system, refersTo, ...fields }, at): Candidate => ({
        system,
        id: `${system}-${at}`,
        fields,
        externalReference: refersTo === null ? null : `${system === 'yapla' ? 'yoplanning' : 'yapla'}-${refersTo}`,
      }));
      for (const system of systemNames) {
        const rows = candidates
          .filter((one) => one.system === system)
          .map((one) => ({
            ...one,
            document: {},
            hashes: {},
            modifiedAt: null,
            matchKeys: matchKeys(rules, one.fields),
          }));
        await upsertShadows(sql, connection.id, system, rows);
      }
      const { id: planId } = await draftPlan(sql, connection.id, 'run');
      const opened = () => Promise.resolve(connection);
      const activity = matchRecords({ sql, keyedSql: sql, claims, connection: opened, configured: opened });
      await asyncLocalStorage.run(notBeating, () => activity({ connectionId: connection.id, planId }));

      const expected = match(candidates, rules, 'ask');
      const links = await pairsAfter(sql, connection.id, '', 100, 'hashes');
      const both = links.filter(({ ids }) => ids.yapla !== null && ids.yoplanning !== null);
      const sorted = (values: readonly unknown[]) => values.map((value) => JSON.stringify(value)).sort();
      expect(sorted(both.map(({ ids }) => [ids.yapla, ids.yoplanning]))).toEqual(
        sorted(expected.links.map(({ yapla, yoplanning }) => [yapla, yoplanning])),
      );
      const doubts = (await nextPending<object>(sql, planId, 'local', 100)).map((item) => item.decision);
      const plain = (one: object) => Object.entries(one).sort();
      expect(sorted(doubts.map(plain))).toEqual(sorted(expected.doubts.map(plain)));
      const alone = links.flatMap(({ ids }) =>
        ids.yapla !== null && ids.yoplanning !== null ? [] : [ids.yapla ?? ids.yoplanning],
      );
      expect(alone.sort()).toEqual([...expected.unmatched.yapla, ...expected.unmatched.yoplanning].sort());
    }),
    { numRuns: 20 },
  );
  await claims.close();
});
