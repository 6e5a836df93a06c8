/** `yapla.write.mode: workbook`: what is to be written is collected, and a person imports it by Yapla's wizard, which every account has. */
import { z } from 'zod';
import { placeText, secret } from './values.js';

const ms = (text: string) => z.number().int().positive().describe(text);

export const workbookSchema = z.strictObject({
  mode: z
    .literal('workbook')
    .describe('Changes are collected in Excel files that a person imports in Yapla by hand (docs/yapla-imports.md).'),
  columns: z
    .record(z.string(), z.string().min(1))
    .default({})
    .describe(
      'Header of the column of a field of `fields`. Left out: as Yapla’s own export names it in French, or the name of the field. The wizard does not care: columns are assigned by hand there.',
    ),
  identifier: z
    .strictObject({
      header: z.string().min(1).default('Membre - N° de membre').describe('Header of the column.'),
      path: placeText()
        .nullable()
        .default(null)
        .describe(
          'Path of the member number within a member, for example `number`; null: the id (`read.answer.id`) is the number (the default).',
        ),
    })
    .prefault({})
    .describe('By what the wizard finds a member who is to be changed: the member number.'),
  maxRows: z
    .number()
    .int()
    .min(1)
    .max(50_000)
    .default(1_000)
    .describe(
      'People of one file at most; a file is made as soon as so many wait. The largest file that the wizard takes is not public, and the person who imports it looks through it.',
    ),
  closeAfterMs: ms(
    'A file is made at the latest so long after its oldest change. A day: one import a day is what a person can be asked for.',
  ).default(24 * 3_600_000),
  checkMs: ms(
    'So often it is looked whether enough waits for a file: one question to the database, and some events of a history.',
  ).default(15 * 60_000),
  maxFiles: z
    .number()
    .int()
    .min(1)
    .default(3)
    .describe(
      'A value that Yapla does not show although so many files that had it were imported becomes a case: something is wrong that another import does not mend.',
    ),
  maxHistoryEvents: z
    .number()
    .int()
    .min(50)
    .default(1_000)
    .describe('The workflow `yaplaImport` continues as new at this length of its history.'),
  announceUrl: z
    .url({ protocol: /^https?$/ })
    .meta(secret)
    .nullable()
    .default(null)
    .describe(
      'Address that is told by a `POST` when a file is ready (connection, number, how many people; nothing about them): a chat’s or an automation’s webhook. Null: it is said in the log, in `passerelle status` and in Temporal’s UI only. Write it as `${NAME}`: who knows such an address can write there.',
    ),
  announceMail: z
    .strictObject({
      server: z
        .url({ protocol: /^smtps?$/ })
        .meta(secret)
        .describe(
          'The mail server, as `smtp://user:password@host:587` (encrypted by STARTTLS, or refused, unless it is on this machine) or `smtps://user:password@host`. Write it as `${NAME}`: it holds a password.',
        ),
      from: z.email().describe('Who it comes from: an address that the server lets this user send from.'),
      to: z.array(z.email()).min(1).describe('Who imports the files.'),
    })
    .nullable()
    .default(null)
    .describe('The same by mail, beside `announceUrl` or instead of it. Null: no mail is sent.'),
});

/** What of the columns makes no sense, with the place of each: headers that two have, and fields that are none. */
export function columnProblems(
  { columns, identifier }: z.infer<typeof workbookSchema>,
  fields: readonly string[],
): readonly { readonly path: readonly string[]; readonly message: string }[] {
  const problems: { path: string[]; message: string }[] = [];
  const owners = new Map([[identifier.header, 'identifier']]);
  for (const [name, header] of Object.entries(columns)) {
    if (!fields.includes(name))
      problems.push({ path: ['columns', name], message: 'expected the name of a field in `fields`' });
    const other = owners.get(header);
    if (other !== undefined) {
      const message = `expected a header that no other column has: ${other} has "${header}", too`;
      problems.push({ path: ['columns', name], message });
    }
    owners.set(header, name);
  }
  return problems;
}

export type YaplaWorkbookConfig = z.infer<typeof workbookSchema>;
