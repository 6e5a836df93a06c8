/** How Yapla's exports of members are read: `yapla.workbook`. Headers: core/export/columns.ts. */
import { z } from 'zod';
import { placeText } from './values.js';

const labels = z.array(z.string().min(1)).min(1);

const bound = (text: string) => z.number().int().positive().describe(text);

export const workbookReadingSchema = z
  .strictObject({
    columns: z
      .record(z.string(), labels)
      .default({})
      .describe(
        'Headers of the account’s own: name of a field (or of what a file says besides, such as `memberNumber`) to its headers, with or without `Membre - `. They come before those that are built in, in French and English. Accents, case and punctuation do not count.',
      ),
    numberField: placeText()
      .nullable()
      .default(null)
      .describe(
        'Where the member number stands in a member of the API, for example `member_number`: by it a row’s record is found. The place of the id itself where the ids are the numbers. Null: not known, and a file cannot be read beside the API. With `read.mode: workbook` the number is the id, and this stays null.',
      ),
    numberDigits: z
      .number()
      .int()
      .min(1)
      .max(20)
      .default(5)
      .describe(
        'Digits of a member number; shorter ones, as a spreadsheet program leaves them, are filled up with zeros in front. Yapla’s default format is `{00000}`; 1: they stay as they are.',
      ),
    memberships: placeText()
      .default('memberships')
      .describe(
        'With `read.mode: workbook`: where the document that is made of a member’s rows has the list of the memberships.',
      ),
    status: placeText().default('status').describe('The same for the member’s status, as the file shows it (`Actif`).'),
    pageRows: z
      .number()
      .int()
      .min(2)
      .max(5_000)
      .default(500)
      .describe('Members of a page of the staged file: it costs no request, so more than the API gives at once.'),
    chunkRows: z
      .number()
      .int()
      .min(1)
      .max(20_000)
      .default(2_000)
      .describe('Rows that are staged in one transaction: an import that is killed goes on behind the last one.'),
    maxFileBytes: bound(
      'Largest file. A list of 200,000 members with their memberships takes some 20 MB as a workbook and 60 MB as CSV.',
    ).default(200 * 1_048_576),
    maxUnpackedBytes: bound(
      'Most that the parts of a workbook may unpack to, together. A list of 200,000 members unpacks to some 200 MB.',
    ).default(2_000 * 1_048_576),
    maxUnpackedRatio: bound(
      'Most bytes that one packed byte of a workbook may become. Sheets become ten to forty times as large; a zip bomb a thousand times.',
    ).default(200),
    maxRows: bound('Most rows, without the header: more than any association has memberships.').default(500_000),
    maxColumns: bound('Most columns. Yapla’s exports have some twenty, and one for each field of your own.').default(
      500,
    ),
    maxCellCharacters: bound('Most characters of one cell: as many as Excel allows.').default(32_767),
  })
  .prefault({})
  .describe('How the export of members is read (`passerelle import-members`).');

export type WorkbookReadingConfig = z.infer<typeof workbookReadingSchema>;
