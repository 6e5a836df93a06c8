import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { blockingKey, matchKeys, type Candidate, type MatchRule } from '../../src/core/match.js';
import { linkIdOf } from '../../src/core/linkId.js';
import { compareNames } from '../../src/core/names.js';
import { personsOf, systemNames } from '../../src/core/record.js';
import { ensureConnection } from '../../src/store/connections.js';
import type { Sql, Transaction } from '../../src/store/database.js';
import { recordIntents, settleIntents } from '../../src/store/intents.js';
import { closeCase } from '../../src/cases/answers.js';
import { removalCase } from '../../src/cases/removal.js';
import { listOpenCases, openCases } from '../../src/store/cases.js';
import { agree, pairsByIds } from '../../src/store/links.js';
import { findLinkState } from '../../src/store/linkState.js';
import { markGone, upsertShadows } from '../../src/store/shadows.js';
import { ClaimNeeded, firstSight } from '../../src/link/firstSight.js';
import { checkProperty } from '../helpers/property.js';
import { scriptedConnection, type ScriptedConnection } from '../helpers/scriptedSystem.js';
import { uniqueName } from '../helpers/servers.js';
import { storeTest } from '../helpers/storeTest.js';

let sql: Sql;
storeTest('first sight test', (store) => ({ sql } = store));

const rules: readonly MatchRule[] = [
  { all: ['email', 'name'] },
  { all: ['name', 'birthDate'] },
  { all: ['phone', 'name'] },
  { all: ['email'] },
];

interface Person {
  readonly system: 'yapla' | 'yoplanning';
  readonly firstName: string | null;
  readonly lastName: string | null;
  readonly email: string | null;
  readonly phone: string | null;
  readonly birthDate: string | null;
  /** Its creation in the other system is sent before the next is seen. */
  readonly isSent: boolean;
}

const person: fc.Arbitrary<Person> = fc.record({
  system: fc.constantFrom(...systemNames),
  firstName: fc.constantFrom('Zoé', 'Zoe', 'Z.', 'Marc'),
  lastName: fc.constantFrom('Durand', 'DURAND', null),
  email: fc.constantFrom('a@example.org', 'b@example.org', null),
  phone: fc.constantFrom('+33612345678', null),
  birthDate: fc.constantFrom('2001-05-03', '1970-01-01', null),
  isSent: fc.boolean(),
});

async function club(): Promise<ScriptedConnection> {
  const connection = { ...scriptedConnection(uniqueName('club')), matchRules: rules };
  await ensureConnection(sql, connection.scope.connectionId);
  return connection;
}

/** As `readRecord` does it: the record is stored, and whatever has to be claimed is. @returns what it came to */
async function see(
  connection: ScriptedConnection,
  { system, id, fields, externalReference }: Candidate,
  through: (tx: Transaction) => Transaction = (tx) => tx,
) {
  const linkId = linkIdOf(system, id);
  const claimed = new Set<string>([linkId]);
  for (;;) {
    try {
      const sighting = await sql.begin(async (tx) => {
        await upsertShadows(tx, connection.scope, system, [
          {
            id,
            fields,
            externalReference,
            document: {},
            hashes: {},
            modifiedAt: null,
            matchKeys: matchKeys(rules, fields),
          },
        ]);
        return await firstSight(through(tx), { connection, linkId, system, id, claimed });
      });
      return sighting.is;
    } catch (error) {
      if (!(error instanceof ClaimNeeded)) throw error;
      for (const one of error.linkIds) claimed.add(one);
    }
  }
}

/** Every link of a connection, in the order of their ids. */
async function allLinks(connectionId: string) {
  const ids = await sql<{ linkId: string }[]>`
    select link_id as "linkId" from link where connection_id = ${connectionId} order by link_id`;
  const pairs = await pairsByIds(
    sql,
    personsOf(connectionId),
    ids.map((one) => one.linkId),
    'values',
  );
  return ids.map(({ linkId }) => pairs.get(linkId)!);
}

async function linksOf(connection: ScriptedConnection) {
  return (await allLinks(connection.scope.connectionId)).map(({ linkId, ids }) => ({ linkId, ...ids }));
}

function ties(rule: MatchRule, a: Candidate, b: Candidate): boolean {
  const nameOf = ({ fields }: Candidate) => ({ firstName: fields['firstName']!, lastName: fields['lastName']! });
  const key = blockingKey(rule, a.fields);
  const fits = rule.all.includes('name') || compareNames(nameOf(a), nameOf(b)) !== 'different';
  return key !== null && key === blockingKey(rule, b.fields) && fits;
}

test('nobody who is seen is about to be made while any rule finds a counterpart, and nobody is in two links', async () => {
  await checkProperty(
    fc.asyncProperty(fc.array(person, { minLength: 2, maxLength: 8, size: 'max' }), async (people) => {
      const connection = await club();
      const seen: Candidate[] = [];
      const sent = new Set<string>();
      for (const [at, { system, isSent, ...fields }] of people.entries()) {
        const one: Candidate = { system, id: `${system}-${at}`, fields, externalReference: null };
        seen.push(one);
        await see(connection, one);
        const links = await linksOf(connection);
        for (const name of systemNames) {
          const ids = links.flatMap((link) => link[name] ?? []);
          expect(new Set(ids).size).toBe(ids.length);
        }
        const alone = seen.filter((someone) =>
          links.some(
            (link) => link[someone.system] === someone.id && (link.yapla === null || link.yoplanning === null),
          ),
        );
        for (const someone of alone.filter(({ id }) => !sent.has(id))) {
          for (const other of seen.filter((candidate) => candidate.system !== someone.system)) {
            expect(rules.filter((rule) => ties(rule, someone, other))).toEqual([]);
          }
        }
        if (!isSent || !alone.includes(one)) continue;
        sent.add(one.id);
        const target = system === 'yapla' ? ('yoplanning' as const) : ('yapla' as const);
        await recordIntents(sql, connection.scope, [
          {
            linkId: linkIdOf(system, one.id),
            system: target,
            externalId: null,
            hashes: { firstName: 'unlike' },
            fields: { firstName: 'Unlike' },
          },
        ]);
      }
    }),
    { numRuns: 60 },
  );
});

const marie = { firstName: 'Marie', lastName: 'Dupont', email: 'marie@example.org', phone: null, birthDate: null };

test('whom a question names is not made meanwhile, though they were known to one system only before', async () => {
  const connection = await club();
  const born = { birthDate: '2001-05-03' };
  const of = (system: 'yapla' | 'yoplanning', id: string, fields: Candidate['fields']): Candidate => ({
    system,
    id,
    fields,
    externalReference: null,
  });
  expect(await see(connection, of('yapla', '1', { ...marie, ...born }))).toBe('linked');
  expect(await see(connection, of('yoplanning', 'a', { ...marie, birthDate: '1970-01-01' }))).toBe('doubtful');
  expect(await linksOf(connection)).toEqual([]);
  // A fourth record that only a later rule ties to one of them.
  const moved = { ...marie, ...born, email: 'other@example.org' };
  expect(await see(connection, of('yoplanning', 'b', moved))).toBe('doubtful');
  expect(await linksOf(connection)).toEqual([]);
});

test('a name alone is a question, also where one is seen long after the other', async () => {
  const connection = await club();
  expect(await see(connection, { system: 'yoplanning', id: 'a', fields: marie, externalReference: null })).toBe(
    'linked',
  );
  const other = { ...marie, email: 'other@example.org' };
  expect(await see(connection, { system: 'yapla', id: '1', fields: other, externalReference: null })).toBe('doubtful');
  expect(await linksOf(connection)).toEqual([]);
});

const at = (system: 'yapla' | 'yoplanning', id: string, fields: Candidate['fields']): Candidate => ({
  system,
  id,
  fields,
  externalReference: null,
});

/** Has something else committed before the first statement is sent that asks about this table. */
const beforeAskingAbout = (table: string, meanwhile: () => Promise<void>) => {
  let isDone = false;
  return (tx: Transaction): Transaction =>
    new Proxy(tx, {
      apply: (target, self, args: Parameters<Transaction>) => {
        const send = () => Reflect.apply(target, self, args);
        if (isDone || ![...args[0]].join('').includes(`from ${table} `)) return send();
        isDone = true;
        return meanwhile().then(send);
      },
    });
};

test('whose creation is answered while they are looked at is the one who was created, and no question', async () => {
  const connection = await club();
  const { scope } = connection;
  await see(connection, at('yoplanning', 'a', marie));
  const linkId = linkIdOf('yoplanning', 'a');
  await recordIntents(sql, scope, [
    { linkId, system: 'yapla', externalId: null, hashes: { firstName: 'Marie' }, fields: { firstName: 'Marie' } },
  ]);
  const answered = async () => {
    await agree(sql, scope, [{ linkId, base: {}, baseFields: {}, ids: { yapla: '1005' } }]);
    await settleIntents(sql, scope, [{ linkId, system: 'yapla' }]);
  };
  expect(await see(connection, at('yapla', '1005', marie), beforeAskingAbout('intent', answered))).toBe('merged');
  expect(await listOpenCases(sql, scope)).toEqual([]);
  expect((await allLinks(scope.connectionId)).map(({ ids }) => ids)).toEqual([{ yapla: '1005', yoplanning: 'a' }]);
});

/** Marie is linked, and her record in Yoplanning is proven gone: the question whether that was meant is open. */
async function halfGone(connection: ScriptedConnection): Promise<void> {
  await see(connection, at('yapla', '1', marie));
  await see(connection, at('yoplanning', 'a', marie));
  await agree(sql, connection.scope, [{ linkId: 'yapla:1', base: { city: 'old' }, baseFields: { city: 'old' } }]);
  await markGone(sql, connection.scope, 'yoplanning', 'a');
  await openCases(sql, connection.scope, null, [removalCase('yapla:1', 'yoplanning', 'a', 'notFound')]);
}

test('whoever was removed and is entered again takes the place in the link, and its base starts anew', async () => {
  const connection = await club();
  await halfGone(connection);
  expect(await see(connection, at('yoplanning', 'b', marie))).toBe('merged');
  const [pair, ...more] = await allLinks(connection.scope.connectionId);
  expect(more).toEqual([]);
  expect(pair).toMatchObject({ linkId: 'yapla:1', ids: { yapla: '1', yoplanning: 'b' }, base: null, baseFields: null });
  expect(pair!.shadows.yoplanning?.id).toBe('b');
  expect(await listOpenCases(sql, connection.scope)).toEqual([]);
  const [shadow] = await sql`
    select gone_at from reading where connection_id = ${connection.scope.connectionId} and system = 'yoplanning' and external_id = 'a'`;
  expect(shadow!['gone_at']).not.toBeNull();
});

test('two who could be whoever was removed are a doubt, and neither is made', async () => {
  const connection = await club();
  await halfGone(connection);
  await upsertShadows(sql, connection.scope, 'yoplanning', [
    {
      id: 'c',
      fields: marie,
      externalReference: null,
      document: {},
      hashes: {},
      modifiedAt: null,
      matchKeys: matchKeys(rules, marie),
    },
  ]);
  expect(await see(connection, at('yoplanning', 'b', marie))).toBe('doubtful');
  expect(await linksOf(connection)).toEqual([{ linkId: 'yapla:1', yapla: '1', yoplanning: 'a' }]);
});

test('that a removal was meant to stay says nothing about the record that took the place', async () => {
  const connection = await club();
  await halfGone(connection);
  const [removal] = await listOpenCases(sql, connection.scope);
  await closeCase(sql, removal!.id, 'somebody', null);
  await see(connection, at('yoplanning', 'b', marie));
  expect((await findLinkState(sql, connection.scope, 'yapla:1', { depth: 'hashes' }))!.declined).toEqual(new Set());
});
