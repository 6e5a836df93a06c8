/** The client for PostgreSQL, as every part of Passerelle opens it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { connect as dial, createServer, type AddressInfo } from 'node:net';
import { ConnectionLost, DatabaseError, openDatabase, withoutValues, type Sql } from '../../src/store/database.js';
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

describe('a transaction', () => {
  test('is undone whole where the error of a statement was caught', async () => {
    const sql = connect();
    await sql`create table step (n int primary key)`;
    const end = sql.begin(async (tx) => {
      await tx`insert into step values (1)`;
      await tx`insert into step values (1)`.catch(() => undefined);
      return 'done';
    });
    await expect(end).rejects.toMatchObject({ code: '23505' });
    expect(await sql`select * from step`).toEqual([]);
  });

  test('is undone whole where nobody waited for the statement that failed', async () => {
    const sql = connect();
    await sql`create table step (n int primary key)`;
    let unwatched: Promise<unknown> = Promise.resolve();
    const end = sql.begin(async (tx) => {
      await tx`insert into step values (1)`;
      unwatched = tx`insert into step values (1)`.catch(() => undefined);
    });
    await expect(end).rejects.toMatchObject({ code: '23505' });
    await unwatched;
    expect(await sql`select * from step`).toEqual([]);
  });

  test('that is over sends no statement any more, whoever still holds it', async () => {
    const sql = connect();
    await sql`create table step (n int)`;
    const tx = await sql.begin(async (open) => {
      await open`insert into step values (1)`;
      return open;
    });
    await expect(tx`insert into step values (2)`).rejects.toMatchObject({ name: 'TransactionOver' });
    expect(await sql`select * from step`).toEqual([{ n: 1 }]);
  });

  test('sends what is awaited together without waiting for an answer between', async () => {
    const { hostname, port } = new URL(database.url);
    // Keeps back what the server says from the first statement on, until it has seen the last one pass.
    const server = createServer((near) => {
      const far = dial(Number(port), hostname);
      let isHeld = false;
      const held: Buffer[] = [];
      near.on('data', (bytes: Buffer) => {
        isHeld = (isHeld || bytes.includes('first of them')) && !bytes.includes('last of them');
        if (!isHeld) for (const one of held.splice(0)) near.write(one);
        far.write(bytes);
      });
      far.on('data', (bytes: Buffer) => void (isHeld ? held.push(bytes) : near.write(bytes)));
      for (const socket of [near, far]) socket.on('error', () => undefined);
      near.on('close', () => far.destroy());
    }).listen(0, '127.0.0.1');
    const url = new URL(database.url);
    await new Promise((resolve) => server.once('listening', resolve));
    url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const sql = connect(url.href);
    const answers = await sql.begin(
      async (tx) =>
        await Promise.all([tx`select 'first of them' as x`, tx`select 2 as x`, tx`select 'last of them' as x`]),
    );
    expect(answers).toEqual([[{ x: 'first of them' }], [{ x: 2 }], [{ x: 'last of them' }]]);
    await sql.end({ timeout: 0 });
    server.close();
  });
});

describe('a pool', () => {
  test('whose only connection the server ends while nobody uses it opens another, and the process goes on', async () => {
    const sql = connect();
    const direct = connect();
    const [{ pid }] = await sql<[{ pid: number }]>`select pg_backend_pid() as pid`;
    await direct`select pg_terminate_backend(${pid}, 5000)`;
    await waitFor('the pool answers by another connection', async () =>
      sql<[{ pid: number }]>`select pg_backend_pid() as pid`.then(
        ([row]) => row.pid !== pid,
        () => false,
      ),
    );
  });

  test('keeps its connection after a statement that the server refused, and not one that is left within a transaction', async () => {
    const sql = connect();
    const pid = async () => (await sql<[{ pid: number }]>`select pg_backend_pid() as pid`)[0].pid;
    const first = await pid();
    await expect(sql`select 1 / 0`).rejects.toMatchObject({ code: '22012' });
    expect(await pid()).toBe(first);
    await sql`begin`;
    expect(await pid()).not.toBe(first);
  });

  test('prepares a statement anew whose columns a migration has changed', async () => {
    const sql = connect();
    await sql`create table person (id int)`;
    const all = () => sql`select * from person`;
    await all();
    await sql`alter table person add column city text`;
    await expect(all()).rejects.toMatchObject({ code: '0A000' });
    expect(await all()).toEqual([]);
  });

  test('that is cut refuses who is under way and who waits for a connection, and takes nothing new', async () => {
    const sql = connect();
    const hold = sql.begin(async (tx) => await tx`select pg_sleep(60)`);
    const waits = sql`select 1`.then();
    const ends = Promise.allSettled([hold, waits]);
    await sql.end({ timeout: 0 });
    for (const end of await ends) expect(end).toMatchObject({ reason: expect.any(ConnectionLost) });
    await expect(sql`select 1`).rejects.toBeInstanceOf(ConnectionLost);
  });

  test('that is ended waits for who is under way and who waits for a connection', async () => {
    const sql = connect();
    const ends = Promise.all([sql.begin(async (tx) => (await tx`select 1 as n`)[0]), sql`select 2 as n`.then()]);
    await sql.end();
    expect(await ends).toEqual([{ n: 1 }, [{ n: 2 }]]);
  });

  test('gives rows in pages, and has its connection back when the reader has had enough', async () => {
    const sql = connect();
    const numbers = (to: number) =>
      sql.pages<{ n: number }>(sql`select n from generate_series(1, ${to}::int) as s(n)`, 3);
    const pages: number[][] = [];
    for await (const rows of numbers(7)) pages.push(rows.map(({ n }) => n));
    expect(pages).toEqual([[1, 2, 3], [4, 5, 6], [7]]);
    for await (const rows of numbers(7)) if (rows.length > 0) break;
    await expect(async () => {
      for await (const rows of sql.pages(sql`select 1 / (2 - n) from generate_series(1, 9) as s(n)`, 1)) void rows;
    }).rejects.toMatchObject({ code: '22012' });
    expect(await sql`select 1 as n`).toEqual([{ n: 1 }]);
  });
});

test('the settings of a session stand beside those of the address', async () => {
  const url = new URL(database.url);
  url.searchParams.set('options', '-c geqo=off');
  const sql = openDatabase(url.href, {
    maxConnections: 1,
    applicationName: 'database test',
    statementTimeoutMs: 7_000,
  });
  open.push(sql);
  const [row] = await sql`
    select current_setting('geqo') as theirs, current_setting('statement_timeout') as ours,
           current_setting('log_parameter_max_length_on_error') as silence, current_setting('application_name') as name`;
  expect(row).toEqual({ theirs: 'off', ours: '7s', silence: '0', name: 'database test' });
});

test('times and JSON come as they went, and a value that is undefined is refused', async () => {
  const sql = connect();
  const at = new Date('2026-03-29T01:30:00.123Z');
  const value = ['a', { b: null, c: 'é"' }];
  const [row] =
    await sql`select ${at}::timestamptz as at, ${sql.json(value)}::json as value, ${sql.json('text')}::jsonb as text`;
  expect(row).toEqual({ at, value, text: 'text' });
  await expect(sql`select ${undefined as unknown as string}::text`).rejects.toThrow(TypeError);
});

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
