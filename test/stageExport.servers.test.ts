/** Staging an export of members: once, in whatever pieces it takes. */
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import type { z } from 'zod';
import { connectionSchema, type ConnectionConfig } from '../src/config/schema.js';
import type { workbookReadingSchema } from '../src/config/workbook.js';
import type { Scope } from '../src/core/record.js';
import { stagedMembers } from '../src/stagedKinds.js';
import { ExportRefused, stageExport, type Staging } from '../src/stageExport.js';
import { listedMembers, StagingCrossed, unusableRows, type Given } from '../src/store/exports.js';
import type { Sql } from '../src/store/database.js';
import { upsertShadows } from '../src/store/shadows.js';
import { FileRefused } from '../src/workbook/refused.js';
import { testFiles, workbook } from './helpers/workbookFiles.js';
import { storeTest } from './helpers/storeTest.js';

let sql: Sql;
let scope: Scope;
storeTest('staging test', (store) => ({ sql, scope } = store));
const { write } = testFiles();

function settings(
  workbook: z.input<typeof workbookReadingSchema> = {},
  mode: 'api' | 'workbook' = 'workbook',
): ConnectionConfig {
  return connectionSchema.parse({
    yapla: { read: mode === 'api' ? { key: { value: 'key' } } : { mode }, workbook: { chunkRows: 3, ...workbook } },
    yoplanning: { token: 'token', team: '5a90332e-568f-4980-9859-88a984844a4d' },
    create: 'yoplanning',
  });
}

const given: Given = { exportedAt: new Date('2026-01-05T10:00:00Z'), whole: true };
const stage = async (file: string, more: Partial<Staging> = {}) =>
  await stageExport({
    sql,
    scope,
    config: settings(),
    kind: stagedMembers(more.config ?? settings()),
    file,
    given,
    dateOrder: null,
    ...more,
  });

const header = 'N° de membre;Nom;Prénom;Date de naissance';
const line = (n: number) => `${n};Nom ${n};Prénom ${n};1980-05-${String(1 + (n % 28)).padStart(2, '0')}`;
/** A file of its own for each test. */
const csv = (...lines: readonly string[]) =>
  write(`${randomBytes(6).toString('hex')}.csv`, [header, ...lines].join('\n'));
const lines = (count: number) => Array.from({ length: count }, (_, nth) => line(nth + 1));

/** All that is staged of a file. */
const members = async (fileId: number) => await listedMembers(sql, scope, fileId, { from: 0, limit: 1_000 });
const filesStaged = async () => {
  const [row] = await sql<{ n: number }[]>`
    select count(*)::int as n from export_file where connection_id = ${scope.connectionId} and kind = ${scope.kind}`;
  return row!.n;
};

describe('a file', () => {
  test('is staged once, whatever is said of it, and again where it is read otherwise', async () => {
    const file = csv(...lines(10));
    const first = await stage(file);
    expect(first).toMatchObject({
      again: false,
      file: { status: 'staged', rows: 10, members: 10, lastRow: 11, whole: true },
    });
    const copy = csv(...lines(10));
    const second = await stage(copy, { given: { exportedAt: new Date('2026-02-01T10:00:00Z'), whole: false } });
    expect(second).toMatchObject({ again: true, file: { fileId: first.file.fileId, whole: false } });
    expect(second.file.exportedAt).toEqual(new Date('2026-02-01T10:00:00Z'));
    const otherwise = await stage(file, { config: settings({ numberDigits: 3 }) });
    expect(otherwise).toMatchObject({ again: false });
    expect((await members(otherwise.file.fileId))[0]).toMatchObject({ number: '001' });
    expect(await filesStaged()).toBe(2);
  });

  test('whose staging is cut off, at whatever row, goes on behind it and comes to the same', async () => {
    const file = csv(...lines(10), line(2).replace('Nom 2', 'Nom 3'));
    const whole = await members((await stage(file, { config: settings({ chunkRows: 100 }) })).file.fileId);
    await sql`delete from export_file where connection_id = ${scope.connectionId} and kind = ${scope.kind}`;
    for (const alreadyStaged of [0, 3, 6]) {
      const dying = stage(file, {
        onProgress: () => {
          throw new Error('killed');
        },
      });
      await expect(dying).rejects.toThrow('killed');
      const [cut] = await sql<{ status: string; rows: number }[]>`
        select status, rows from export_file where connection_id = ${scope.connectionId} and kind = ${scope.kind}`;
      expect(cut).toEqual({ status: 'staging', rows: alreadyStaged + 3 });
    }
    const told: number[] = [];
    const { file: staged } = await stage(file, { onProgress: (rows) => void told.push(rows) });
    expect(told.at(-1)).toBe(2);
    expect(staged).toMatchObject({ status: 'staged', rows: 11, members: 10 });
    expect(await members(staged.fileId)).toEqual(whole);
    expect((await unusableRows(sql, scope, staged.fileId)).rows).toEqual([
      { row: 3, problem: { is: 'contradiction', header: 'Nom', rows: [3, 12] } },
    ]);
  });

  test('that two people give at the same moment is staged once, and the other is told', async () => {
    const file = csv(...lines(60));
    const ends = await Promise.allSettled([stage(file), stage(file)]);
    const failed = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason as unknown] : []));
    for (const reason of failed) expect(reason).toBeInstanceOf(StagingCrossed);
    const { file: staged } = await stage(file);
    expect(staged).toMatchObject({ rows: 60, members: 60 });
    expect(await members(staged.fileId)).toHaveLength(60);
  });
});

describe('nothing is kept of a file', () => {
  test.each([
    [
      'whose dates can be read in two ways',
      [`1;a;b;01/02/1980`, `2;c;d;03/04/1980`],
      /rows 2, 3\)\. Look at one of them in Yapla, then say --date-order/,
    ],
    [
      'whose dates contradict each other',
      [`1;a;b;13/02/1980`, `2;c;d;02/14/1980`],
      /row 2 can only be day\/month\/year, row 3 only month\/day\/year/,
    ],
  ])('%s', async (_, rows, says) => {
    const staging = stage(csv(...rows));
    await expect(staging).rejects.toBeInstanceOf(ExportRefused);
    await expect(staging).rejects.toThrow(says);
    expect(await filesStaged()).toBe(0);
  });

  test('in which a formula stands far behind, and its cell is named', async () => {
    const text = (value: string) => `<c t="str"><v>${value}</v></c>`;
    const row = `<row>${text('1')}${text('a')}${text('b')}</row>`;
    const head = `<row>${header.split(';').map(text).join('')}</row>`;
    const formula = '<row><c t="str"><v>9</v></c><c><f>HYPERLINK("x")</f><v>1</v></c></row>';
    const file = write('formula.xlsx', workbook(head + row.repeat(9) + formula));
    await expect(stage(file)).rejects.toThrow('cell B11 (column "Nom") holds a formula');
    expect(await filesStaged()).toBe(0);
  });

  test('that cannot be read to its end', async () => {
    const file = write(
      'cut.csv',
      Buffer.concat([Buffer.from(`${header}\n${lines(10).join('\n')}\n`), Buffer.from([0x31, 0x3b, 0xe9, 0x0a])]),
    );
    await expect(stage(file)).rejects.toBeInstanceOf(FileRefused);
    expect(await filesStaged()).toBe(0);
  });

  test('that is no export of members', async () => {
    await expect(stage(write('donors.csv', 'Numéro de donateur;Nom;Prénom\n1;a;b\n'))).rejects.toThrow(
      'list of donors',
    );
    await expect(stage(write('none.csv', 'a;b\n1;2\n'))).rejects.toThrow('is no header of members');
    await expect(stage(write('blank.csv', '\n\n;;\n'))).rejects.toThrow('is no header of members');
    expect(await filesStaged()).toBe(0);
  });
});

describe('beside an API', () => {
  const record = (id: string, number: string) => ({
    id,
    document: { id, member: { number } },
    fields: {},
    hashes: {},
    matchKeys: [null],
    modifiedAt: null,
    externalReference: null,
  });

  test('members are found by the numbers that its documents have, as of now', async () => {
    const config = settings({ numberField: 'member.number' }, 'api');
    await upsertShadows(sql, scope, 'yapla', [
      record('501', '00003'),
      record('502', '1'),
      record('503', '00004'),
      record('504', '4'),
    ]);
    const file = csv(...lines(5));
    const { file: staged } = await stage(file, { config });
    expect((await members(staged.fileId)).map(({ number, id }) => [number, id])).toEqual([
      ['00001', '502'],
      ['00003', '501'],
    ]);
    expect((await unusableRows(sql, scope, staged.fileId)).rows).toEqual([
      { row: 3, problem: { is: 'unknownNumber' } },
      { row: 5, problem: { is: 'sharedNumber' } },
      { row: 6, problem: { is: 'unknownNumber' } },
    ]);
    await upsertShadows(sql, scope, 'yapla', [record('505', '00002')]);
    const again = await stage(file, { config });
    expect(again).toMatchObject({ again: true, file: { members: 3 } });
    expect((await members(staged.fileId)).map(({ id }) => id)).toEqual(['502', '505', '501']);
  });
});
