/** What live propagation asks a person, and what becomes of the answers. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { answerCase } from '../../src/cases/answers.js';
import { type Answer, listOpenCases, type OpenCase } from '../../src/store/cases.js';
import { rememberRule } from '../../src/store/fieldRules.js';
import { signalAnswered } from '../../src/syncRecord.js';
import { linkedPerson, recordProgress, recordTotals, until, untilHolds, untilQuiet } from '../helpers/live.js';
import { neighbours } from '../helpers/neighbours.js';
import type { PasserelleOptions, TestPasserelle } from '../helpers/passerelle.js';

const startPasserelle = neighbours();

const people = { seed: 12, yapla: 0, yoplanning: 0, shared: 4, differing: 0 };

let house: TestPasserelle;
let one: { linkId: string; yapla: string; yoplanning: string };
afterEach(async () => await house.stop());

async function start(options: PasserelleOptions = {}): Promise<void> {
  house = await startPasserelle({
    ...options,
    sandbox: { people },
    connection: { rule: 'ask', ...options.connection },
  });
  await (await house.startBulk()).result();
  await house.startReceiver();
  await house.sandbox.control.resetCounts();
  one = await linkedPerson(house);
}

const openCases = async () => await listOpenCases(house.sql, house.scope);

/** Both systems change the city, to different values, and perhaps other fields too. */
async function conflict(more: { yapla?: { postalCode: string } } = {}): Promise<OpenCase> {
  await Promise.all([
    house.sandbox.control.edit('yapla', one.yapla, { city: 'Rennes', ...more.yapla }),
    house.sandbox.control.edit('yoplanning', one.yoplanning, { city: 'Brest' }),
  ]);
  const [asked] = await until(openCases, (cases) => cases.length === 1);
  await untilQuiet(house);
  return asked!;
}

async function answer(asked: OpenCase, given: Answer): Promise<void> {
  const { client, config, scope, connection } = house;
  await answerCase(house.sql, asked.id, given, 'tester');
  const target = { client, liveTaskQueue: config.temporal.liveTaskQueue, scope, connection };
  await signalAnswered(target, one.linkId, asked.id);
}

describe('a field that both systems changed differently', () => {
  test('waits in a case while the record’s other fields go on', async () => {
    await start();
    const asked = await conflict({ yapla: { postalCode: '35000' } });
    expect(asked).toMatchObject({ kind: 'conflict', field: 'city', linkId: one.linkId });
    await untilHolds(house, 'yoplanning', one.yoplanning, { city: 'Brest', postalCode: '35000' });
    await untilHolds(house, 'yapla', one.yapla, { city: 'Rennes' });
    expect(await recordProgress(house, one.linkId)).toMatchObject({ state: 'waiting' });
  });

  test.each([
    ['Yapla’s value', { take: 'yapla' }, 'Rennes'],
    ['Yoplanning’s value', { take: 'yoplanning' }, 'Brest'],
    ['a value of the person’s own', { take: 'value', value: 'Quimper' }, 'Quimper'],
    ['no value', { take: 'value', value: null }, null],
  ] as const)('takes the answer: %s', async (_, given, wanted) => {
    await start();
    await answer(await conflict(), given);
    await untilHolds(house, 'yapla', one.yapla, { city: wanted });
    await untilHolds(house, 'yoplanning', one.yoplanning, { city: wanted });
    await untilQuiet(house);
    expect(await openCases()).toEqual([]);
    const [closed] = await house.sql<{ closedBy: string }[]>`
      select closed_by as "closedBy" from cases where connection_id = ${house.connectionId}`;
    expect(closed).toEqual({ closedBy: 'tester' });
    const writes = [await house.sandbox.control.writes('yapla'), await house.sandbox.control.writes('yoplanning')];
    const changed = (held: string) => (wanted === held ? [] : [1]);
    expect(writes.map((each) => Object.values(each))).toEqual([changed('Rennes'), changed('Brest')]);
  });

  test('takes an answer that comes after its workflow was terminated', async () => {
    await start();
    const asked = await conflict();
    await house.client.workflow.getHandle(`person/${house.connectionId}/${one.linkId}`).terminate('by an operator');
    await answer(asked, { take: 'yapla' });
    await untilHolds(house, 'yoplanning', one.yoplanning, { city: 'Rennes' });
  });

  test('settles itself when a person edits both sides to the same, and the case closes', async () => {
    await start();
    await conflict();
    await house.sandbox.control.edit('yapla', one.yapla, { city: 'Brest' });
    await until(openCases, (cases) => cases.length === 0);
    await untilQuiet(house);
    expect(await house.sandbox.control.writes('yapla')).toEqual({});
    expect(await house.sandbox.control.writes('yoplanning')).toEqual({});
  });

  test('is decided by a rule that was remembered from an answer, without a case', async () => {
    await start();
    const asked = await conflict();
    await rememberRule(house.sql, house.scope, 'city', 'yapla', asked.id, 'tester');
    await answer(asked, { take: 'yapla' });
    await untilHolds(house, 'yoplanning', one.yoplanning, { city: 'Rennes' });
    await untilQuiet(house);
    await Promise.all([
      house.sandbox.control.edit('yapla', one.yapla, { city: 'Vannes' }),
      house.sandbox.control.edit('yoplanning', one.yoplanning, { city: 'Lorient' }),
    ]);
    await untilHolds(house, 'yoplanning', one.yoplanning, { city: 'Vannes' });
    await untilQuiet(house);
    expect(await openCases()).toEqual([]);
  });
});

describe('a record that was removed', () => {
  test('in Yoplanning is proven by a read, keeps its link, and becomes a case; nothing is removed elsewhere', async () => {
    await start();
    await house.sandbox.control.remove('yoplanning', one.yoplanning);
    const [asked] = await until(openCases, (cases) => cases.length === 1);
    await untilQuiet(house);
    expect(asked).toMatchObject({ kind: 'removal' });
    const [link] = await house.sql`
      select yapla_id, yoplanning_id from link where connection_id = ${house.connectionId} and link_id = ${one.linkId}`;
    expect(link).toMatchObject({ yapla_id: one.yapla, yoplanning_id: one.yoplanning });
    expect(await house.sandbox.control.record('yapla', one.yapla)).not.toBeNull();
    const counts = await house.sandbox.control.counts();
    expect(counts.yapla).toMatchObject({ removed: 0, updated: 0, created: 0 });
    expect(counts.yoplanning).toMatchObject({ created: 0, updated: 0 });
  });
});

describe('a person seen for the first time', () => {
  test('is asked about where the connection’s rule is to ask, and created after the answer', async () => {
    await start({ connection: { rule: 'ask', settings: { create: 'ask' } } });
    const id = await house.sandbox.control.add('yapla', {
      firstName: 'Odile',
      lastName: 'Le Goff',
      email: 'odile@example.org',
    });
    const [asked] = await until(openCases, (cases) => cases.length === 1);
    await untilQuiet(house);
    expect(asked).toMatchObject({ kind: 'create', subject: `yapla:${id}` });
    expect((await house.sandbox.control.counts()).yoplanning.created).toBe(0);
    one = { ...one, linkId: `yapla:${id}` };
    await answer(asked!, { take: 'create' });
    await until(openCases, (cases) => cases.length === 0);
    await untilQuiet(house);
    expect((await house.sandbox.control.counts()).yoplanning.created).toBe(1);
    expect(await recordTotals(house)).toMatchObject({ created: 1, cases: 1 });
  });
});
