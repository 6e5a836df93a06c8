/**
 * Yapla's import wizard, with the person who presses its buttons: what the vendor's help pages say of it, and where they are silent what
 * other people's files suggest (docs/systems.md). It reads the workbook with another library than the one that we write with.
 *
 * - The first sheet only; the columns are assigned by the person who imports, so headers are free.
 * - A member is found by the number or the e-mail address; by e-mail nobody is made whose address somebody has.
 * - Choices stand by their exact label, or by the value: anything else is refused.
 * - An empty cell changes nothing. A row without any value is a member all the same: a nameless one, which nobody wanted.
 */
import { z } from 'zod';
import type { Labels } from '../labels.js';
import { personFields, type PersonField } from '../person.js';
import { emptyMember, type Member, type Members } from './members.js';
import { mergeWrite } from './validation.js';

/** What the person at the wizard chooses. */
export const importSchema = z.strictObject({
  /** The workbook, base64. */
  file: z.base64(),
  /** By what members are found; `none`: each row is a new one. */
  identifier: z.enum(['number', 'email', 'none']),
  /** Which column is assigned to what: header to field, or to the member number. */
  columns: z.record(z.string(), z.enum([...personFields, 'number'])),
  /** Rows (1: the first below the headers) that do not arrive, as where somebody leaves them out. */
  leaveOut: z.array(z.number().int().min(1)).default([]),
});

/** By what somebody who reads our documents has each kind of file's members found. */
export const identifiers = { update: 'number', create: 'email', createWithoutEmail: 'none' } as const;

/** Which column they assign to what: they read the headers, which are those of Yapla's own export. */
export const assignedColumns = {
  'Membre - N° de membre': 'number',
  'Membre - Prénom': 'firstName',
  'Membre - Nom': 'lastName',
  'Membre - Courriel': 'email',
  'Membre - Téléphone': 'phone',
  'Membre - Date de naissance': 'birthDate',
  'Membre - Langue': 'language',
  'Membre - Adresse': 'street',
  'Membre - Ville': 'city',
  'Membre - Code postal': 'postalCode',
  'Membre - Pays': 'country',
} as const;

export type ImportRequest = z.input<typeof importSchema>;

export interface ImportReport {
  readonly created: number;
  readonly updated: number;
  /** Rows that hold what is there already. */
  readonly unchanged: number;
  /** Rows refused as a whole, by number. No values. */
  readonly refused: readonly { readonly row: number; readonly why: string }[];
}

type Row = Readonly<Partial<Record<PersonField | 'number', string>>>;

export async function importWorkbook(
  members: Members,
  labels: Labels,
  request: z.output<typeof importSchema>,
): Promise<ImportReport> {
  const rows = await rowsOf(request);
  const left = new Set(request.leaveOut);
  const report = { created: 0, updated: 0, unchanged: 0, refused: [] as { row: number; why: string }[] };
  const byNumber = new Map(members.all().map((one) => [one.number, one]));
  const byEmail = emailsOf(members);
  rows.forEach((row, index) => {
    if (left.has(index + 1)) return;
    const outcome = take(row);
    if (typeof outcome === 'string') report[outcome] += 1;
    else report.refused.push({ row: index + 1, why: outcome.why });
  });
  return report;

  function take(row: Row): 'created' | 'updated' | 'unchanged' | { readonly why: string } {
    const person: Record<string, string> = {};
    for (const field of personFields) {
      const text = row[field];
      if (text === undefined) continue;
      const value = labels.has(field)
        ? (labels.valueOf(field, text) ?? (labels.isValue(field, text) ? text : null))
        : text;
      if (value === null) return { why: `${field}: not one of the choices` };
      person[field] = value;
    }
    const found = find(row);
    if (found !== null && 'why' in found) return found;
    if (found !== null) return update(found, person);
    if (Object.keys(row).length === 0) {
      members.create({ ...emptyMember, status: 'active' }, 'import');
      return 'created';
    }
    const merged = mergeWrite(null, { mode: 'partial', person, rest: {}, refused: {} });
    if ('complaints' in merged) return { why: Object.keys(merged.complaints).join(', ') };
    const made = members.create(merged.fields, 'import');
    if (made.fields.person.email !== null) add(byEmail, made);
    return 'created';
  }

  function find(row: Row): Member | null | { readonly why: string } {
    if (request.identifier === 'none') return null;
    if (request.identifier === 'number') {
      if (row.number === undefined) return Object.keys(row).length === 0 ? null : { why: 'no member number' };
      return byNumber.get(row.number) ?? { why: 'no member has this number' };
    }
    if (row.email === undefined) return Object.keys(row).length === 0 ? null : { why: 'no e-mail address' };
    const those = byEmail.get(keyOf(row.email)) ?? [];
    return those.length > 1 ? { why: 'several members have this e-mail address' } : (those[0] ?? null);
  }

  function update(
    member: Member,
    person: Readonly<Record<string, string>>,
  ): 'updated' | 'unchanged' | { readonly why: string } {
    const merged = mergeWrite(member.fields, { mode: 'partial', person, rest: {}, refused: {} });
    if ('complaints' in merged) return { why: Object.keys(merged.complaints).join(', ') };
    const before = member.fields.person;
    if (personFields.every((field) => before[field] === merged.fields.person[field])) return 'unchanged';
    members.update(member, merged.fields, 'import');
    return 'updated';
  }
}

/** The rows below the headers of the first sheet, to the end that the sheet itself states: with those that are empty. */
async function rowsOf({ file, columns }: z.output<typeof importSchema>): Promise<Row[]> {
  const { read, utils } = await import('@e965/xlsx');
  const book = read(Buffer.from(file, 'base64'));
  const sheet = book.Sheets[book.SheetNames[0]!]!;
  const [headers = [], ...rows] = utils.sheet_to_json<unknown[]>(sheet, {
    header: 1,
    blankrows: true,
    raw: false,
    defval: null,
  });
  return rows.map((cells) =>
    Object.fromEntries(
      headers.flatMap((header, at) => {
        const field = columns[String(header)];
        const text = cells[at];
        if (field === undefined || typeof text !== 'string' || text.trim() === '') return [];
        return [[field, text]];
      }),
    ),
  );
}

function emailsOf(members: Members): Map<string, Member[]> {
  const byEmail = new Map<string, Member[]>();
  for (const member of members.all()) if (member.fields.person.email !== null) add(byEmail, member);
  return byEmail;
}

function add(byEmail: Map<string, Member[]>, member: Member): void {
  const key = keyOf(member.fields.person.email!);
  byEmail.set(key, [...(byEmail.get(key) ?? []), member]);
}

function keyOf(email: string): string {
  return email.trim().toLowerCase();
}
