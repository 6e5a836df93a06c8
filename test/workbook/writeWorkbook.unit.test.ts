/** The workbook that is written, read by another library than the one that writes it. */
import { read, utils } from '@e965/xlsx';
import { expect, test } from '@jest/globals';
import { writeWorkbook } from '../../src/workbook/writeWorkbook.js';

const rows = [
  ['N° de membre', 'Nom', 'Notes'],
  ['00042', '=HYPERLINK("http://evil")', null],
  ['00043', '+33612345678', ' é & <b>"x"</b>\nsecond line '],
  ['00044', '@SUM(A1)', '-1'],
  ['00045', '\tcmd', '2026-02-03'],
] as const;

test('every cell comes out as the text that went in, in the first and only sheet', async () => {
  const book = read(await writeWorkbook('Import', rows), { cellFormula: true, cellStyles: true });
  expect(book.SheetNames).toEqual(['Import']);
  const sheet = book.Sheets['Import']!;
  expect(utils.sheet_to_json(sheet, { header: 1, defval: null, raw: true })).toEqual(rows);
});

test('no cell is a formula, a number, or a date', async () => {
  const sheet = read(await writeWorkbook('Import', rows), { cellFormula: true }).Sheets['Import']!;
  const cells = Object.entries(sheet).filter(([name]) => !name.startsWith('!'));
  expect(cells).toHaveLength(14);
  for (const [, cell] of cells) {
    expect((cell as { t: string }).t).toBe('s');
    expect(cell).not.toHaveProperty('f');
  }
});

test('the sheet ends with its last row', async () => {
  const sheet = read(await writeWorkbook('Import', rows)).Sheets['Import']!;
  expect(sheet['!ref']).toBe('A1:C5');
});

test('the same rows give the same bytes, whenever they are written', async () => {
  const first = await writeWorkbook('Import', rows);
  const later = new Date(Date.now() + 3 * 24 * 3_600_000);
  const clock = Date.now;
  try {
    Date.now = () => later.getTime();
    expect(Buffer.from(await writeWorkbook('Import', rows)).equals(Buffer.from(first))).toBe(true);
  } finally {
    Date.now = clock;
  }
});

test('what XML cannot hold is left out rather than making a file that nothing opens', async () => {
  const bytes = await writeWorkbook('Import', [['Nom'], ['a\u0000b\u001Fc\uD800d\u{1F600}']]);
  expect(utils.sheet_to_json(read(bytes).Sheets['Import']!, { header: 1 })).toEqual([['Nom'], ['abcd\u{1F600}']]);
});
