/** The sandbox's import wizard: the pitfalls that the vendor's help pages name. */
import { utils, write } from '@e965/xlsx';
import { beforeEach, expect, test } from '@jest/globals';
import { Labels } from '../../../src/sandbox/labels.js';
import type { Change } from '../../../src/sandbox/registry.js';
import { flatShape } from '../../../src/sandbox/yapla/flat.js';
import { type ImportRequest, importSchema, importWorkbook } from '../../../src/sandbox/yapla/importWizard.js';
import { Members } from '../../../src/sandbox/yapla/members.js';

const columns = { Nom: 'lastName', Courriel: 'email', Ville: 'city', Pays: 'country', 'N°': 'number' } as const;
const nobody = { firstName: '', lastName: 'X', email: null, phone: null, birthDate: null, language: null };
const nowhere = { street: null, city: null, postalCode: null, country: null };

let members: Members;
let told: Change[];
beforeEach(() => {
  told = [];
  members = new Members(
    (member) => flatShape.document(member),
    (change) => void told.push(change),
  );
  for (const [lastName, email] of [
    ['Un', 'un@x.org'],
    ['Deux', 'deux@x.org'],
    ['Trois', 'deux@x.org'],
  ] as const)
    members.addPerson({ ...nobody, ...nowhere, lastName, email, city: 'Lyon', country: 'FR' });
  told = [];
});

async function importing(
  rows: readonly (readonly (string | null)[])[],
  more: Partial<ImportRequest> = {},
  second?: string[][],
) {
  const book = utils.book_new();
  utils.book_append_sheet(book, utils.aoa_to_sheet(rows.map((row) => [...row])), 'Un');
  if (second !== undefined) utils.book_append_sheet(book, utils.aoa_to_sheet(second), 'Deux');
  const file = (write(book, { type: 'buffer', bookType: 'xlsx' }) as Buffer).toString('base64');
  const request = importSchema.parse({ file, identifier: 'number', columns, ...more });
  return await importWorkbook(members, new Labels({ country: 'fr' }), request);
}
const cities = () => members.all().map(({ fields }) => fields.person.city);

test('changes a member found by the number, and tells of it', async () => {
  expect(
    await importing([
      ['N°', 'Ville'],
      ['00001', 'Nantes'],
    ]),
  ).toMatchObject({ updated: 1, refused: [] });
  expect(cities()).toEqual(['Nantes', 'Lyon', 'Lyon']);
  expect(told).toMatchObject([{ event: 'updated' }]);
});

test('clears nothing by an empty cell', async () => {
  expect(
    await importing([
      ['N°', 'Ville', 'Nom'],
      ['00001', null, 'Un'],
    ]),
  ).toMatchObject({ unchanged: 1 });
  expect(cities()[0]).toBe('Lyon');
});

test('takes a choice by its exact label or its value, and refuses anything else', async () => {
  const report = await importing([
    ['N°', 'Pays'],
    ['00001', 'Belgique'],
    ['00002', 'CH'],
    ['00003', 'Belgium'],
  ]);
  expect(report).toMatchObject({ updated: 2, refused: [{ row: 3, why: 'country: not one of the choices' }] });
  expect(members.all().map(({ fields }) => fields.person.country)).toEqual(['BE', 'CH', 'FR']);
});

test('finds members by e-mail, makes those whom it does not find, and refuses where several have the address', async () => {
  const rows = [
    ['Courriel', 'Nom'],
    ['UN@x.org', 'Une'],
    ['deux@x.org', 'Deux'],
    ['quatre@x.org', 'Quatre'],
    ['quatre@x.org', 'Quatre'],
  ];
  const report = await importing(rows, { identifier: 'email' });
  expect(report).toMatchObject({ updated: 1, created: 1, unchanged: 1, refused: [{ row: 2 }] });
  expect(members.size).toBe(4);
});

test('makes everybody anew where nothing finds them', async () => {
  expect(await importing([['Nom'], ['Un'], ['Un']], { identifier: 'none' })).toMatchObject({ created: 2 });
});

test('makes nameless members of empty rows', async () => {
  await importing([
    ['N°', 'Ville'],
    ['00001', 'Nantes'],
    [null, null],
  ]);
  expect(members.all().at(-1)!.fields.person.lastName).toBe('');
});

test('reads the first sheet only, and knows no number but its own', async () => {
  const report = await importing(
    [
      ['N°', 'Ville'],
      ['09999', 'Nantes'],
    ],
    {},
    [
      ['N°', 'Ville'],
      ['00001', 'Nantes'],
    ],
  );
  expect(report).toMatchObject({ updated: 0, refused: [{ row: 1, why: 'no member has this number' }] });
});

test('leaves out the rows that somebody leaves out', async () => {
  await importing(
    [
      ['N°', 'Ville'],
      ['00001', 'Nantes'],
      ['00002', 'Nantes'],
    ],
    { leaveOut: [1] },
  );
  expect(cities()).toEqual(['Lyon', 'Nantes', 'Lyon']);
});
