import { describe, expect, test } from '@jest/globals';
import { asyncLocalStorage, type Context } from '@temporalio/activity';
import fc from 'fast-check';
import { matchRecords } from '../../activities/matchRecords.js';
import { blockingKey, match, matchKeys, type Candidate, type MatchRule } from '../../src/core/match.js';
import { compareNames } from '../../src/core/names.js';
import { personsOf, type Scope, type SystemName, systemNames } from '../../src/core/record.js';
import type { Sql } from '../../src/store/database.js';
import { recordIntents, settleIntents } from '../../src/store/intents.js';
import { agree, dropProposals, proposeLinks, settledHashes } from '../../src/store/links.js';
import { unsettledLinks } from '../../src/store/linkState.js';
import { nextPending } from '../../src/store/planItems.js';
import { draftPlan } from '../../src/store/plans.js';
import { upsertShadows } from '../../src/store/shadows.js';
import { LinkClaims } from '../../src/link/claims.js';
import { ensureConnection } from '../../src/store/connections.js';
import { checkProperty } from '../helpers/property.js';
import { scriptedConnection } from '../helpers/scriptedSystem.js';
import { uniqueName } from '../helpers/servers.js';
import { storeTest } from '../helpers/storeTest.js';

let sql: Sql;
let club: string;
let scope: Scope;
storeTest('links test', (store) => ({ sql, club, scope } = store));

const proposal = (yaplaId: string | null, yoplanningId: string | null) => ({
  linkId: yaplaId === null ? `yoplanning:${yoplanningId}` : `yapla:${yaplaId}`,
  yaplaId,
  yoplanningId,
  matchedBy: 'test',
});
const linksOf = async (connectionId: string) =>
  (await unsettledLinks(sql, personsOf(connectionId), { depth: 'hashes', after: '', limit: 100 })).map(
    ({ pair }) => pair,
  );
const pairs = async () => (await linksOf(club)).map((pair) => [pair.ids.yapla, pair.ids.yoplanning]);

describe('one person', () => {
  test('never gets two links, whoever proposes what at the same time', async () => {
    await Promise.all([
      proposeLinks(sql, scope, [proposal('1', 'x')]),
      proposeLinks(sql, scope, [proposal('1', 'y')]),
      proposeLinks(sql, scope, [proposal('2', 'x')]),
      proposeLinks(sql, scope, [proposal(null, 'x')]),
      proposeLinks(sql, scope, [proposal('1', null)]),
    ]);
    const all = await pairs();
    for (const side of [0, 1]) {
      const ids = all.map((pair) => pair[side]).filter((id) => id !== null);
      expect(new Set(ids).size).toBe(ids.length);
    }
    expect(all.length).toBeGreaterThan(0);
  });

  test('cannot be taken over by a link that learns its id later', async () => {
    await proposeLinks(sql, scope, [proposal('1', 'x'), proposal('2', null)]);
    await expect(
      agree(sql, scope, [{ linkId: 'yapla:2', base: {}, baseFields: {}, ids: { yoplanning: 'x' } }]),
    ).rejects.toMatchObject({ code: '23505' });
  });
});

test('proposals are forgotten, but for links in use and those of which a creation may have taken effect', async () => {
  const { id: planId } = await draftPlan(sql, scope, 'run');
  const proposals = [proposal('1', null), proposal('2', null), proposal('3', 'x'), proposal('4', null)];
  await proposeLinks(sql, scope, proposals, planId);
  await agree(sql, scope, [{ linkId: 'yapla:3', base: {}, baseFields: {} }]);
  const intents = (['1', '4'] as const).map((id) => ({
    linkId: `yapla:${id}`,
    system: 'yoplanning' as const,
    externalId: null,
    hashes: {},
    fields: {},
  }));
  await recordIntents(sql, scope, intents);
  await settleIntents(sql, scope, [intents[1]!]);
  await dropProposals(sql, scope, planId);
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

/** Of the people made, so many at the beginning of each list are linked already, one with one. */
const linkedBefore = fc.nat(3);

test.each(['ask', 'create'] as const)(
  'grouping in Postgres finds the same links and doubts as matching in memory, and makes the same people (duplicates: %s)',
  async (duplicates) => {
    const claims = new LinkClaims(sql);
    await checkProperty(
      fc.asyncProperty(fc.array(person, { maxLength: 14 }), linkedBefore, async (people, linked) => {
        const settings = { nameAlone: 'ask' as const, duplicates };
        const connection = {
          ...scriptedConnection(uniqueName('club')),
          matchRules: rules,
          matchSettings: settings,
        };
        await ensureConnection(sql, connection.scope.connectionId);
        const candidates = people.map(({ system, refersTo, ...fields }, at): Candidate => ({
          system,
          id: `${system}-${at}`,
          fields,
          externalReference: refersTo === null ? null : `${system === 'yapla' ? 'yoplanning' : 'yapla'}-${refersTo}`,
        }));
        const of = (system: SystemName) => candidates.filter((one) => one.system === system);
        for (const system of systemNames) {
          const rows = of(system).map((one) => ({
            ...one,
            document: {},
            hashes: {},
            modifiedAt: null,
            matchKeys: matchKeys(rules, one.fields),
          }));
          await upsertShadows(sql, connection.scope, system, rows);
        }
        const before = of('yapla')
          .slice(0, linked)
          .flatMap((one, at) => {
            const other = of('yoplanning')[at];
            return other === undefined ? [] : [proposal(one.id, other.id)];
          });
        await proposeLinks(sql, connection.scope, before);
        await agree(
          sql,
          connection.scope,
          before.map(({ linkId }) => ({ linkId, base: {}, baseFields: {} })),
        );
        const { id: planId } = await draftPlan(sql, connection.scope, 'run');
        const opened = () => Promise.resolve(connection);
        const activity = matchRecords({ sql, keyedSql: sql, claims, connection: opened, configured: opened });
        await asyncLocalStorage.run(notBeating, () =>
          activity({ connectionId: connection.scope.connectionId, planId }),
        );

        const known = candidates.map((one): Candidate => {
          const link = before.find(({ yaplaId, yoplanningId }) => one.id === yaplaId || one.id === yoplanningId);
          return link === undefined ? one : { ...one, standing: 'linked', linkId: link.linkId };
        });
        const expected = match(known, rules, settings);
        const links = await linksOf(connection.scope.connectionId);
        const isOld = (linkId: string) => before.some((one) => one.linkId === linkId);
        const both = links.filter(({ linkId, ids }) => ids.yapla !== null && ids.yoplanning !== null && !isOld(linkId));
        const sorted = (values: readonly unknown[]) => values.map((value) => JSON.stringify(value)).sort();
        expect(sorted(both.map(({ ids }) => [ids.yapla, ids.yoplanning]))).toEqual(
          sorted(expected.links.map(({ yapla, yoplanning }) => [yapla, yoplanning])),
        );
        const doubts = (await nextPending<object>(sql, planId, 'local', 0, 100)).map((item) => item.decision);
        const plain = (one: object) => Object.entries(one).sort();
        expect(sorted(doubts.map(plain))).toEqual(sorted(expected.doubts.map(plain)));
        const alone = links.flatMap(({ ids }) =>
          ids.yapla !== null && ids.yoplanning !== null ? [] : [ids.yapla ?? ids.yoplanning],
        );
        expect(alone.sort()).toEqual([...expected.unmatched.yapla, ...expected.unmatched.yoplanning].sort());
        // What the plan would make: nobody of whom any rule finds a counterpart.
        for (const one of known.filter(({ id }) => alone.includes(id))) {
          for (const other of known.filter(({ system }) => system !== one.system)) {
            const mate = known.find(
              (twin) => twin.system === one.system && twin !== one && twin.linkId === other.linkId,
            );
            const isDuplicate = duplicates === 'create' && other.standing === 'linked' && mate !== undefined;
            if (!isDuplicate) expect(rules.filter((rule) => ties(rule, one, other))).toEqual([]);
          }
        }
      }),
      { numRuns: 20 },
    );
    await claims.close();
  },
);

/** The rule takes the two for one person: the same key, and names that do not contradict each other. */
function ties(rule: MatchRule, a: Candidate, b: Candidate): boolean {
  const nameOf = ({ fields }: Candidate) => ({ firstName: fields['firstName']!, lastName: fields['lastName']! });
  const key = blockingKey(rule, a.fields);
  const fits = rule.all.includes('name') || compareNames(nameOf(a), nameOf(b)) !== 'different';
  return key !== null && key === blockingKey(rule, b.fields) && fits;
}
