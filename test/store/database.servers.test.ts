/** The client for PostgreSQL, as every part of Passerelle opens it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { DatabaseError, openDatabase, withoutValues, type Sql } from '../../src/store/database.js';
import { waitFor } from '../embedded/waitFor.js';
import { freshDatabase, type FreshDatabase } from '../helpers/servers.js';
import { openGate, type Gate } from '../receiver/gate.js';

let database: FreshDatabase;
const open: Sql[] = [];
beforeEach(async () => {
  database = await freshDatabase();
});
afterEach(async () => {
  for (const sql of open.splice(0)) await sql.end({ timeout: 0 });
  await database.drop();
});

function connect(url = database.url): Sql {
  const sql = openDatabase(url, { maxConnections: 1, applicationName: 'database test' });
  open.push(sql);
  return sql;
}

const codeOf = (error: unknown) => (error as { readonly code?: string }).code ?? error;

test('a connection that breaks at any moment of being opened fails the statement that asked for it, and nothing else', async () => {
  const { hostname, port } = new URL(database.url);
  const whole = await openGate(`${hostname}:${port}`);
  const url = new URL(database.url);
  url.host = whole.address;
  await connect(url.href)`select 1`;
  await whole.close();
  // What the server says until then, cut off after each part of it, the greeting and the answer included.
  const ends: unknown[] = [];
  for (let after = 1; after < whole.passed; after += 5) {
    const gate = await openGate(`${hostname}:${port}`, { breaksAfterBytes: after });
    url.host = gate.address;
    ends.push(await connect(url.href)`select 1`.then(() => 'answered', codeOf));
    await gate.close();
  }
  expect(ends.length).toBeGreaterThan(50);
  expect(new Set(ends)).toEqual(new Set(['CONNECTION_CLOSED']));
});

test('a connection that breaks at any moment of a transaction fails it whole, and the pool goes on', async () => {
  const { hostname, port } = new URL(database.url);
  const url = new URL(database.url);
  const direct = connect();
  await direct`create table step (run int, n int)`;
  // Statements one behind the other, and such as follow once something else was awaited: neither may run outside of the transaction.
  const run = async (sql: Sql, nth: number) =>
    await sql.begin(async (tx) => {
      await Promise.all([1, 2, 3].map((n) => tx`insert into step values (${nth}, ${n})`));
      await tx`insert into step values (${nth}, 4)`.catch(() => undefined);
      await sleep(1);
      await tx`insert into step values (${nth}, 5)`.catch(() => undefined);
    });
  const whole = await openGate(`${hostname}:${port}`);
  url.host = whole.address;
  const trial = connect(url.href);
  await trial`select 1`;
  const before = whole.passed;
  await run(trial, 0);
  await whole.close();
  const ends = new Map<number, unknown>();
  for (let after = before + 1; after <= whole.passed; after += 2) {
    const gate = await openGate(`${hostname}:${port}`, {
      breaksAfterBytes: after,
      by: after % 4 === 1 ? 'end' : 'reset',
    });
    url.host = gate.address;
    const sql = connect(url.href);
    await sql`select 1`;
    // Somebody waits for the connection: it is opened again at once.
    const [end] = await Promise.all([run(sql, after).then(() => 'done', codeOf), reopened(gate, sql)]);
    ends.set(after, end);
    await gate.close();
  }
  // A transaction of which the last word was lost may be committed; none is in part, and no statement ran after its end.
  const runs = await direct<{ run: number; steps: number[] }[]>`
    select run, json_agg(n order by n) as steps from step group by run`;
  expect(new Set(runs.map(({ steps }) => steps.join()))).toEqual(new Set(['1,2,3,4,5']));
  const committed = new Set(runs.map((one) => one.run));
  for (const [after, end] of ends) {
    if (end === 'done') expect(committed).toContain(after);
    else expect(end).toBe('CONNECTION_CLOSED');
  }
  expect([...ends.values()].filter((end) => end !== 'done').length).toBeGreaterThan(ends.size / 2);
});

/** Opens the gate as soon as it broke, and waits until the pool answers through it. */
async function reopened(gate: Gate, sql: Sql): Promise<void> {
  await gate.broken;
  await gate.open();
  await waitFor('the pool answers again', async () =>
    sql`select 1`.then(
      () => true,
      () => false,
    ),
  );
}

test('arrays of texts and numbers go to the server to the letter, nulls and every awkward character included', async () => {
  const texts = ['', 'plain', 'a "quoted" word', 'back\\slash', '{brace,comma}', ' spaces ', 'NULL', 'é\n\t', null];
  const numbers = [0, -1, 9_007_199_254_740_991];
  const sql = connect();
  const [row] = await sql<[{ texts: unknown; ids: unknown; counts: unknown; parts: unknown; none: unknown }]>`
    select to_json(${texts}::text[]) as texts, to_json(${numbers}::bigint[]) as ids, to_json(${[1, 2]}::int[]) as counts,
           to_json(${[0.5, 1e300]}::float8[]) as parts, to_json(${[]}::text[]) as none`;
  expect(row).toEqual({ texts, ids: numbers, counts: [1, 2], parts: [0.5, 1e300], none: [] });
});

test('bigints come as numbers, and one that a number cannot hold is refused', async () => {
  const sql = connect();
  const [row] = await sql`select 9007199254740991::bigint as largest`;
  expect(row).toEqual({ largest: 9007199254740991 });
  await expect(sql`select 9007199254740993::bigint`).rejects.toThrow(RangeError);
});

test('arrays come as arrays, and a bigint within one that a number cannot hold is refused', async () => {
  const sql = connect();
  const [row] =
    await sql`select array[1, null]::bigint[] as ids, array['a', null, 'NULL'] as texts, '{}'::text[] as none`;
  expect(row).toEqual({ ids: [1, null], texts: ['a', null, 'NULL'], none: [] });
  await expect(sql`select array[9007199254740993]`).rejects.toThrow(RangeError);
});

test('an error of the server can be told without any value', async () => {
  const sql = connect();
  await sql`create table person (email text primary key)`;
  await sql`insert into person values ('zoe@example.org')`;
  const error: unknown = await sql`insert into person values ('zoe@example.org')`.catch(withoutValues);
  expect(error).toBeInstanceOf(DatabaseError);
  expect(error).toMatchObject({ code: '23505', table: 'person', constraint: 'person_pkey' });
  expect(`${(error as Error).stack}${JSON.stringify(error)}`).not.toContain('zoe@example.org');
  const other = new Error('anything else');
  expect(withoutValues(other)).toBe(other);
});
