/** Writing a file for Yapla's import wizard, beside the bare library on the same cells. */
import writeXlsxFile from 'write-excel-file/node';
import { fieldsSchema } from '../../src/config/fields.js';
import { workbookSchema } from '../../src/config/yaplaWorkbook.js';
import { type ImportRow, sheetOf } from '../../src/systems/yapla/workbook.js';
import { writeWorkbook } from '../../src/workbook/writeWorkbook.js';
import { lineOf, type BenchLine } from '../results.js';
import type { Stage } from '../stage.js';

/** Of several, for what a busy moment of the machine costs. */
const attempts = 3;

const personOf = (n: number): ImportRow => ({
  identifier: String(n).padStart(5, '0'),
  fields: {
    lastName: `Nom${n}`,
    firstName: `Prénom${n % 5_000}`,
    email: `personne${n}@example.org`,
    phone: `+336${String(n).padStart(8, '0')}`,
    street: `${n} rue de la Paix`,
    city: `Ville${n % 900}`,
    country: 'FR',
  },
});

/** @param people rows of the file. Speed: files in a second, so that more is better */
export async function writeImportLine(stage: Stage, people: number): Promise<BenchLine> {
  const mode = workbookSchema.parse({ mode: 'workbook' });
  const fields = fieldsSchema.parse({
    ...fieldsSchema.parse(undefined),
    country: { type: 'country', yapla: { read: 'country', label: 'fr' }, yoplanning: 'country' },
  });
  const rows = Array.from({ length: people }, (_, at) => personOf(at + 1));
  const sheet = sheetOf(mode, fields, rows);
  const cells = sheet.map((row) => row.map((text) => (text === null ? null : { value: text, type: String })));
  const ours: number[] = [];
  const bare: number[] = [];
  for (let nth = 0; nth < attempts; nth += 1) {
    bare.push(await secondsOf(async () => void (await writeXlsxFile(cells, { sheet: 'Import' }).toBuffer())));
    ours.push(await secondsOf(async () => void (await writeWorkbook('Import', sheetOf(mode, fields, rows)))));
    stage.say(`${people} people: ${ours.at(-1)!.toFixed(2)} s, the bare library ${bare.at(-1)!.toFixed(2)} s`);
  }
  return lineOf({
    line: `an import file of ${people} people`,
    value: people / Math.min(...ours),
    unit: 'rows/s',
    floor: people / Math.min(...bare),
    goal: 'ratio >= 0.5',
    note: 'columns, choices by label and cells made of values, and the workbook written, beside the library writing the same cells; best of three',
  });
}

async function secondsOf(work: () => Promise<void>): Promise<number> {
  const begun = performance.now();
  await work();
  return (performance.now() - begun) / 1_000;
}
