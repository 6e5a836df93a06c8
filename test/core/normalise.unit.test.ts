import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isUnderstood, normaliseValue, UnreadableValue } from '../../src/core/normalise.js';
import type { FieldType } from '../../src/core/record.js';
import { checkProperty } from '../helpers/property.js';

const inFrance = { defaultCountry: 'FR' };
const types: readonly FieldType[] = ['text', 'name', 'email', 'phone', 'date', 'country', 'language'];
const normalise = (type: FieldType, raw: unknown) => normaliseValue(type, raw, inFrance);

describe('normaliseValue', () => {
  test('is idempotent for every type, whatever stands in a field', async () => {
    const digits = fc.stringMatching(/^\+?[\d .()/-]{0,20}$/);
    const dates = fc
      .tuple(fc.nat(9999), fc.nat(13), fc.nat(32))
      .map(([y, m, d]) => `${String(y).padStart(4, '0')}-${String(m).padStart(2, '0')}-${String(d).padStart(2, '0')}`);
    const oddCharacters = fc.string({
      unit: fc.constantFrom(...Array.from('aé\u0301 \t\r\n\u00a0\u200b\u202a\u2028\ufeff\u0000\u0085İΣßÅ\u212b')),
    });
    // As fast-check's own unit `binary`, which first makes a table of all million characters.
    const anyCharacter = fc
      .integer({ min: 0, max: 0x10_f7ff })
      .map((nth) => String.fromCodePoint(nth < 0xd800 ? nth : nth + 0x800));
    const raw = fc.oneof(
      fc.string(),
      fc.string({ unit: anyCharacter }),
      oddCharacters,
      digits,
      dates,
      fc.double(),
      fc.constantFrom('fr-CA', 'Belgique', 'Congo'),
    );
    await checkProperty(
      fc.property(
        fc.constantFrom(...types),
        raw,
        fc.constantFrom('FR', 'BE', 'CA', 'AR', 'MX', 'IT', 'BR'),
        (type, value, defaultCountry) => {
          fc.pre(typeof value === 'string' || Number.isFinite(value));
          const once = normaliseValue(type, value, { defaultCountry });
          expect(normaliseValue(type, once, { defaultCountry })).toBe(once);
        },
      ),
      { numRuns: 1_500 },
    );
  });

  test.each(types)('takes blanks and invisible characters alone for an empty value of type %s', (type) => {
    expect(normalise(type, ' \t\u00a0\u200b\r\n')).toBeNull();
    expect(normalise(type, '')).toBeNull();
    expect(normalise(type, null)).toBeNull();
  });

  test('gives one form to the two ways in which Unicode writes an accent', () => {
    expect(normalise('name', 'Rene\u0301e')).toBe(normalise('name', 'Renée'));
  });

  test('collapses blanks and drops what cannot be seen, but keeps the joiners that some scripts need', () => {
    expect(normalise('name', '  Marie\u00a0\u200b  Claire\n')).toBe('Marie Claire');
    expect(normalise('name', 'نمی\u200cخواهم')).toBe('نمی\u200cخواهم');
  });

  test('keeps the lines of a text, with one kind of line end, and joins those of a name', () => {
    expect(normalise('text', '12 rue  Haute \r\nboîte 3\u2028\tcour')).toBe('12 rue Haute\nboîte 3\ncour');
    expect(normalise('name', 'Marie\r\nClaire')).toBe('Marie Claire');
  });

  test('drops what Postgres cannot store', () => {
    expect(normalise('text', 'a\u0000b\ud800c')).toBe('abc');
  });

  test('takes numbers as text', () => {
    expect(normalise('text', 1040)).toBe('1040');
  });

  test.each([
    ['object', { street: 'x' }],
    ['array', ['x']],
    ['boolean', true],
    ['undefined', undefined],
  ])('refuses a mapped place that holds %s, and says so without the value', (found, raw) => {
    const attempt = () => normalise('email', raw);
    expect(attempt).toThrow(UnreadableValue);
    expect(attempt).toThrow(expect.objectContaining({ fieldType: 'email', found }));
  });
});

describe('an e-mail', () => {
  test('is lower case', () => {
    expect(normalise('email', ' Marie.Dupont@Example.ORG ')).toBe('marie.dupont@example.org');
  });

  test('is composed again after lower-casing: T with a diaeresis is two characters, t with one is one', () => {
    expect(normalise('email', 'T\u0308@example.org')).toBe('\u1e97@example.org');
  });
});

describe('a phone number', () => {
  test.each([
    '06 12 34 56 78',
    '06.12.34.56.78',
    '+33 (0)6 12 34 56 78',
    '0033612345678',
    '\u202a+33 6 12 34 56 78\u202c',
  ])('is E.164: %s', (raw) => {
    expect(normalise('phone', raw)).toBe('+33612345678');
  });

  test('stays as written where its E.164 form would be read as yet another number', () => {
    // The library strips the leading zeros of a Thai number one at a time.
    expect(normalise('phone', '+66 0048 428 1279')).toBe('+66 0048 428 1279');
  });

  test("belongs to the connection's country when it names none", () => {
    expect(normaliseValue('phone', '0470 12 34 56', { defaultCountry: 'BE' })).toBe('+32470123456');
  });

  test('need not be of a range in use: the example of Yoplanning is not', () => {
    expect(normalise('phone', '+32 684 95 26 85')).toBe('+32684952685');
  });

  test.each(['12', 'see note', '06 12 34 56 78 (maman)', '06 12 34 56 78 / 01 23 45 67 89', '01 23 45 67 89 ext. 12'])(
    'stays as written where E.164 would lose or invent something: %s',
    (raw) => {
      expect(normalise('phone', raw)).toBe(raw);
    },
  );
});

describe('a date', () => {
  test.each([
    ['2001-05-03', '2001-05-03'],
    ['03/05/2001', '2001-05-03'],
    ['3.5.2001', '2001-05-03'],
    ['2004-02-29', '2004-02-29'],
    ['29/02/2000', '2000-02-29'],
  ])('%s is %s', (raw, expected) => {
    expect(normalise('date', raw)).toBe(expected);
  });

  test.each(['2001-05-03T23:30:00-08:00', '2001-05-03T22:00:00.000Z', '2001-05-03 00:00:00'])(
    'is the day written, never shifted by a zone: %s',
    (raw) => {
      expect(normalise('date', raw)).toBe('2001-05-03');
    },
  );

  test.each(['2001-02-29', '1900-02-29', '31/04/2001', '12/31/2001', '2001-13-01', 'May 2001', '03/05/01'])(
    'that does not exist or is ambiguous stays as written: %s',
    (raw) => {
      expect(normalise('date', raw)).toBe(raw);
    },
  );

  test('of zeros is how MySQL writes none', () => {
    expect(normalise('date', '0000-00-00')).toBeNull();
    expect(normalise('date', '0000-00-00 00:00:00')).toBeNull();
  });
});

describe('a country', () => {
  test.each([
    ['fr', 'FR'],
    ['BEL', 'BE'],
    ['Belgique', 'BE'],
    ['ETATS-UNIS', 'US'],
    ['États-Unis d’Amérique', 'US'],
    ['Cote d Ivoire', 'CI'],
    ['The Netherlands', 'NL'],
    ['suisse', 'CH'],
    ['uk', 'GB'],
  ])('%s is %s', (raw, expected) => {
    expect(normalise('country', raw)).toBe(expected);
  });

  test.each(['Congo', 'Fooland', 'ZZ', 'ZZZ'])('unknown or ambiguous stays as written: %s', (raw) => {
    expect(normalise('country', raw)).toBe(raw);
  });
});

describe('a language', () => {
  test.each([
    ['FR', 'fr'],
    ['fr-CA', 'fr'],
    ['fr_BE', 'fr'],
    ['Français', 'fr'],
    ['French', 'fr'],
    ['FRANCAIS', 'fr'],
    ['néerlandais', 'nl'],
    ['Nederlands', 'nl'],
    ['dut', 'nl'],
    ['Deutsch', 'de'],
  ])('%s is %s', (raw, expected) => {
    expect(normalise('language', raw)).toBe(expected);
  });

  test.each(['xx', 'Elvish', 'français / néerlandais'])('unknown stays as written: %s', (raw) => {
    expect(normalise('language', raw)).toBe(raw);
  });
});

describe('a normalised value', () => {
  const understood = (type: FieldType, raw: string) =>
    isUnderstood(type, normaliseValue(type, raw, { defaultCountry: 'FR' }), { defaultCountry: 'FR' });

  test.each<[FieldType, string]>([
    ['text', 'see note'],
    ['name', '?'],
    ['email', 'Zoe@Example.org'],
    ['phone', '06 12 34 56 78'],
    ['phone', '+32684952685'],
    ['date', '29/02/2024'],
    ['country', 'FRA'],
    ['language', 'fr-BE'],
  ])('of type %s is understood: %s', (type, raw) => {
    expect(understood(type, raw)).toBe(true);
  });

  test.each<[FieldType, string]>([
    ['email', 'none'],
    ['phone', 'see note'],
    ['phone', '+1'],
    ['date', '2023-02-29'],
    ['date', 'in May'],
    ['country', 'Congo'],
    ['language', 'xx'],
  ])('of type %s that was kept as text is not: %s', (type, raw) => {
    expect(understood(type, raw)).toBe(false);
  });

  test.each<FieldType>(['text', 'name', 'email', 'phone', 'date', 'country', 'language'])(
    'that is empty is understood as a %s',
    (type) => expect(isUnderstood(type, null, { defaultCountry: 'FR' })).toBe(true),
  );
});

test('a text of plain letters is cleaned as it is beside one of any other script', async () => {
  const plain = fc.string({ unit: fc.constantFrom(...Array.from('aB1-_. \t\n,')) });
  await checkProperty(
    fc.property(plain, fc.constantFrom<FieldType>('text', 'name'), (raw, type) => {
      // The mark cannot be seen and is removed; with it, nothing is plain.
      expect(normalise(type, `\u200B${raw}`)).toBe(normalise(type, raw));
    }),
    { numRuns: 500 },
  );
});
