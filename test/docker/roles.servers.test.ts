/** docker/create-roles.sh: what it makes is enough to work with, and no more. On the real server, without psql. */
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { openDatabase, type Sql } from '../../src/store/database.js';
import { migrate } from '../../src/store/migrate.js';
import { freshDatabase, uniqueName, type FreshDatabase } from '../helpers/servers.js';

const passwords = { password: 'invented-for-this-test', temporal_password: 'invented-for-this-test' };

let database: FreshDatabase;
let admin: Sql;
let roles: string[];
beforeEach(async () => {
  database = await freshDatabase();
  admin = openDatabase(database.url, { maxConnections: 1, applicationName: 'roles test' });
  // Made by the tests' own superuser, with our tables in it: begun anew, as the image leaves it.
  await admin.begin((tx) =>
    tx.script('drop schema public cascade; create schema public authorization pg_database_owner'),
  );
  roles = [];
});
afterEach(async () => {
  await admin.end();
  await database.drop('forGood');
  const server = openDatabase(new URL('/postgres', database.url).href, {
    maxConnections: 1,
    applicationName: 'roles test',
  });
  for (const role of roles) await server`drop role ${server(role)}`;
  await server.end();
});

test('our role is no superuser, owns its database, migrates it and works in it; Temporal’s cannot enter it', async () => {
  const name = new URL(database.url).pathname.slice(1);
  roles = [uniqueName('passerelle'), uniqueName('temporal')].map((role) => role.replaceAll('-', '_'));
  const [own, temporal] = roles as [string, string];
  const heredoc = /<<'SQL'\n([^]*)SQL\n/.exec(readFileSync('docker/create-roles.sh', 'utf8'))![1]!;
  const script = heredoc
    .replaceAll(/:'(\w+)'/g, (_, variable: keyof typeof passwords) => `'${passwords[variable]}'`)
    .replaceAll('database passerelle', `database "${name}"`)
    .replaceAll(/(role|to) passerelle/g, `$1 ${own}`)
    .replaceAll('role temporal', `role ${temporal}`);
  await admin.begin((tx) => tx.script(script));

  const urlOf = (user: string) =>
    Object.assign(new URL(database.url), { username: user, password: passwords.password }).href;
  expect((await migrate(urlOf(own))).length).toBeGreaterThan(3);
  const sql = openDatabase(urlOf(own), { maxConnections: 1, applicationName: 'roles test' });
  try {
    const [row] = await sql`
      select rolsuper as super, rolcreatedb as creates, rolcreaterole as grants from pg_roles where rolname = current_user`;
    expect(row).toEqual({ super: false, creates: false, grants: false });
    await sql`insert into connection (id, fingerprint_key) values ('club', '\\x00')`;
    await sql`analyze connection`;
  } finally {
    await sql.end();
  }
  const intruder = openDatabase(urlOf(temporal), { maxConnections: 1, applicationName: 'roles test' });
  await expect((async () => await intruder`select 1`)()).rejects.toMatchObject({ code: '42501' });
  await intruder.end();
});
