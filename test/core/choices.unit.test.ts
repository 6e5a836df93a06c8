import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import countries from 'i18n-iso-countries';
import { ambiguousChoices, choicesOf, createChoices, type ChoiceRows } from '../../src/core/choices.js';
import { labelLanguages, languageLabel } from '../../src/core/codes.js';
import { checkProperty } from '../helpers/property.js';

const letters = Array.from('abcdefghijklmnopqrstuvwxyz');
const languageCodes = letters
  .flatMap((first) => letters.map((second) => first + second))
  .filter((code) => languageLabel(code, 'fr') !== null);

describe.each([
  ['country', Object.keys(countries.getAlpha2Codes()), 250],
  ['language', languageCodes, 183],
] as const)('the built-in table of type %s', (type, codes, size) => {
  const table = createChoices(type, {});

  test('has every code of its standard', () => {
    expect(codes).toHaveLength(size);
  });

  test('reads each label that it writes as the value that was written, in both languages and in any case', () =>
    checkProperty(
      fc.property(
        fc.constantFrom(...codes),
        fc.constantFrom(...labelLanguages),
        fc.constantFrom(
          (text: string) => text,
          (text: string) => text.toLocaleUpperCase('fr'),
          (text: string) => `  ${text} `,
        ),
        (code, language, written) => {
          const label = table.labelOf(code, language);
          expect(label).not.toBeNull();
          expect(table.valueOf(written(label!))).toBe(code);
          expect(table.valueOf(code)).toBe(code);
        },
      ),
      { numRuns: 3_000 },
    ));

  test('has no two values with one label in a language', () => {
    for (const language of labelLanguages) {
      const labels = codes.map((code) => table.labelOf(code, language));
      expect(new Set(labels).size).toBe(codes.length);
    }
  });

  test('takes nothing for a value that it does not have', () => {
    for (const text of ['Fooland', 'xx', 'Elvish', '?', 'Congo ou Zaïre']) expect(table.valueOf(text)).toBeNull();
  });
});

describe('the labels that are written', () => {
  test.each([
    ['country', 'FR', 'fr', 'France'],
    ['country', 'DE', 'en', 'Germany'],
    ['language', 'fr', 'fr', 'Français'],
    ['language', 'fr', 'en', 'French'],
  ] as const)('of type %s: %s in %s is %s', (type, value, language, label) => {
    expect(createChoices(type, {}).labelOf(value, language)).toBe(label);
  });

  test('are those of the configuration before the built-in ones, and both are read', () => {
    const table = createChoices('country', { CD: { fr: ['RDC', 'Congo'] } });
    expect(table.labelOf('CD', 'fr')).toBe('RDC');
    expect(table.labelOf('CD', 'en')).toBe('Democratic Republic of the Congo');
    // By itself it stands for two countries.
    expect(createChoices('country', {}).valueOf('Congo')).toBeNull();
    for (const text of ['RDC', 'congo', 'République démocratique du Congo', 'CD', 'COD'])
      expect(table.valueOf(text)).toBe('CD');
  });
});

describe('a table of the organisation’s own', () => {
  const title: ChoiceRows = { mrs: { fr: ['Madame', 'Mme'], en: 'Mrs' }, mr: { fr: ['Monsieur', 'M.'], en: 'Mr' } };

  test('reads the value and each label of any language, and writes the first of the language asked for', () => {
    const table = createChoices('text', title);
    for (const text of ['mrs', 'Madame', 'MME', 'Mrs', ' madame ']) expect(table.valueOf(text)).toBe('mrs');
    expect(table.labelOf('mr', 'fr')).toBe('Monsieur');
    expect(table.labelOf('mr', 'en')).toBe('Mr');
    expect(table.labelOf('mr', 'de')).toBeNull();
    expect(table.valueOf('Docteur')).toBeNull();
  });

  test('tells labels apart that differ in their punctuation alone', () => {
    const table = createChoices('text', { plus: 'C++', sharp: 'C#' });
    expect(table.valueOf('C++')).toBe('plus');
    expect(table.valueOf('C#')).toBe('sharp');
    expect(table.valueOf('c')).toBeNull();
  });

  test('whatever its rows are, reads what it writes as the value that was written, unless two values share a text', () => {
    const label = fc.string({ minLength: 1, maxLength: 4, unit: fc.constantFrom(...Array.from('aAé +#.1')) });
    const labels = fc.oneof(label, fc.array(label, { minLength: 1, maxLength: 3 }));
    const row = fc.oneof(labels, fc.record({ fr: labels, en: labels }));
    return checkProperty(
      fc.property(fc.dictionary(label, row, { maxKeys: 4 }), fc.constantFrom('fr', 'en'), (rows, language) => {
        fc.pre(ambiguousChoices(rows).length === 0);
        const table = createChoices('text', rows);
        for (const value of Object.keys(rows)) {
          expect(table.valueOf(table.labelOf(value, language)!)).toBe(value);
          expect(table.valueOf(value)).toBe(value);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('a field', () => {
  const places = { yapla: 'pays', yoplanning: 'country' };

  test('is a choice where configuration gives rows, or where a system shows labels', () => {
    expect(choicesOf({ type: 'country', ...places })).toBeNull();
    expect(choicesOf({ type: 'country', ...places, choices: {} })).not.toBeNull();
    expect(choicesOf({ type: 'country', ...places, yapla: { read: 'pays', label: 'fr' } })).not.toBeNull();
  });
});
