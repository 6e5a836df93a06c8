import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  AccessRefused,
  BudgetExhausted,
  InvalidRecord,
  NoAnswer,
  ServerFailed,
  UnexpectedResponse,
  WritesStopped,
} from '../../src/http/failures.js';
import { uuidOf } from '../../src/core/linkId.js';
import type { CanonicalFields } from '../../src/core/record.js';
import { answerCase } from '../../src/cases/answers.js';
import { listOpenCases, openCases } from '../../src/store/cases.js';
import { openDatabase, type Sql } from '../../src/store/database.js';
import { openIntents } from '../../src/store/intents.js';
import { signalledLinks } from '../../src/store/inbox.js';
import { findLinkStates } from '../../src/store/linkState.js';
import { draftPlan } from '../../src/store/plans.js';
import { wholeStep } from '../../src/link/view.js';
import { agree, deleteLink, pairsByIds } from '../../src/store/links.js';
import { addItems, endedItems, pendingItems } from '../../src/store/planItems.js';
import { applyItems, applyLocalItems } from '../../src/link/applyItems.js';
import { LinkClaims } from '../../src/link/claims.js';
import { scriptedConnection, type ScriptedConnection, type ScriptedOptions } from '../helpers/scriptedSystem.js';
import { planFor, propose, scanAll } from '../helpers/seededStore.js';
import { freshDatabase, uniqueName, type FreshDatabase } from '../helpers/servers.js';

let database: FreshDatabase;
let sql: Sql;
let claims: LinkClaims;
let connection: ScriptedConnection;

beforeAll(async () => {
  database = await freshDatabase();
  sql = openDatabase(database.url, { maxConnections: 6, applicationName: 'applyItems test' });
});
beforeEach(() => {
  claims = new LinkClaims(sql);
});
afterEach(async () => await claims.close());
afterAll(async () => {
  await sql.end();
  await database.drop();
});

const base = { firstName: 'Zoé', phone: '+33612345678', city: 'Lyon' };

/** So many linked people whose city differs: each needs one write in Yoplanning. */
async function changed(n: number, options: ScriptedOptions = {}): Promise<{ planId: number; linkIds: string[] }> {
  connection = scriptedConnection(uniqueName('club'), options);
  const ids = Array.from({ length: n }, (_, at) => `${at + 1}`);
  for (const id of ids) {
    connection.systems.yapla.put(`a${id}`, { ...base, city: 'Nantes' });
    connection.systems.yoplanning.put(`b${id}`, base);
  }
  return await planned(ids.map((id) => [`a${id}`, `b${id}`] as const));
}

async function planned(pairs: readonly (readonly [string | null, string | null])[]) {
  await scanAll(sql, connection);
  const linkIds = await propose(sql, connection, pairs);
  return { linkIds, planId: await planFor(sql, connection, linkIds) };
}

const agreeOn = async (linkId: string, fields: CanonicalFields) =>
  await agree(sql, connection.scope, [{ linkId, base: connection.hash(fields), baseFields: fields }]);
const conflictAbout = (linkId: string) => ({
  kind: 'conflict' as const,
  subject: linkId,
  field: 'city',
  linkId,
  details: {},
});

/** A plan of local items: links that agree. */
async function localPlan(pairs: readonly (readonly [string, string])[]): Promise<{ id: number; linkIds: string[] }> {
  await scanAll(sql, connection);
  const linkIds = await propose(sql, connection, pairs);
  const { id } = await draftPlan(sql, connection.scope, 'local');
  const states = await findLinkStates(sql, connection.scope, linkIds, { depth: 'hashes' });
  const items = linkIds.map((linkId, at) => {
    const { step } = wholeStep(connection, states.get(linkId)!);
    if (step.do === 'rest') throw new Error(`${linkId} needs nothing`);
    return { n: at + 1, kind: 'link' as const, linkId, decision: step.decision, version: 1 };
  });
  await addItems(sql, id, 'local', items);
  return { id, linkIds };
}

const apply = (planId: number, to = 100) =>
  applyItems({ sql, claims, connection, planId, cancelled: () => false }, 1, to);
const pending = async (planId: number) =>
  (await pendingItems(sql, planId, 'remote', 1, 100)).map(({ n, attempts }) => ({ n, attempts }));
const outcomes = (planId: number) => endedItems(sql, planId, 'remote', 1, 100);
const writes = () => connection.systems.yoplanning.calls.filter((call) => call.startsWith('update'));

const context = (record: string, method = 'PUT') => ({
  connection: 'club',
  system: 'yoplanning',
  access: method === 'GET' ? ('read' as const) : method === 'POST' ? ('create' as const) : ('update' as const),
  method,
  path: `/clients/${record}`,
  record,
});
const failing = (records: readonly string[], make: (record: string) => Error) => (_: string, id: string) => {
  if (records.includes(id)) throw make(id);
};
const serverFails = (record: string) => new ServerFailed(context(record), 'unknown', 500);

describe('applying a chunk', () => {
  test('ends each item once, and an attempt that repeats it writes nothing', async () => {
    const { planId } = await changed(5, { bulk: { parallelItems: 3 } });
    await apply(planId);
    expect(await outcomes(planId)).toEqual({ written: 5 });
    await apply(planId);
    expect(writes()).toHaveLength(5);
  });

  test('leaves links that another worker writes for the next attempt, and does the others', async () => {
    const { planId, linkIds } = await changed(3);
    const other = new LinkClaims(sql);
    const theirs = await other.claim(connection.scope, [linkIds[1]!]);
    await expect(apply(planId)).rejects.toMatchObject({ name: 'LinkBusy' });
    expect((await pending(planId)).map(({ n }) => n)).toEqual([2]);
    await theirs.release();
    await apply(planId);
    expect(await outcomes(planId)).toEqual({ written: 3 });
    await other.close();
  });
});

test('an item whose link is gone since the plan was drawn (merged, or forgotten) is ended, and the others are applied', async () => {
  const { planId, linkIds } = await changed(3);
  await sql.begin(async (tx) => await deleteLink(tx, connection.scope, linkIds[1]!));
  await apply(planId);
  expect(await outcomes(planId)).toEqual({ written: 2, dropped: 1 });
  expect(await pending(planId)).toEqual([]);
});

test('a field that was frozen is left as it is while the record’s other fields are written', async () => {
  const { linkIds } = await changed(1);
  connection.systems.yapla.put('a1', { ...base, city: 'Nantes', phone: '+33699999999' });
  await scanAll(sql, connection);
  const saw = { yapla: {}, yoplanning: {} };
  await openCases(sql, connection.scope, null, [
    { kind: 'frozen', subject: linkIds[0]!, field: 'city', linkId: linkIds[0]!, details: {}, saw },
  ]);
  await apply(await planFor(sql, connection, linkIds));
  expect(connection.systems.yoplanning.records.get('b1')!.fields).toEqual({ ...base, phone: '+33699999999' });
  expect(await listOpenCases(sql, connection.scope)).toMatchObject([{ kind: 'frozen', field: 'city' }]);
});

test('a field that was accepted and not taken is not sent again beside another one, and stays a question', async () => {
  const { linkIds } = await changed(1);
  connection.systems.yapla.put('a1', { ...base, city: 'Nantes', phone: '+33699999999' });
  await scanAll(sql, connection);
  const saw = { yapla: connection.hash({ city: 'Nantes' }), yoplanning: connection.hash({ city: 'Lyon' }) };
  await openCases(sql, connection.scope, null, [
    { kind: 'notTaken', subject: linkIds[0]!, field: 'city', linkId: linkIds[0]!, details: {}, saw },
  ]);
  await apply(await planFor(sql, connection, linkIds));
  expect(connection.systems.yoplanning.records.get('b1')!.fields).toEqual({ ...base, phone: '+33699999999' });
  expect(await listOpenCases(sql, connection.scope)).toMatchObject([{ kind: 'notTaken', field: 'city' }]);
});

describe('a failure that is the record’s', () => {
  test('as 400 is a case with the server’s words, ends the item, and the rest goes on', async () => {
    const { planId, linkIds } = await changed(3);
    connection.systems.yoplanning.arrives = failing(
      ['b2'],
      (id) => new InvalidRecord(context(id), 400, ['city'], 'no such city'),
    );
    await apply(planId);
    expect(await outcomes(planId)).toEqual({ written: 2, refused: 1 });
    const [one] = await listOpenCases(sql, connection.scope);
    expect(one).toMatchObject({ kind: 'refused', linkId: linkIds[1] });
    const [row] = await sql<{ details: unknown }[]>`select details from cases where id = ${one!.id}`;
    expect(row!.details).toMatchObject({ failure: 'InvalidRecord', fields: ['city'], words: 'no such city' });
  });

  test('as 500 again and again, while others pass, is a case after the configured attempts', async () => {
    const { planId } = await changed(3);
    connection.systems.yoplanning.arrives = failing(['b2'], serverFails);
    await expect(apply(planId)).rejects.toMatchObject({ type: 'ServerFailed', context: { record: 'b2' } });
    expect(await pending(planId)).toEqual([{ n: 2, attempts: 1 }]);
    await apply(planId);
    expect(await outcomes(planId)).toEqual({ written: 2, keepsFailing: 1 });
  });
});

describe('answers about a record that are no records at all', () => {
  const notJson = (id: string) => new UnexpectedResponse(context(id, 'GET'), 'none', 'the answer is not JSON');

  test('are asked for three times and are then a question about that record alone, whatever the others come to', async () => {
    const { planId, linkIds } = await changed(3, { bulk: { maxItemAttempts: 4 } });
    connection.systems.yoplanning.arrives = failing(['b2'], notJson);
    for (const _ of ['with the others', 'alone'])
      await expect(apply(planId)).rejects.toMatchObject({ type: 'UnexpectedResponse', context: { record: 'b2' } });
    await apply(planId);
    expect(await outcomes(planId)).toEqual({ written: 2, refused: 1 });
    expect(writes().filter((call) => call === 'update b2')).toHaveLength(3);
    const asked = await listOpenCases(sql, connection.scope);
    expect(asked).toMatchObject([{ kind: 'unreadable', subject: 'yoplanning:b2', linkId: linkIds[1] }]);
  });

  test('are nobody’s question where all answers are like that: it is the server', async () => {
    const { planId } = await changed(5);
    connection.systems.yoplanning.arrives = failing(['b1', 'b2', 'b3', 'b4', 'b5'], notJson);
    for (let n = 0; n < 4; n++) await expect(apply(planId)).rejects.toMatchObject({ type: 'UnexpectedResponse' });
    expect(await listOpenCases(sql, connection.scope)).toEqual([]);
    expect(await outcomes(planId)).toEqual({});
  });
});

test('whoever makes the attempts hears of each success, so that a failure after it is a first one', async () => {
  const { planId } = await changed(3);
  const heard: string[] = [];
  connection.systems.yoplanning.arrives = (_, id) => {
    heard.push(id);
    if (id === 'b2') throw serverFails(id);
  };
  const succeeded = () => void heard.push('success');
  await expect(
    applyItems({ sql, claims, connection, planId, cancelled: () => false, succeeded }, 1, 100),
  ).rejects.toMatchObject({ type: 'ServerFailed' });
  expect(heard).toEqual(['b1', 'success', 'b2', 'b3', 'success']);
});

describe('a failure that is the server’s', () => {
  test('three times in a row ends the attempt: the rest is not even asked', async () => {
    const { planId } = await changed(8);
    connection.systems.yoplanning.arrives = failing(['b1', 'b2', 'b3', 'b4', 'b5', 'b6', 'b7', 'b8'], serverFails);
    await expect(apply(planId)).rejects.toMatchObject({ type: 'ServerFailed' });
    expect(writes()).toHaveLength(3);
    expect(await outcomes(planId)).toEqual({});
  });

  test('before anything was read counts against nobody, however often', async () => {
    const { planId } = await changed(1);
    connection.systems.yoplanning.arrives = failing(
      ['b1'],
      (id) => new NoAnswer(context(id, 'GET'), 'none', 'ECONNREFUSED'),
    );
    for (let n = 0; n < 4; n++) await expect(apply(planId)).rejects.toMatchObject({ type: 'NoAnswer' });
    expect(await pending(planId)).toEqual([{ n: 1, attempts: 0 }]);
  });

  test.each([
    ['AccessRefused', (id: string) => new AccessRefused(context(id), 401)],
    ['BudgetExhausted', (id: string) => new BudgetExhausted(context(id), 0, 'day')],
  ])('of type %s ends the attempt at the first', async (type, make) => {
    const { planId } = await changed(4);
    connection.systems.yoplanning.arrives = failing(['b1', 'b2', 'b3', 'b4'], make);
    await expect(apply(planId)).rejects.toMatchObject({ type });
    expect(writes()).toHaveLength(1);
    expect((await pending(planId)).map(({ attempts }) => attempts)).toEqual([0, 0, 0, 0]);
  });
});

describe('a system that takes no writes', () => {
  test('leaves its items pending, asked once, and keeps nothing from those that go to the other system', async () => {
    connection = scriptedConnection(uniqueName('club'));
    for (const id of ['b1', 'b2', 'b3']) connection.systems.yoplanning.put(id, base);
    for (const id of ['a1', 'a2']) connection.systems.yapla.put(id, base);
    const alone = ['b1', 'b2', 'b3'].map((id) => [null, id] as const);
    const { planId } = await planned([...alone, ['a1', null], ['a2', null]]);
    const { yapla, yoplanning } = connection.systems;
    yapla.arrives = (_, id) => {
      throw new WritesStopped({ ...context(id), system: 'yapla' }, '403 on POST /members');
    };
    const inHand = connection.config.bulk.parallelItems;
    expect(await apply(planId)).toMatchObject({ type: 'WritesStopped' });
    expect(await outcomes(planId)).toEqual({ created: 2 });
    expect(await pending(planId)).toEqual([1, 2, 3].map((n) => ({ n, attempts: 0 })));
    expect(yapla.calls.length).toBeLessThanOrEqual(Math.min(3, inHand));
    expect(yoplanning.calls).toHaveLength(2);
    yapla.arrives = () => undefined;
    expect(await apply(planId)).toBeNull();
    expect(await outcomes(planId)).toEqual({ created: 5 });
  });
});

describe('a creation', () => {
  test('that certainly did not happen is settled: the next attempt need not look', async () => {
    connection = scriptedConnection(uniqueName('club'));
    connection.systems.yapla.put('a1', base);
    const { planId, linkIds } = await planned([['a1', null]]);
    const id = uuidOf(linkIds[0]!, connection.scope);
    connection.systems.yoplanning.arrives = failing([id], () => new BudgetExhausted(context(id), 0, 'day'));
    await expect(apply(planId)).rejects.toMatchObject({ type: 'BudgetExhausted' });
    expect(await openIntents(sql, connection.scope, 'all')).toEqual([]);
    connection.systems.yoplanning.arrives = () => undefined;
    await apply(planId);
    expect(connection.systems.yoplanning.calls).toEqual([`create ${id}`, `create ${id}`]);
  });

  test('that may have happened stays open, is looked up, and is not repeated', async () => {
    connection = scriptedConnection(uniqueName('club'));
    connection.systems.yapla.put('a1', base);
    const { planId, linkIds } = await planned([['a1', null]]);
    const id = uuidOf(linkIds[0]!, connection.scope);
    connection.systems.yoplanning.answers = () => {
      throw new NoAnswer(context(id), 'unknown', 'ECONNRESET');
    };
    await expect(apply(planId)).rejects.toMatchObject({ type: 'NoAnswer' });
    expect(await openIntents(sql, connection.scope, 'all')).toHaveLength(1);
    await apply(planId);
    expect(connection.systems.yoplanning.calls).toEqual([`create ${id}`, `read ${id}`]);
    expect(await outcomes(planId)).toEqual({ created: 1 });
  });

  test('is the plan’s, and what its system gave the new record by itself is left to live work, which is told', async () => {
    connection = scriptedConnection(uniqueName('club'));
    connection.systems.yoplanning.put('b1', { ...base, city: null });
    connection.systems.yapla.defaults = { city: 'Paris' };
    const { planId, linkIds } = await planned([[null, 'b1']]);
    await apply(planId);
    expect(await outcomes(planId)).toEqual({ created: 1 });
    expect(connection.systems.yoplanning.calls).toEqual([]);
    expect(await signalledLinks(sql, connection.scope, linkIds)).toEqual(new Set(linkIds));
  });
});

test('a first of two writes is recorded even when the quota ends before the second, and is not sent again', async () => {
  const { linkIds } = await changed(1);
  connection.systems.yoplanning.put('b1', { ...base, phone: '+33699999999' });
  await scanAll(sql, connection);
  await agreeOn(linkIds[0]!, base);
  const both = await planFor(sql, connection, linkIds);
  connection.systems.yoplanning.arrives = failing(['b1'], (id) => new BudgetExhausted(context(id, 'PUT'), 0, 'day'));
  await expect(apply(both)).rejects.toMatchObject({ type: 'BudgetExhausted' });
  connection.systems.yoplanning.arrives = () => undefined;
  await apply(both);
  expect(await outcomes(both)).toEqual({ written: 1 });
  expect(connection.systems.yapla.calls).toEqual(['update a1']);
});

describe('an item whose link has changed since it was planned', () => {
  const isTold = async (linkIds: readonly string[]) => [...(await signalledLinks(sql, connection.scope, linkIds))];

  test.each([
    [
      'one of its records was read, and shows something else',
      async () => {
        connection.systems.yapla.put('a1', { ...base, city: 'Brest' });
        await scanAll(sql, connection);
      },
    ],
    ['its base has moved', async (linkId: string) => await agreeOn(linkId, { city: 'Brest' })],
    [
      'a person answered a question about it',
      async (linkId: string) => {
        await openCases(sql, connection.scope, null, [conflictAbout(linkId)]);
        const [one] = await listOpenCases(sql, connection.scope);
        await answerCase(sql, one!.id, { take: 'yapla' }, 'ann');
      },
    ],
  ])('because %s: nothing of it is written, and live work is told', async (_, change) => {
    const { planId, linkIds } = await changed(2);
    await change(linkIds[0]!);
    await apply(planId);
    expect(await outcomes(planId)).toEqual({ changed: 1, written: 1 });
    expect(writes()).toEqual(['update b2']);
    expect(await isTold(linkIds)).toEqual([linkIds[0]]);
  });

  test('while it is read for the write: nothing is written, and live work is told', async () => {
    const { planId, linkIds } = await changed(1);
    connection.systems.yoplanning.put('b1', { ...base, phone: '+33699999999' });
    await apply(planId);
    expect(await outcomes(planId)).toEqual({ changed: 1 });
    expect(connection.systems.yoplanning.records.get('b1')!.fields['city']).toBe('Lyon');
    expect(await isTold(linkIds)).toEqual(linkIds);
  });
});

test('a local item beside a live write moves no base: its link has another version by then', async () => {
  connection = scriptedConnection(uniqueName('club'));
  connection.systems.yapla.put('a1', base);
  connection.systems.yoplanning.put('b1', base);
  const { id: planId, linkIds } = await localPlan([['a1', 'b1']]);
  // Live work wrote another city to both since the plan was drawn.
  for (const [system, id] of [
    ['yapla', 'a1'],
    ['yoplanning', 'b1'],
  ] as const) {
    connection.systems[system].put(id, { ...base, city: 'Brest' });
  }
  await scanAll(sql, connection);
  await applyLocalItems({ sql, connection, planId });
  const link = (await pairsByIds(sql, connection.scope, linkIds)).get(linkIds[0]!)!;
  expect([link.state, link.base]).toEqual(['proposed', null]);
  expect(await endedItems(sql, planId, 'local', 1, 9)).toEqual({ changed: 1 });
});

test('an item that fails does not give up the claims under the others: all have ended when the attempt has', async () => {
  const { planId, linkIds } = await changed(2, { bulk: { parallelItems: 2 } });
  let claimedMeanwhile: number | undefined;
  connection.systems.yoplanning.arrives = async (_, id) => {
    if (id === 'b2') throw new TypeError('a fault of ours');
    for (let n = 0; n < 5; n++) await sql`select 1`;
    const other = new LinkClaims(sql);
    claimedMeanwhile = (await other.claim(connection.scope, [linkIds[0]!])).linkIds.size;
    await other.close();
  };
  await expect(apply(planId)).rejects.toThrow(TypeError);
  expect(claimedMeanwhile).toBe(0);
  expect(await outcomes(planId)).toEqual({ written: 1 });
});

test('writes that change what is not mapped stop the connection when there are as many as configured', async () => {
  const { planId } = await changed(4);
  connection.systems.yoplanning.unmappedChanged = ['note'];
  await apply(planId);
  expect(connection.stops[0]).toMatch(/^2 writes changed values that are not mapped/);
});
