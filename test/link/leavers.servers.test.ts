/** Members who leave: what is asked, what is recorded, and what must not be forgotten when a record is gone from a system. */
import { expectSettledTruly } from '../helpers/settledTruly.js';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { answerCase, closeCase } from '../../src/cases/answers.js';
import { nextStep } from '../../src/core/live.js';
import type { SystemName } from '../../src/core/record.js';
import { applyDecision } from '../../src/link/carryOut.js';
import { applyItems } from '../../src/link/applyItems.js';
import { LinkClaims } from '../../src/link/claims.js';
import { readRecord } from '../../src/link/readRecord.js';
import { listOpenCases, openCases } from '../../src/store/cases.js';
import { ensureConnection } from '../../src/store/connections.js';
import { openDatabase, type Sql } from '../../src/store/database.js';
import { addEvents, addressEvents } from '../../src/store/inbox.js';
import { agree, dropProposals, pairsByIds, proposeLinks } from '../../src/store/links.js';
import { keepNewcomers, takePlaces } from '../../src/store/openPlaces.js';
import { endedItems } from '../../src/store/planItems.js';
import { approvePlan, draftPlan } from '../../src/store/plans.js';
import { countUnreferenced, linksLackingReference } from '../../src/store/references.js';
import { endScan, openScan } from '../../src/store/scans.js';
import { upsertShadows } from '../../src/store/shadows.js';
import { scriptedConnection, type ScriptedConnection } from '../helpers/scriptedSystem.js';
import { planFor, propose, scanAll } from '../helpers/seededStore.js';
import { freshDatabase, type FreshDatabase, uniqueName } from '../helpers/servers.js';

let database: FreshDatabase;
let pool: Sql;
let sql: Sql;
let claims: LinkClaims;
let connection: ScriptedConnection;

const zoe = { firstName: 'Zoé', phone: '+33612345678', city: 'Lyon' };

beforeAll(async () => {
  database = await freshDatabase();
  pool = openDatabase(database.url, { maxConnections: 6, applicationName: 'leavers test' });
  sql = pool.another({ plans: 'kept' });
});
afterAll(async () => {
  await sql.end();
  await pool.end();
  await database.drop();
});
beforeEach(async () => {
  claims = new LinkClaims(pool);
  connection = scriptedConnection(uniqueName('club'));
  await ensureConnection(sql, connection.scope.connectionId);
  // Live work has begun.
  const { id } = await draftPlan(sql, connection.scope, 'first');
  await approvePlan(sql, connection.scope, id, 'ann');
});
afterEach(async () => {
  await claims.close();
  await expectSettledTruly(sql, connection);
});

const cases = async () => (await listOpenCases(sql, connection.scope)).map(({ kind, subject }) => `${kind} ${subject}`);
const caseOf = async (kind: string) => (await listOpenCases(sql, connection.scope)).find((one) => one.kind === kind)!;
const pairOf = async (linkId: string) => (await pairsByIds(sql, connection.scope, [linkId])).get(linkId);

/** Zoé, known to both systems, which agree about her. */
async function linked(): Promise<string> {
  connection.systems.yapla.put('a1', zoe);
  connection.systems.yoplanning.put('b1', zoe);
  await scanAll(sql, connection);
  const [linkId] = (await propose(sql, connection, [['a1', 'b1']])) as [string];
  await agree(sql, connection.scope, [{ linkId, base: connection.hash(zoe), baseFields: zoe }]);
  return linkId;
}

/** The system tells of a record, whatever happened to it. */
async function isTold(system: SystemName, id: string, event: 'deleted' | 'updated' = 'deleted'): Promise<void> {
  await addEvents(sql, [{ ...connection.scope, system, event, externalId: id, body: '{"id":1}' }]);
  await addressEvents(sql, [{ connectionId: connection.scope.connectionId, debounceMs: 0, resignalMs: 60_000 }], 10);
}

/** As the link's workflow does it: looks, decides, and has it carried out until the link rests. @returns what it came to */
async function lives(linkId: string): Promise<string> {
  let { view } = await readRecord({ sql, claims, connection, linkId, lane: 'live' });
  for (let nth = 1; ; nth++) {
    const step = nextStep(view, ['yapla', 'yoplanning', 'answer']);
    if (step.do === 'rest' || nth > 8) return step.outcome;
    const { decision } = step;
    const writeId = `live/test/${uniqueName('look')}`;
    ({ view } = await applyDecision({ sql, claims, connection, linkId, decision, version: view.version, writeId }));
  }
}

async function leaves(system: SystemName, id: string): Promise<void> {
  connection.systems[system].records.delete(id);
  await isTold(system, id);
}

/** A complete list of a system, which shows what it holds now. */
async function listed(system: SystemName): Promise<void> {
  const scanId = await openScan(sql, connection.scope, system, uniqueName('run'));
  const rows = [...connection.systems[system].records.values()].map((record) => connection.shadowOf(record));
  await upsertShadows(sql, connection.scope, system, rows, { seenBy: { scanId, pass: 1 } });
  await endScan(sql, scanId, 'complete');
}

const apply = (planId: number) => applyItems({ sql, claims, connection, planId, cancelled: () => false }, 1, 100);
const outcomes = (planId: number) => endedItems(sql, planId, 'remote', 1, 100);

test.each([
  ['a value of the person’s own', { take: 'value', value: 'Brest' }, 'Brest'],
  ['that a system’s value counts', { take: 'yapla' }, 'Nantes'],
] as const)(
  'an answer (%s) that could not be carried out because a record was gone is carried out when it is back',
  async (_, answer, city) => {
    connection = { ...connection, fields: connection.fields.map((field) => ({ ...field, rule: 'ask' })) };
    const linkId = await linked();
    connection.systems.yapla.put('a1', { ...zoe, city: 'Nantes' });
    connection.systems.yoplanning.put('b1', { ...zoe, city: 'Rennes' });
    await scanAll(sql, connection);
    await lives(linkId);
    const { id } = await caseOf('conflict');
    await leaves('yoplanning', 'b1');
    await answerCase(sql, id, answer, 'ann');
    expect(await lives(linkId)).toBe('removed');
    expect(await cases()).toContain(`conflict ${linkId}`);
    connection.systems.yoplanning.put('b1', { ...zoe, city: 'Rennes' });
    await isTold('yoplanning', 'b1', 'updated');
    await lives(linkId);
    expect(connection.systems.yapla.records.get('a1')!.fields['city']).toBe(city);
    expect(connection.systems.yoplanning.records.get('b1')!.fields['city']).toBe(city);
    expect(await cases()).toEqual([]);
  },
);

test.each(['open', 'left as it was'] as const)(
  'the removal of one record, whose question is %s, does not answer for that of the other',
  async (question) => {
    const linkId = await linked();
    await leaves('yapla', 'a1');
    expect(await lives(linkId)).toBe('removed');
    expect(await cases()).toEqual(['removal yapla:a1']);
    if (question !== 'open') await closeCase(sql, (await caseOf('removal')).id, 'ann', null);
    connection.systems.yapla.put('a1', zoe);
    await isTold('yapla', 'a1', 'updated');
    await leaves('yoplanning', 'b1');
    expect(await lives(linkId)).toBe('removed');
    expect(await cases()).toEqual(['removal yoplanning:b1']);
  },
);

test.each(['open', 'left as it was'] as const)(
  'the removal of both, one after the other, is asked about both where the first question is %s',
  async (question) => {
    const linkId = await linked();
    await leaves('yapla', 'a1');
    await lives(linkId);
    if (question !== 'open') await closeCase(sql, (await caseOf('removal')).id, 'ann', null);
    await leaves('yoplanning', 'b1');
    expect(await lives(linkId)).toBe('removed');
    const asked = question === 'open' ? ['removal yapla:a1'] : [];
    expect(await cases()).toEqual([...asked, 'removal yoplanning:b1']);
    expect(await lives(linkId)).toBe('removed');
    expect(await cases()).toHaveLength(asked.length + 1);
  },
);

test('a member of whom somebody told since the list that did not show them is not gone, where none can be read', async () => {
  Object.assign(connection.systems.yapla, { readsOne: false });
  const linkId = await linked();
  await sql`update reading set read_at = now() - interval '1 hour' where connection_id = ${connection.scope.connectionId} and kind = ${connection.scope.kind} and external_id = 'a1'`;
  connection.systems.yapla.records.delete('a1');
  await listed('yapla');
  const planId = await planFor(sql, connection, [linkId]);
  // Back, as they were: nothing that is compared has changed.
  await upsertShadows(sql, connection.scope, 'yapla', [connection.shadowOf(connection.systems.yapla.put('a1', zoe))]);
  await apply(planId);
  expect((await pairOf(linkId))!.shadows.yapla).not.toBeNull();
  expect(await cases()).toEqual([]);
});

test('a record that somebody shows while it is proven gone is looked at again before anything is said', async () => {
  const linkId = await linked();
  const { yoplanning } = connection.systems;
  const back = connection.shadowOf(yoplanning.records.get('b1')!);
  await sql`update reading set read_at = now() - interval '1 hour' where connection_id = ${connection.scope.connectionId} and kind = ${connection.scope.kind} and external_id = 'b1'`;
  yoplanning.records.delete('b1');
  await listed('yoplanning');
  const planId = await planFor(sql, connection, [linkId]);
  yoplanning.arrives = async () => void (await upsertShadows(sql, connection.scope, 'yoplanning', [back]));
  await apply(planId);
  expect(await outcomes(planId)).toEqual({ changed: 1 });
  expect((await pairOf(linkId))!.shadows.yoplanning).not.toBeNull();
  expect(await cases()).toEqual([]);
  const again = await sql`
    select 1 from inbox where connection_id = ${connection.scope.connectionId} and kind = ${connection.scope.kind} and external_id = 'b1' and handled_at is null`;
  expect(again).toHaveLength(1);
});

test('a person who leaves the one system that knew them is forgotten by a bulk sync, and nobody is asked', async () => {
  connection.systems.yapla.put('a1', zoe);
  await scanAll(sql, connection);
  const [linkId] = (await propose(sql, connection, [['a1', null]])) as [string];
  await sql`update reading set read_at = now() - interval '1 hour' where connection_id = ${connection.scope.connectionId} and kind = ${connection.scope.kind}`;
  connection.systems.yapla.records.delete('a1');
  await listed('yapla');
  const planId = await planFor(sql, connection, [linkId]);
  await apply(planId);
  expect(await cases()).toEqual([]);
  expect(await pairOf(linkId)).toBeUndefined();
  expect(await outcomes(planId)).toEqual({ dropped: 1 });
});

test('whether to create somebody is no question any more once they have left', async () => {
  connection.systems.yapla.put('a1', zoe);
  await scanAll(sql, connection);
  const [linkId] = (await propose(sql, connection, [['a1', null]])) as [string];
  await openCases(sql, connection.scope, null, [{ kind: 'create', subject: linkId, linkId, details: {} }]);
  await leaves('yapla', 'a1');
  expect(await lives(linkId)).toBe('unknown');
  expect(await cases()).toEqual([]);
});

test('a pair that a plan proposed and of which one record is gone is no plan’s any more: its question goes with it else', async () => {
  connection.systems.yapla.put('a1', zoe);
  connection.systems.yoplanning.put('b1', zoe);
  await scanAll(sql, connection);
  const { id: planId } = await draftPlan(sql, connection.scope, 'second');
  const linkId = 'yapla:a1';
  await proposeLinks(sql, connection.scope, [{ linkId, yaplaId: 'a1', yoplanningId: 'b1', matchedBy: 'test' }], planId);
  await leaves('yapla', 'a1');
  expect(await lives(linkId)).toBe('removed');
  await dropProposals(sql, connection.scope, 'all');
  expect(await cases()).toEqual(['removal yapla:a1']);
  expect((await pairOf(linkId))?.ids).toEqual({ yapla: 'a1', yoplanning: 'b1' });
});

test('who waited for a place until the removal was proven is looked at as soon as a single read proves it', async () => {
  const linkId = await linked();
  connection.systems.yoplanning.put('b2', zoe);
  await scanAll(sql, connection);
  await keepNewcomers(sql, connection.scope, [{ linkId, system: 'yoplanning', id: 'b2' }]);
  await leaves('yoplanning', 'b1');
  await lives(linkId);
  const waiting = await sql<{ id: string }[]>`
    select external_id as id from inbox where connection_id = ${connection.scope.connectionId} and kind = ${connection.scope.kind} and handled_at is null`;
  expect(waiting.map(({ id }) => id)).toEqual(['b2']);
});

test('a record that is back, and whose place another one has taken, is a question, and no part of the link', async () => {
  const linkId = await linked();
  await leaves('yapla', 'a1');
  await lives(linkId);
  connection.systems.yapla.put('a2', zoe);
  await listed('yapla');
  await takePlaces(sql, connection.scope, [{ linkId, system: 'yapla', id: 'a2', matchedBy: 'test' }]);
  await lives(linkId);
  connection.systems.yapla.put('a1', { ...zoe, city: 'Nantes' });
  await isTold('yapla', 'a1', 'updated');
  await lives(linkId);
  expect(await cases()).toEqual(['doubt yapla:a1 yapla:a2']);
  expect((await pairOf(linkId))!.ids).toEqual({ yapla: 'a2', yoplanning: 'b1' });
});

test('a record whose counterpart is gone is given no reference to it', async () => {
  const linkId = await linked();
  const lacking = async () =>
    (await linksLackingReference(sql, connection.scope, 'yoplanning', '', 9, [])).map(({ id }) => id);
  expect([await lacking(), await countUnreferenced(sql, connection.scope, 'yoplanning')]).toEqual([['b1'], 1]);
  await leaves('yapla', 'a1');
  await lives(linkId);
  expect([await lacking(), await countUnreferenced(sql, connection.scope, 'yoplanning')]).toEqual([[], 0]);
});
