import { describe, expect, test } from '@jest/globals';
import { delimiterOf } from '../../src/workbook/csv.js';
import { testFiles } from '../helpers/workbookFiles.js';

const { write, rowsOf } = testFiles();
const read = async (text: string) => await rowsOf(write('file.csv', text));

describe('a text file', () => {
  test('as Yapla exports it is read: byte order mark, semicolons, line breaks and marks within quotes', async () => {
    expect(await read('\uFEFF"Membre - Nom";Notes\r\n"Le Goff";"first\nsecond; ""third"""\r\nDupont;\r\n')).toEqual([
      { number: 1, cells: ['Membre - Nom', 'Notes'] },
      { number: 2, cells: ['Le Goff', 'first\nsecond; "third"'] },
      { number: 3, cells: ['Dupont', null] },
    ]);
  });

  test.each([
    [';', 'a;b;"c,d,e"\n1;2;3'],
    [',', 'a,b,"c;d"\n1,2;3,3'],
    ['\t', 'a\tb, c\td\n'],
    [';', 'one column\nx'],
  ])('is separated by %j where its header says so', (delimiter, text) => {
    expect(delimiterOf(text)).toBe(delimiter);
  });

  test('has its rows counted as a spreadsheet counts them, empty ones included', async () => {
    expect((await read('a;b\n\n1;2\n;\n"3\n";4')).map(({ number }) => number)).toEqual([1, 2, 3, 4, 5]);
  });

  test('marks rows that do not have as many values as the header, unless what is more is empty', async () => {
    const ragged = (await read('a;b\n1\n1;2;3\n1;2;;\n;\n\n1;2')).map(({ isRagged = false }) => isRagged);
    expect(ragged).toEqual([false, true, true, false, false, false, false]);
  });

  test('may have empty lines before its header', async () => {
    expect((await read('\n\na;b\n1;2')).map(({ isRagged = false }) => isRagged)).toEqual([false, false, false, false]);
  });
});
