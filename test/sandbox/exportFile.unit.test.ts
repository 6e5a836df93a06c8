/** The sandbox's export button, read by other eyes than ours. */
import { expect, test } from '@jest/globals';
import * as sheetjs from '@e965/xlsx';
import { exportMembers, type ExportOptions } from '../../src/sandbox/yapla/exportFile.js';
import { emptyMember, type Member } from '../../src/sandbox/yapla/members.js';

const membership = (id: number, start: string) =>
  ({ id, type: 'Adulte', status: 'validated', start, end: '2026-08-31', amount: 4_250 }) as const;
const member = (id: string, number: string, memberships: Member['fields']['memberships']): Member => ({
  id,
  number,
  fields: {
    ...emptyMember,
    status: 'active',
    memberships,
    person: {
      ...emptyMember.person,
      lastName: 'Le "Goff";',
      firstName: 'Anne',
      country: 'FR',
      birthDate: '1980-05-06',
    },
  },
  spoilt: {},
  createdAtMs: 0,
  updatedAtMs: 0,
});
const members = [
  member('1001', '00001', [membership(7, '2024-09-01'), membership(8, '2025-09-01')]),
  member('1002', '00002', []),
];
const at = '2025-12-11T16:56:30Z';

/** Rows as SheetJS reads them, by header. */
async function rows(options: ExportOptions) {
  const { content } = await exportMembers(members, { at, ...options });
  const book =
    options.form === 'xlsx'
      ? sheetjs.read(content, { type: 'buffer' })
      : sheetjs.read(content.toString('utf8').replace(/^\uFEFF/, ''), { type: 'string', raw: true });
  const sheet = book.Sheets[book.SheetNames[0]!]!;
  return sheetjs.utils.sheet_to_json<Record<string, string>>(sheet, { raw: false, defval: '' });
}

test('a file is named as Yapla names it, and as CSV begins with a byte order mark', async () => {
  const { name, content } = await exportMembers(members, { at });
  expect(name).toBe('Yapla - Membres - Liste des inscriptions de membres - 251211-1656 - 258779.csv');
  expect(content.subarray(0, 3)).toEqual(Buffer.from([0xef, 0xbb, 0xbf]));
});

test.each(['csv', 'xlsx'] as const)(
  'as %s it has a row for each membership, and one for a member without any',
  async (form) => {
    const all = await rows({ form });
    expect(all.map((row) => [row['Membre - N° de membre'], row['Adhésion - # adhésion']])).toEqual([
      ['00001', '7'],
      ['00001', '8'],
      ['00002', ''],
    ]);
    expect(all[0]).toMatchObject({
      'Membre - Nom': 'Le "Goff";',
      'Membre - Pays': 'France',
      'Membre - Statut': 'Actif',
    });
  },
);

test.each([
  ['iso', '1980-05-06'],
  ['french', '06/05/1980'],
  ['american', '05/06/1980'],
  ['serial', '29347'],
] as const)('writes days as %s in either form', async (dates, expected) => {
  for (const form of ['csv', 'xlsx'] as const) {
    expect((await rows({ form, dates, prefixed: false }))[0]?.['Date de naissance']).toBe(expected);
  }
});

test('exports only those who are asked for', async () => {
  expect(await rows({ only: ['1002'] })).toHaveLength(1);
});
