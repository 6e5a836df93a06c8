/** The client for PostgreSQL, as every part of Passerelle opens it. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { DatabaseError, openDatabase, withoutValues, type Sql } from '../../src/store/database.js';
import { freshDatabase, type FreshDatabase } from '../helpers/servers.js';
import { openGate } from '../receiver/gate.js';

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
  const sql = openDatabase(url, { maxConnections: 1, applicationName: 'database test', reconnectMs: 10 });
  open.push(sql);
  return sql;
}

const codeOf = (error: { readonly code?: string }) => error.code ?? error;

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
  expect(ends).toContain('ECONNREFUSED');
  expect(ends.filter((end) => end !== 'ECONNREFUSED' && end !== 'CONNECTION_CLOSED')).toEqual(
    // All of the answer had come but for the server's word that it is ready for more.
    ends.at(-1) === 'answered' ? ['answered'] : [],
  );
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

test('an array that is selected as such is refused, instead of coming as a text', async () => {
  await expect(connect()`select array[1, 2]::bigint[] as list`).rejects.toThrow('to_json');
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
