import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compareNames, nameWords, type NameComparison, type PersonName } from '../../src/core/names.js';
import { checkProperty } from '../helpers/property.js';

/** `first|last`, so that a table of cases can be read. */
function named(text: string): PersonName {
  const [firstName = '', lastName = ''] = text.split('|');
  return { firstName: firstName || null, lastName: lastName || null };
}

const cases: readonly (readonly [string, NameComparison, string])[] = [
  ['Hélène|Lefèvre', 'same', 'HELENE|LEFEVRE'],
  ['Jean-Pierre|Dubois', 'same', 'jean pierre|dubois'],
  ['Marie|Dupont', 'same', 'Dupont|Marie'],
  ['Anne|D’Hondt', 'same', "Anne|d'Hondt"],
  ['Cœur|Lasœur', 'same', 'Coeur|Lasoeur'],
  ['Marie Claire|Dupont', 'compatible', 'Marie|Dupont'],
  ['Ana|García López', 'compatible', 'Ana|García'],
  ['Jean|de la Tour', 'compatible', 'Jean|Tour'],
  ['J.-P.|Dubois', 'compatible', 'Jean-Pierre|Dubois'],
  ['M|Dupont', 'compatible', 'Marie|Dupont'],
  ['Yann|Le Roux', 'compatible', 'Yann|Leroux'],
  ['Anne|D’Hondt', 'compatible', 'Anne|Dhondt'],
  ['Linh|Lê', 'same', 'LE|linh'],
  ['Minh Anh|Đỗ', 'same', 'Minh Anh|DO'],
  ['Lucas|Van', 'same', 'lucas|văn'],
  ['Văn|Đỗ', 'same', 'Do|Van'],
  ['Maria|Dos', 'same', 'Dos|Maria'],
  ['Anna|Van De', 'same', 'Anna|van de'],
  ['Mai Linh|Lê', 'compatible', 'Linh|Lê'],
  ['L.|Das', 'different', 'Lina|Das Neves'],
  ['Linh|Le', 'different', 'Linh|Le Roux'],
  ['Linh|Le', 'different', 'Mai|Le'],
  ['|Van De', 'different', '|Van De'],
  ['|Le', 'different', 'Linh|Le'],
  ['Marie|Dupont', 'different', 'Paul|Dupont'],
  ['Marie|Dupont', 'different', 'Marie|Durand'],
  ['Jean|de la Tour', 'different', 'Marie|de la Tour'],
  ['M|Dupont', 'different', 'Paul|Dupont'],
  ['J|D', 'different', 'Jean|Dupont'],
  ['Jean Paul|Dupont', 'different', 'Jean Pierre|Dupont'],
  ['|Dupont', 'different', 'Marie|Dupont'],
  ['|De Smet', 'different', 'Jan|De Smet'],
  ['|', 'different', '|'],
  ['Marie|', 'different', 'Marie|'],
];

describe('compareNames', () => {
  test.each(cases)('%s is %s: %s', (a, expected, b) => {
    expect(compareNames(named(a), named(b))).toBe(expected);
  });

  const word = fc.constantFrom(
    'Jean',
    'jean',
    'Éva',
    'Eva',
    'J',
    'É',
    'de',
    'Roux',
    'Le',
    'Leroux',
    'Martin',
    'D’',
    '-',
    '',
  );
  const name = fc.record({
    firstName: fc.option(fc.array(word, { maxLength: 3 }).map((words) => words.join(' '))),
    lastName: fc.option(fc.array(word, { maxLength: 3 }).map((words) => words.join('-'))),
  });

  test('is symmetric', async () => {
    await checkProperty(
      fc.property(name, name, (a, b) => {
        expect(compareNames(a, b)).toBe(compareNames(b, a));
      }),
      { numRuns: 400 },
    );
  });

  test('does not see accents, case, hyphens, nor the order of names', async () => {
    await checkProperty(
      fc.property(name, name, (a, b) => {
        const otherwise = {
          firstName: a.lastName?.toUpperCase().normalize('NFD').replaceAll('-', ' ') ?? null,
          lastName: a.firstName?.normalize('NFD').replaceAll(/\p{M}/gu, '').replaceAll(' ', '-') ?? null,
        };
        expect(compareNames(otherwise, b)).toBe(compareNames(a, b));
      }),
      { numRuns: 200 },
    );
  });

  test('says same only of names with the same words', async () => {
    await checkProperty(
      fc.property(name, name, (a, b) => {
        if (compareNames(a, b) === 'same') expect(nameWords(a).words).toEqual(nameWords(b).words);
      }),
      { numRuns: 200 },
    );
  });
});
