/** Files that nobody should have to read: each gets one sentence that says what it is and what to do, before it costs memory or time. */
import { describe, expect, test } from '@jest/globals';
import * as sheetjs from '@e965/xlsx';
import { writeXlsx } from 'hucre/xlsx';
import { strToU8, zipSync } from 'fflate';
import { FileRefused, type FileBounds } from '../../src/workbook/refused.js';
import { testFiles, workbook } from '../helpers/workbookFiles.js';

const { write, rowsOf } = testFiles();

/** What is said of a file. */
async function refusalOf(name: string, content: Uint8Array | string, within: Partial<FileBounds> = {}) {
  const reading = rowsOf(write(name, content), within);
  await expect(reading).rejects.toBeInstanceOf(FileRefused);
  const error = (await reading.catch((one: unknown) => one)) as FileRefused;
  // One sentence, with what to do behind the colon.
  expect(error.message).toMatch(/^[^\n]{10,}: [^\n]{10,}$/);
  return error;
}

const oneCell = '<row r="1"><c r="A1" t="str"><v>x</v></c></row>';
const part = (name: string, content: string) => workbook(oneCell, { [name]: content });

describe('what is no table', () => {
  test.each([
    ['an empty file', '', 'empty'],
    ['a web page that is called .xls', '<html><table><tr><td>Nom</td></tr></table></html>', 'html'],
    ['a page to log in', '\uFEFF  <!DOCTYPE html><html>', 'html'],
    ['the XML of 2003', '<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">', 'html'],
    ['a PDF', '%PDF-1.7 …', 'notATable'],
    ['anything', Buffer.from([1, 2, 0, 3]), 'notATable'],
    ['a text with a NUL far behind', `a;b\n${'x;y\n'.repeat(30_000)}\0`, 'notATable'],
    ['Windows-1252', Buffer.from('Nom;Prénom\nLe Goff;André\n', 'latin1'), 'encoding'],
    ['UTF-16', Buffer.from('\uFEFFNom;Prénom', 'utf16le'), 'encoding'],
    ['another archive', zipSync({ 'readme.txt': strToU8('x') }), 'otherOffice'],
    [
      'a text document',
      zipSync({ '[Content_Types].xml': strToU8('<Types/>'), 'word/document.xml': strToU8('<w/>') }),
      'otherOffice',
    ],
    [
      'an OpenDocument sheet',
      zipSync({ mimetype: strToU8('application/vnd.oasis.opendocument.spreadsheet') }),
      'otherOffice',
    ],
  ])('%s is called what it is', async (name, content, refusal) => {
    expect((await refusalOf(`${name}.xls`, content, { maxRows: 100_000 })).refusal).toBe(refusal);
  });

  test('a file that is not there, or is a directory, is said to be so', async () => {
    await expect(rowsOf('/nowhere/membres.csv')).rejects.toMatchObject({ refusal: 'missing' });
    await expect(rowsOf('/tmp')).rejects.toMatchObject({ refusal: 'missing' });
  });

  test('a workbook of before 2007 is told from one with a password', async () => {
    const sheet = sheetjs.utils.aoa_to_sheet([['Nom'], ['x']]);
    const book = sheetjs.utils.book_new();
    sheetjs.utils.book_append_sheet(book, sheet, 'Membres');
    const old = sheetjs.write(book, { type: 'buffer', bookType: 'biff8' }) as Buffer;
    expect((await refusalOf('old.xls', old)).refusal).toBe('oldExcel');
    const encryption = { password: 'one of the club', spinCount: 10 };
    const locked = await writeXlsx({ sheets: [{ name: 'Membres', rows: [['Nom'], ['x']] }], encryption });
    expect((await refusalOf('locked.xlsx', locked)).refusal).toBe('password');
  });
});

describe('a workbook', () => {
  test('with macros is not read', async () => {
    expect((await refusalOf('vba.xlsx', part('xl/vbaProject.bin', 'x'))).refusal).toBe('macros');
    const type = 'application/vnd.ms-excel.sheet.macroEnabled.main+xml';
    const types = `<Types><Override PartName="/xl/workbook.xml" ContentType="${type}"/></Types>`;
    expect((await refusalOf('macro.xlsm', part('[Content_Types].xml', types))).refusal).toBe('macros');
  });

  test('that was cut off, wherever, is damaged', async () => {
    const whole = workbook(oneCell.repeat(1));
    for (const share of [0.1, 0.5, 0.9, 0.99]) {
      const cut = whole.subarray(0, Math.floor(whole.length * share));
      expect((await refusalOf('cut.xlsx', cut)).refusal).toBe('damaged');
    }
    // In the middle of a part's content, with the directory in place.
    const broken = Uint8Array.from(whole);
    const at = Buffer.from(broken).indexOf('xl/worksheets/sheet1.xml') + 'xl/worksheets/sheet1.xml'.length;
    broken.fill(0xff, at, at + 20);
    expect((await refusalOf('broken.xlsx', broken)).refusal).toBe('damaged');
  });

  test.each([
    ['no sheet', '<worksheet><sheetData><row>'],
    ['an entity', '<worksheet><sheetData><row><c t="str"><v>&lol;</v></c></row></sheetData></worksheet>'],
    ['no such shared text', '<worksheet><sheetData><row><c t="s"><v>7</v></c></row></sheetData></worksheet>'],
    ['rows that go backwards', '<worksheet><sheetData><row r="5"/><row r="2"/></sheetData></worksheet>'],
    ['cells that go backwards', '<worksheet><sheetData><row><c r="B1"/><c r="A1"/></row></sheetData></worksheet>'],
    ['a cell of no place', '<worksheet><sheetData><row><c r="1A"/></row></sheetData></worksheet>'],
    ['a number that is none', '<worksheet><sheetData><row><c><v>1e999</v></c></row></sheetData></worksheet>'],
  ])('with %s is damaged', async (_, sheet) => {
    expect((await refusalOf('bad.xlsx', part('xl/worksheets/sheet1.xml', sheet))).refusal).toBe('damaged');
  });

  test.each(['xl/workbook.xml', 'xl/worksheets/sheet1.xml', 'xl/sharedStrings.xml', '[Content_Types].xml'])(
    'with an XML bomb in %s is refused before anything is expanded',
    async (name) => {
      const bomb = `<!DOCTYPE x [<!ENTITY a "${'b'.repeat(100)}"><!ENTITY c "&a;&a;&a;&a;">]><sst><si><t>&c;</t></si></sst>`;
      expect((await refusalOf('entities.xlsx', part(name, bomb))).refusal).toBe('doctype');
    },
  );

  test('that unpacks to far more than it holds is a bomb, and is refused by what its directory says', async () => {
    const zeros = part('xl/worksheets/sheet1.xml', ' '.repeat(20_000_000));
    expect(zeros.length).toBeLessThan(100_000);
    expect((await refusalOf('bomb.xlsx', zeros)).refusal).toBe('bomb');
    expect((await refusalOf('large.xlsx', zeros, { maxUnpackedRatio: 1e9, maxUnpackedBytes: 1_000_000 })).refusal).toBe(
      'bomb',
    );
  });

  test('whose directory lies about what a part unpacks to ends where the lie shows', async () => {
    const lying = Buffer.from(part('xl/worksheets/sheet1.xml', `<worksheet>${' '.repeat(1_000_000)}</worksheet>`));
    const size = Buffer.alloc(4);
    size.writeUInt32LE(1_000_000 + '<worksheet></worksheet>'.length);
    const small = Buffer.alloc(4);
    small.writeUInt32LE(100);
    for (let at = lying.indexOf(size); at !== -1; at = lying.indexOf(size, at + 4)) small.copy(lying, at);
    expect((await refusalOf('lying.xlsx', lying)).refusal).toBe('damaged');
  });

  test('with a text that never ends does not fill the memory', async () => {
    const endless = part('xl/worksheets/sheet1.xml', `<worksheet><sheetData><row a="${'x'.repeat(9_000_000)}`);
    expect((await refusalOf('endless.xlsx', endless, { maxUnpackedRatio: 1e9 })).refusal).toBe('damaged');
  });

  test('whose parts want to leave the archive is not opened', async () => {
    const files = zipSync({ '../../etc/passwd': strToU8('x'), '[Content_Types].xml': strToU8('<Types/>') });
    expect((await refusalOf('traversal.xlsx', files)).refusal).toBe('damaged');
  });

  test('that refers to a sheet outside of itself has none', async () => {
    const relations =
      '<Relationships><Relationship Id="rId1" Type="x/worksheet" TargetMode="External" Target="http://127.0.0.1/sheet.xml"/></Relationships>';
    expect((await refusalOf('external.xlsx', part('xl/_rels/workbook.xml.rels', relations))).refusal).toBe('damaged');
  });

  test('with merged cells is refused with their range', async () => {
    const sheet = `<worksheet><sheetData>${oneCell}</sheetData><mergeCells count="1"><mergeCell ref="A1:A2"/></mergeCells></worksheet>`;
    const { refusal, message } = await refusalOf('merged.xlsx', part('xl/worksheets/sheet1.xml', sheet));
    expect(refusal).toBe('merged');
    expect(message).toContain('A1:A2');
  });
});

describe('more than a list of members has', () => {
  test.each([
    ['rows', { maxRows: 3 }, 'tooManyRows'],
    ['columns', { maxColumns: 3 }, 'tooManyColumns'],
    ['characters in a cell', { maxCellCharacters: 3 }, 'tooLongCell'],
    ['bytes', { maxFileBytes: 10 }, 'tooLarge'],
  ] as const)('%s is refused, in a workbook as in a text', async (_, within, refusal) => {
    const row = `<row>${'<c t="str"><v>long text</v></c>'.repeat(5)}</row>`;
    expect((await refusalOf('most.xlsx', workbook(row.repeat(5)), within)).refusal).toBe(refusal);
    const line = 'long text;long text;long text;long text;long text\n';
    expect((await refusalOf('most.csv', line.repeat(5), within)).refusal).toBe(refusal);
  });

  test('two million rows are refused at the first that is too many', async () => {
    const file = write('millions.csv', 'a;b\n'.repeat(2_000_001));
    await expect(rowsOf(file, { maxRows: 20_000 })).rejects.toMatchObject({ refusal: 'tooManyRows' });
    const sheet = workbook(`<row r="1"/><row r="2000001"/>`);
    expect((await refusalOf('millions.xlsx', sheet, { maxRows: 20_000 })).refusal).toBe('tooManyRows');
  });

  test('a quotation mark that is never closed is told by the row that it follows', async () => {
    const { refusal, message } = await refusalOf('quote.csv', `a;b\n1;2\n"3;${'4\n'.repeat(100)}`);
    expect(refusal).toBe('quotes');
    expect(message).toContain('row 2');
    const long = `a;b\n"${'x\n'.repeat(100_000)}`;
    expect((await refusalOf('long.csv', long, { maxCellCharacters: 100, maxColumns: 3 })).refusal).toBe('tooLongCell');
  });
});
