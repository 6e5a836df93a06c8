import { describe, expect, test } from '@jest/globals';
import { writeXlsx } from 'hucre/xlsx';
import * as sheetjs from '@e965/xlsx';
import writeExcelFile from 'write-excel-file/node';
import { openTable } from '../../src/workbook/open.js';
import { bounds, testFiles, workbook } from '../helpers/workbookFiles.js';

const { write, rowsOf } = testFiles();
const cellsOf = async (sheetData: string, more: Readonly<Record<string, string | null>> = {}) =>
  (await rowsOf(write('cells.xlsx', workbook(sheetData, more)))).map(({ cells }) => cells);

describe('a workbook', () => {
  test('written by other programs is read the same, whoever wrote it', async () => {
    const header = ['Membre - N° de membre', 'Membre - Nom', 'Naissance', 'Dons', 'Notes'];
    const birth = new Date(Date.UTC(1980, 4, 6));
    const notes = 'first line\nsecond < & > "line" é 😀';
    const sheet = sheetjs.utils.aoa_to_sheet(
      [header, ['00012', '=1+1', birth, 12.5, notes], ['00013', 'Le Goff', null, 0, null]],
      {
        UTC: true,
        cellDates: true,
        dateNF: 'dd/mm/yyyy',
      },
    );
    const book = sheetjs.utils.book_new();
    sheetjs.utils.book_append_sheet(book, sheet, 'Membres');
    const files = {
      sheetjs: sheetjs.write(book, { type: 'buffer', bookType: 'xlsx', bookSST: true }) as Buffer,
      hucre: await writeXlsx({
        sheets: [
          {
            name: 'Membres',
            rows: [header, ['00012', '=1+1', birth, 12.5, notes], ['00013', 'Le Goff', null, 0, null]],
          },
        ],
      }),
      writeExcelFile: await writeExcelFile(
        [
          header.map((value) => ({ value, type: String })),
          [
            { value: '00012', type: String },
            { value: '=1+1', type: String },
            { value: birth, type: Date, format: 'dd/mm/yyyy' },
            { value: 12.5, type: Number },
            { value: notes, type: String },
          ],
          [
            { value: '00013', type: String },
            { value: 'Le Goff', type: String },
            null,
            { value: 0, type: Number },
            null,
          ],
        ],
        {},
      ).toBuffer(),
    };
    for (const [program, content] of Object.entries(files)) {
      const [first, second, third] = await rowsOf(write(`${program}.xlsx`, content));
      expect(first).toEqual({ number: 1, cells: header });
      expect(second).toEqual({
        number: 2,
        cells: ['00012', '=1+1', { is: 'day', day: '1980-05-06' }, { is: 'number', value: 12.5, text: '12.5' }, notes],
      });
      expect(third!.cells.slice(0, 4)).toEqual(['00013', 'Le Goff', null, { is: 'number', value: 0, text: '0' }]);
      expect(third!.cells[4] ?? null).toBeNull();
    }
  });

  test('has texts of its own, shared ones with runs but without how they are spoken, and escaped characters', async () => {
    const strings =
      '<sst><si><t>Anne</t></si><si><r><t>Le </t></r><r><rPr><b/></rPr><t xml:space="preserve">Goff</t></r><rPh><t>yomi</t></rPh></si><si><t/></si></sst>';
    expect(
      await cellsOf(
        '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c><c r="C1" t="s"><v>2</v></c>' +
          '<c r="D1" t="inlineStr"><is><r><t>a</t></r><r><t>b_x000D__x005F_x0041_</t></r></is></c></row>',
        { 'xl/sharedStrings.xml': strings },
      ),
    ).toEqual([['Anne', 'Le Goff', null, 'ab\r_x0041_']]);
  });

  test('has no character that no database takes, however it is written', async () => {
    const cell = (text: string) => `<c t="str"><v>${text}</v></c>`;
    expect(await cellsOf(`<row>${cell('a_x0000_b')}${cell('_xD83D_c')}${cell('_xD83D__xDE00_')}</row>`)).toEqual([
      ['ab', 'c', '😀'],
    ]);
  });

  test('has truths, errors and formulas, and rows and cells that do not say where they are', async () => {
    expect(
      await cellsOf(
        '<row><c t="b"><v>1</v></c><c t="e"><v>#N/A</v></c></row>' +
          '<row><c r="B2"><f>1+1</f><v>2</v></c><c><f>A1</f></c></row><row r="4"><c r="C4" t="str"><v>text</v></c></row>',
      ),
    ).toEqual([
      [{ is: 'truth', value: true }, { is: 'error' }],
      [null, { is: 'formula' }, { is: 'formula' }],
      [null, null, 'text'],
    ]);
  });

  test('shows days by the formats of its numbers, and zeros in front where a format has them', async () => {
    const codes = ['dd/mm/yyyy', '00000', 'jj/mm/aaaa', '[h]:mm', 'General', '#,##0.00 "day"', '[$-40C]d mmmm yyyy;@'];
    const styles = `<styleSheet><numFmts>${codes.map((code, nth) => `<numFmt numFmtId="${164 + nth}" formatCode="${code.replaceAll('"', '&quot;')}"/>`).join('')}</numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs>${[0, 14, ...codes.map((_, nth) => 164 + nth)].map((id) => `<xf numFmtId="${id}"/>`).join('')}</cellXfs></styleSheet>`;
    const cells = Array.from({ length: codes.length + 2 }, (_, style) => `<c s="${style}"><v>1234</v></c>`).join('');
    const day = { is: 'day', day: '1903-05-18' };
    const number = { is: 'number', value: 1_234, text: '1234' };
    expect(await cellsOf(`<row>${cells}</row>`, { 'xl/styles.xml': styles })).toEqual([
      [number, day, day, { ...number, text: '01234' }, day, number, number, number, day],
    ]);
  });

  test('that counts its days from 1904 says so, and its days are right', async () => {
    const book =
      '<workbook xmlns:r="x"><workbookPr date1904="1"/><sheets><sheet name="a" sheetId="1" r:id="rId1"/></sheets></workbook>';
    const styles = '<styleSheet><cellXfs><xf numFmtId="14"/></cellXfs></styleSheet>';
    const file = write(
      '1904.xlsx',
      workbook('<row><c><v>43538</v></c></row>', { 'xl/workbook.xml': book, 'xl/styles.xml': styles }),
    );
    const table = await openTable(file, bounds);
    expect(table.is1904).toBe(true);
    table.close();
    expect((await rowsOf(file))[0]?.cells).toEqual([{ is: 'day', day: '2023-03-15' }]);
  });

  test('is read at its first sheet that is not hidden, in the order of the workbook, and the others are counted', async () => {
    const book =
      '<workbook xmlns:r="x"><sheets><sheet name="old" sheetId="1" state="hidden" r:id="rId9"/><sheet name="Membres" sheetId="3" r:id="rId1"/><sheet name="more" sheetId="2" r:id="rId9"/></sheets></workbook>';
    const file = write('sheets.xlsx', workbook('<row><c t="str"><v>shown</v></c></row>', { 'xl/workbook.xml': book }));
    const table = await openTable(file, bounds);
    expect(table.otherSheets).toBe(2);
    table.close();
    expect((await rowsOf(file))[0]?.cells).toEqual(['shown']);
  });

  test('in which elements have a prefix, and parts absolute names, is read as any', async () => {
    const sheet =
      '<x:worksheet xmlns:x="y"><x:sheetData><x:row r="1"><x:c r="A1" t="str"><x:v>text</x:v></x:c></x:row></x:sheetData></x:worksheet>';
    const relations =
      '<Relationships><Relationship Id="rId1" Type="http://purl.oclc.org/ooxml/officeDocument/relationships/worksheet" Target="/xl/worksheets/sheet1.xml"/></Relationships>';
    expect(await cellsOf('', { 'xl/worksheets/sheet1.xml': sheet, 'xl/_rels/workbook.xml.rels': relations })).toEqual([
      ['text'],
    ]);
  });

  test('with more shared texts than are kept in memory finds each of them, in whatever order', async () => {
    const many = 60_000;
    const texts = Array.from({ length: many }, (_, nth) => `<si><t>text ${nth} é ${'x'.repeat(100)}</t></si>`).join('');
    // A prime step visits all over the list.
    const order = Array.from({ length: 900 }, (_, nth) => (nth * 7_919) % many);
    const sheet = order.map((index) => `<row><c t="s"><v>${index}</v></c><c t="s"><v>0</v></c></row>`).join('');
    const cells = await cellsOf(sheet, { 'xl/sharedStrings.xml': `<sst>${texts}</sst>` });
    const text = (index: number) => `text ${index} é ${'x'.repeat(100)}`;
    expect(cells).toEqual(order.map((index) => [text(index), text(0)]));
  });
});
