/** Files for tests of reading: workbooks made by hand, part by part, in a directory of their own. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll } from '@jest/globals';
import { strToU8, zipSync } from 'fflate';
import type { FileRow } from '../../src/core/export/cell.js';
import { openTable } from '../../src/workbook/open.js';
import type { FileBounds } from '../../src/workbook/refused.js';

export const bounds: FileBounds = {
  maxFileBytes: 10_000_000,
  maxUnpackedBytes: 50_000_000,
  maxUnpackedRatio: 200,
  maxRows: 1_000,
  maxColumns: 50,
  maxCellCharacters: 32_767,
};

const namespace = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"';
const relationships = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const mainType = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml';

/** Parts of the smallest workbook, with one sheet of these rows; `more` replaces parts, or takes them out (null). */
export function workbook(sheetData: string, more: Readonly<Record<string, string | null>> = {}): Uint8Array {
  const parts: Record<string, string | null> = {
    '[Content_Types].xml': `<Types><Override PartName="/xl/workbook.xml" ContentType="${mainType}"/></Types>`,
    'xl/workbook.xml': `<workbook ${namespace} xmlns:r="${relationships}"><sheets><sheet name="Membres" sheetId="1" r:id="rId1"/></sheets></workbook>`,
    'xl/_rels/workbook.xml.rels': `<Relationships><Relationship Id="rId1" Type="${relationships}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="${relationships}/sharedStrings" Target="sharedStrings.xml"/><Relationship Id="rId3" Type="${relationships}/styles" Target="styles.xml"/></Relationships>`,
    'xl/worksheets/sheet1.xml': `<worksheet ${namespace}><sheetData>${sheetData}</sheetData></worksheet>`,
    ...more,
  };
  const files = Object.entries(parts).flatMap(([name, text]) =>
    text === null ? [] : [[name, strToU8(text)] as const],
  );
  return zipSync(Object.fromEntries(files));
}

export interface TestFiles {
  /** Writes a file. @returns its path */
  write(name: string, content: Uint8Array | string): string;
  /** All rows of a file. @throws {FileRefused} */
  rowsOf(file: string, within?: Partial<FileBounds>): Promise<readonly FileRow[]>;
}

/** To be called where a test file begins: a directory for its files, which goes with it. */
export function testFiles(): TestFiles {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(path.join(tmpdir(), 'passerelle-files-'));
  });
  afterAll(() => rmSync(directory, { recursive: true }));
  return {
    write: (name, content) => {
      const file = path.join(directory, name);
      writeFileSync(file, content);
      return file;
    },
    rowsOf: async (file, within = {}) => {
      const table = await openTable(file, { ...bounds, ...within });
      try {
        const rows: FileRow[] = [];
        for await (const some of table.rows()) rows.push(...some);
        return rows;
      } finally {
        table.close();
      }
    },
  };
}
