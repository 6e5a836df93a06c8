/** What those who write for one connection commit together, and what of it stays apart. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { openDatabase, type Sql } from '../../src/store/database.js';
import { openIntents } from '../../src/store/intents.js';
import { endedItems, pendingItems } from '../../src/store/planItems.js';
import type { Intended } from '../../src/link/linkWork.js';
import type { ItemResult } from '../../src/link/results.js';
import { sharedWork } from '../../src/link/sharedWork.js';
import { scriptedConnection, type ScriptedConnection } from '../helpers/scriptedSystem.js';
import { planFor, propose, scanAll } from '../helpers/seededStore.js';
import { freshDatabase, uniqueName, type FreshDatabase } from '../helpers/servers.js';

let database: FreshDatabase;
let sql: Sql;
let connection: ScriptedConnection;
let linkIds: readonly string[];

beforeAll(async () => {
  database = await freshDatabase();
  sql = openDatabase(database.url, { maxConnections: 4, applicationName: 'shared work test' });
});
beforeEach(async () => {
  connection = scriptedConnection(uniqueName('club'));
  const ids = ['1', '2', '3'];
  for (const id of ids) connection.systems.yapla.put(id, { city: 'Lyon' });
  await scanAll(sql, connection);
  linkIds = await propose(
    sql,
    connection,
    ids.map((id) => [id, null]),
  );
});
afterAll(async () => {
  await sql.end();
  await database.drop();
});

/** Transactions that made the rows of this connection: PostgreSQL keeps its number with each row. */
async function transactionsOf(table: 'journal' | 'intent' | 'cases'): Promise<string[]> {
  const rows = await sql<{ by: string }[]>`
    select xmin::text as by from ${sql(table)} where connection_id = ${connection.scope.connectionId}`;
  return rows.map(({ by }) => by);
}

describe('what must stand before a write is sent', () => {
  const intended = (linkId: string): Intended => ({
    journal: [
      {
        linkId,
        system: 'yoplanning',
        externalId: null,
        field: 'city',
        oldValue: null,
        newValue: 'Lyon',
        origin: 'yapla',
        reason: 'created',
        writeId: `write of ${linkId}`,
      },
    ],
    intent: { linkId, system: 'yoplanning', externalId: null, hashes: {}, fields: {} },
  });

  test('is one transaction for several hands, and stands when each of them is told so', async () => {
    const { intend } = sharedWork(sql, connection);
    const standing = await Promise.all(
      linkIds.map(async (linkId) => {
        await intend(intended(linkId));
        return (await openIntents(sql, connection.scope, [linkId])).length;
      }),
    );
    expect(standing).toEqual([1, 1, 1]);
    const made = [...(await transactionsOf('journal')), ...(await transactionsOf('intent'))];
    expect(made).toHaveLength(6);
    expect(new Set(made).size).toBe(1);
  });

  test('is refused to all of a transaction that fails, and leaves nothing of it behind', async () => {
    const { intend } = sharedWork(sql, connection);
    const { intent } = intended('yapla:2');
    // No journal can hold it: the column is not null.
    const broken = { journal: [{ ...intended('yapla:2').journal[0]!, reason: null as never }], intent };
    const answers = await Promise.allSettled([intend(intended('yapla:1')), intend(broken)]);
    expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect([...(await transactionsOf('journal')), ...(await transactionsOf('intent'))]).toEqual([]);
    await intend(intended('yapla:1'));
    expect(await openIntents(sql, connection.scope, 'all')).toMatchObject([{ linkId: 'yapla:1', sends: 1 }]);
  });
});

describe('results', () => {
  const result = (n: number, linkId: string): ItemResult => ({
    item: { n, more: false },
    linkId,
    version: 1,
    decidedOn: { base: null, readAt: { yapla: null, yoplanning: null } },
    facts: { base: {}, baseFields: {}, ids: {}, equal: {} },
    outcome: 'asked',
    shadows: [],
    agreement: null,
    journal: [],
    cases: [{ kind: 'removal', subject: linkId, linkId, details: {} }],
    settledIntents: [],
    gone: [],
    carriedOut: [],
  });
  const pending = async (planId: number) => (await pendingItems(sql, planId, 'remote', 1, 100)).map(({ n }) => n);
  const casesOf = async (planId: number) =>
    (await sql<{ subject: string }[]>`select subject from cases where plan_id = ${planId} order by id`).map(
      ({ subject }) => subject,
    );

  test('of several plans, gathered in one group, end each plan’s own items', async () => {
    const [first, second] = [await planFor(sql, connection, linkIds), await planFor(sql, connection, linkIds.slice(1))];
    const { commit } = sharedWork(sql, connection);
    await Promise.all([
      commit({ planId: first, result: result(1, 'yapla:1') }),
      commit({ planId: second, result: result(2, 'yapla:3') }),
      commit({ planId: first, result: result(3, 'yapla:3') }),
    ]);
    expect([await pending(first), await pending(second)]).toEqual([[2], [1]]);
    expect(await endedItems(sql, first, 'remote', 1, 100)).toEqual({ asked: 2 });
    expect(await endedItems(sql, second, 'remote', 1, 100)).toEqual({ asked: 1 });
  });

  test('of one plan are one transaction, and their questions name it', async () => {
    const [first, second] = [await planFor(sql, connection, linkIds), await planFor(sql, connection, linkIds.slice(1))];
    const { commit } = sharedWork(sql, connection);
    await Promise.all([
      commit({ planId: first, result: result(1, 'yapla:1') }),
      commit({ planId: second, result: result(2, 'yapla:3') }),
      commit({ planId: first, result: result(2, 'yapla:2') }),
    ]);
    expect([await casesOf(first), await casesOf(second)]).toEqual([['yapla:1', 'yapla:2'], ['yapla:3']]);
    const made = await transactionsOf('cases');
    expect(made).toHaveLength(3);
    expect(new Set(made).size).toBe(2);
  });
});

test('who writes for one connection shares all of it, whatever rules are laid over; another connection has its own', () => {
  const work = sharedWork(sql, connection);
  expect(sharedWork(sql, { ...connection, fields: [] })).toBe(work);
  const other = scriptedConnection(uniqueName('club'));
  expect(sharedWork(sql, { ...other, budgets: { ...other.budgets } })).not.toBe(work);
});
