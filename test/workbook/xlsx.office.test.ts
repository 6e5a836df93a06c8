/** Files that went through LibreOffice, and ours that it opens. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { Cell, FileRow } from '../../src/core/export/cell.js';
import { dateStyles, Day, tableFile } from '../../src/sandbox/yapla/tableFile.js';
import { writeWorkbook } from '../../src/workbook/writeWorkbook.js';
import { savedByLibreOffice } from '../helpers/libreOffice.js';
import { testFiles } from '../helpers/workbookFiles.js';

const { write, rowsOf } = testFiles();

/** A directory for what is saved of a file. */
function besides(file: string): string {
  const directory = path.join(path.dirname(file), `saved-${path.basename(file)}`);
  mkdirSync(directory);
  return directory;
}

/** Nobody cares how many empty cells a program writes behind the last. */
function cellsOf(rows: readonly FileRow[]): readonly (readonly Cell[])[] {
  return rows.map(({ cells }) => cells.slice(0, cells.findLastIndex((cell) => cell !== null && cell !== '') + 1));
}

const header = ['Membre - N° de membre', 'Membre - Nom', 'Naissance', 'Dons', 'Notes'];
const notes = ['first line', 'second < & > "line" é 😀'];

/** The sheet that xlsx.unit.test.ts has other programs write, in LibreOffice's own words. */
function flatSheet(): string {
  const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const text = (...lines: readonly string[]) =>
    `<table:table-cell office:value-type="string">${lines.map((line) => `<text:p>${escaped(line)}</text:p>`).join('')}</table:table-cell>`;
  const number = (value: number) => `<table:table-cell office:value-type="float" office:value="${value}"/>`;
  const day = (iso: string) =>
    `<table:table-cell table:style-name="day" office:value-type="date" office:date-value="${iso}"/>`;
  const row = (...cells: readonly string[]) => `<table:table-row>${cells.join('')}</table:table-row>`;
  const of = (name: string) => `xmlns:${name}="urn:oasis:names:tc:opendocument:xmlns:${name}:1.0"`;
  const data = 'xmlns:number="urn:oasis:names:tc:opendocument:xmlns:datastyle:1.0"';
  return `<?xml version="1.0" encoding="UTF-8"?>
<office:document ${['office', 'style', 'text', 'table'].map(of).join(' ')} ${data} office:version="1.2" office:mimetype="application/vnd.oasis.opendocument.spreadsheet">
<office:automatic-styles>
<number:date-style style:name="dmy"><number:day number:style="long"/><number:text>/</number:text><number:month number:style="long"/><number:text>/</number:text><number:year number:style="long"/></number:date-style>
<style:style style:name="day" style:family="table-cell" style:data-style-name="dmy"/>
</office:automatic-styles>
<office:body><office:spreadsheet><table:table table:name="Membres">${[
    row(...header.map((label) => text(label))),
    row(text('00012'), text('=1+1'), day('1980-05-06'), number(12.5), text(...notes)),
    row(text('00013'), text('Le Goff'), '<table:table-cell/>', number(0)),
  ].join('')}</table:table></office:spreadsheet></office:body></office:document>`;
}

describe('a workbook', () => {
  test('written by LibreOffice is read as those that other programs write', async () => {
    const sheet = write('members.fods', flatSheet());
    const [saved] = await savedByLibreOffice([sheet], 'xlsx', besides(sheet));
    expect(cellsOf(await rowsOf(saved!))).toEqual([
      header,
      [
        '00012',
        '=1+1',
        { is: 'day', day: '1980-05-06' },
        { is: 'number', value: 12.5, text: '12.5' },
        notes.join('\n'),
      ],
      ['00013', 'Le Goff', null, { is: 'number', value: 0, text: '0' }],
    ]);
  });

  test('that Yapla exported, and somebody opened and saved in LibreOffice, is read as Yapla’s own, however it writes days', async () => {
    const rows = [
      ['00012', 'Le "Goff";', new Day('1980-05-06'), '12,50', notes.join('\n')],
      ['00013', ' =1+1', null, '+33612345678', null],
      ['00014', "O'Brien", new Day('2004-02-29'), '-1', '2026-02-03'],
    ];
    const exports = await Promise.all(
      dateStyles.map(async (dates) =>
        write(`export-${dates}.xlsx`, await tableFile(header, rows, { form: 'xlsx', dates, sheet: 'Membres' })),
      ),
    );
    const saved = await savedByLibreOffice(exports, 'xlsx', besides(exports[0]!));
    for (const [nth, file] of exports.entries()) {
      expect(cellsOf(await rowsOf(saved[nth]!))).toEqual(cellsOf(await rowsOf(file)));
    }
  });
});

describe('an import file', () => {
  const rows = [
    ['N° de membre', 'Nom', 'Notes'],
    ['00042', '=HYPERLINK("http://evil")', null],
    ['00043', '+33612345678', ' é & <b>"x"</b>\nsecond line '],
    ['00044', '@SUM(A1)', '-1'],
    ['00045', '1/2', '2026-02-03'],
  ] as const;

  test('shows in LibreOffice the very texts that were written: no formula, no number, no date', async () => {
    const file = write('import.xlsx', await writeWorkbook('Import', rows));
    const [shown] = await savedByLibreOffice([file], 'csv', besides(file));
    const texts = cellsOf(await rowsOf(shown!)).map((cells) => [...cells, ...[null, null, null]].slice(0, 3));
    expect(texts).toEqual(rows);
  });

  test('opened and saved in LibreOffice still holds them', async () => {
    const file = write('again.xlsx', await writeWorkbook('Import', rows));
    const [saved] = await savedByLibreOffice([file], 'xlsx', besides(file));
    const texts = cellsOf(await rowsOf(saved!)).map((cells) => [...cells, ...[null, null, null]].slice(0, 3));
    expect(texts).toEqual(rows);
  });
});
