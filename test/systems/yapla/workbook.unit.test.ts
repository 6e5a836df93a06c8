/** What stands in a file for Yapla's import wizard. */
import { describe, expect, test } from '@jest/globals';
import { fieldsSchema } from '../../../src/config/fields.js';
import { workbookSchema } from '../../../src/config/yaplaWorkbook.js';
import { cellOf, createCollectingWriter, identifierOf, sheetOf } from '../../../src/systems/yapla/workbook.js';

const fields = fieldsSchema.parse({
  lastName: { type: 'name', yapla: 'last_name', yoplanning: 'last_name' },
  firstName: { type: 'name', yapla: 'first_name', yoplanning: 'first_name' },
  email: { type: 'email', yapla: 'email', yoplanning: 'email' },
  country: { type: 'country', yapla: { read: 'country', label: 'fr' }, yoplanning: 'country' },
  level: {
    type: 'text',
    choices: { a: { fr: 'Débutant' } },
    yapla: { read: 'level', label: 'fr' },
    yoplanning: 'level',
  },
});
const write = workbookSchema.parse({ mode: 'workbook', columns: { email: 'Courriel' } });

describe('a sheet', () => {
  test('of changes has the member numbers and only columns in which somebody changed', () => {
    const rows = [
      { identifier: '00042', fields: { country: 'BE' } },
      { identifier: '00043', fields: { email: 'zoe@example.org' } },
    ];
    expect(sheetOf(write, fields, rows)).toEqual([
      ['Membre - N° de membre', 'Courriel', 'Membre - Pays'],
      ['00042', null, 'Belgique'],
      ['00043', 'zoe@example.org', null],
    ]);
  });

  test('of new people has no number, and no column that nobody has', () => {
    expect(
      sheetOf(write, fields, [{ identifier: null, fields: { lastName: 'Le Goff', firstName: 'Zoé', level: 'a' } }]),
    ).toEqual([
      ['Membre - Nom', 'Membre - Prénom', 'level'],
      ['Le Goff', 'Zoé', 'Débutant'],
    ]);
  });
});

describe('a cell', () => {
  test('holds a choice by its label, and anything else as it is', () => {
    expect(cellOf(fields, 'country', 'FR')).toEqual({ text: 'France' });
    expect(cellOf(fields, 'lastName', '=1+1')).toEqual({ text: '=1+1' });
  });

  test.each([
    ['nothing', 'lastName', null, 'cleared'],
    ['a choice without a label', 'level', 'z', 'noLabel'],
    ['more than a cell takes', 'lastName', 'x'.repeat(32_768), 'tooLong'],
  ] as const)('cannot hold %s', (_, name, value, unfit) => {
    expect(cellOf(fields, name, value)).toEqual({ unfit });
  });
});

describe('what the wizard finds a member by', () => {
  test.each([
    ['the id, where nothing else is named', null, {}, 'm1'],
    ['a number at its place, as it is written there', 'member.number', { member: { number: '00042' } }, '00042'],
    ['a number that is one', 'number', { number: 42 }, '42'],
    ['nothing, where there is none', 'number', { number: ' ' }, null],
    ['nothing, where the member does not show it', 'number', {}, null],
  ])('is %s', (_, path, document, expected) => {
    expect(identifierOf({ header: 'N°', path }, 'm1', document)).toBe(expected);
  });
});

test('a writer that collects sends nothing, and says so', async () => {
  const writer = createCollectingWriter('club');
  const refused = { type: 'RequestRefused', effect: 'none', context: { system: 'yapla', record: 'm1' } };
  await expect(writer.update('m1', () => ({ set: {} }), { lane: 'live', purpose: 'test' })).rejects.toMatchObject(
    refused,
  );
  expect(writer).toMatchObject({ writes: true, read: null });
});
