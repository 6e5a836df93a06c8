/** A command that dies of kill -9 in the middle of staging an export: the next one goes on behind the last row that was stored. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { CommandProcess } from '../helpers/commandProcess.js';
import { commandsOn } from '../helpers/commands.js';
import { writeConfigFile } from '../helpers/configFile.js';
import { until } from '../helpers/live.js';
import { startPasserelle, type TestPasserelle } from '../helpers/passerelle.js';

let house: TestPasserelle;
const passerelle = commandsOn(() => house);
let directory: string;
let child: CommandProcess | null = null;
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'passerelle-killed-'));
});
afterEach(async () => {
  await child?.kill('SIGKILL');
  child = null;
  rmSync(directory, { recursive: true });
});

const members = 60;
const chunkRows = 7;
/** In the middle of the fourth chunk. */
const diesAtRow = 25;
const lock = 7_101_964;

const script = async (text: string) => await house.sql.begin(async (tx) => await tx.script(text));

/** Whoever stores a row of the export from that one on stands still, until it is let go. */
async function standingStillAt(row: number): Promise<{ readonly letGo: () => Promise<void> }> {
  await script(`
    create function stand_still() returns trigger language plpgsql as $$
    begin
      perform pg_advisory_xact_lock_shared(${lock});
      return new;
    end $$;
    create trigger stand_still before insert on export_row for each row when (new.row >= ${row}) execute function stand_still()`);
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  let begun = (): void => undefined;
  const held = new Promise<void>((resolve) => (begun = resolve));
  const over = house.sql.begin(async (tx) => {
    await tx`select pg_advisory_xact_lock(${lock})`;
    begun();
    await released;
  });
  await held;
  return {
    letGo: async () => {
      release();
      await over;
      await script('drop trigger stand_still on export_row; drop function stand_still()');
    },
  };
}

/** @returns how many sessions stand there */
async function standing(): Promise<number> {
  const [row] = await house.sql<{ n: number }[]>`
    select count(*)::int as n from pg_locks where locktype = 'advisory' and objid = ${lock} and not granted`;
  return row!.n;
}

/** Rows as they are stored, each with the transaction that stored it. */
const storedRows = async () =>
  await house.sql<{ row: number; by: string }[]>`
    select row, xmin::text as by from export_row where connection_id = ${house.connectionId} order by row`;

const files = async () =>
  await house.sql<{ status: string; rows: number; members: number | null }[]>`
    select status, rows, members from export_file where connection_id = ${house.connectionId}`;

test('goes on behind the rows that a killed command has stored, reads nothing twice, and is one file however often it is given', async () => {
  house = await startPasserelle({
    sandbox: { people: { seed: 5, yapla: members, yoplanning: 0, shared: 0, differing: 0 } },
    connection: { files: true, rule: 'yapla', settings: { create: 'yoplanning' } },
  });
  house.connection.yapla.workbook.chunkRows = chunkRows;
  const { name, content } = await house.sandbox.control.exportMembers({ form: 'xlsx' });
  const file = path.join(directory, name);
  writeFileSync(file, content);

  const { letGo } = await standingStillAt(diesAtRow);
  child = new CommandProcess(writeConfigFile(house, directory), [
    'import-members',
    house.connectionId,
    file,
    '--check',
  ]);
  await until(standing, (n) => n > 0);
  expect(await child.kill('SIGKILL')).toEqual([null, 'SIGKILL']);
  await letGo();
  // Its session was in the middle of storing: that is undone once PostgreSQL has noticed.
  await until(
    async () =>
      (await house.sql`select 1 from pg_locks where relation = 'export_row'::regclass and pid <> pg_backend_pid()`)
        .length,
    (n) => n === 0,
  );
  const before = await storedRows();
  expect(before).toHaveLength(3 * chunkRows);
  expect(await files()).toEqual([{ status: 'staging', rows: 3 * chunkRows, members: null }]);

  const next = await passerelle('import-members', house.connectionId, file, '--check');
  expect(next).toMatchObject({ status: 0 });
  expect(next.said).toContain(`${members} members in`);
  expect(next.said).not.toContain('This file was read before');
  const after = await storedRows();
  // Some have several memberships, and each of those is a row.
  const rows = after.length;
  expect(rows).toBeGreaterThan(members);
  expect(new Set(after.map(({ row }) => row)).size).toBe(rows);
  expect(await files()).toEqual([{ status: 'staged', rows, members }]);
  expect(after.slice(0, before.length)).toEqual(before);

  const end = await passerelle('import-members', house.connectionId, file, '--whole', '--yes', '--beyond-guard');
  expect(end).toMatchObject({ status: 0 });
  expect(end.said).toContain('This file was read before');
  expect(await files()).toEqual([{ status: 'staged', rows, members }]);
  expect(await storedRows()).toEqual(after);
  expect(await house.sandbox.control.ids('yoplanning')).toHaveLength(members);
});
