import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isPhone, readPhone } from '../../src/core/phone.js';
import { checkProperty } from '../helpers/property.js';

const inFrance = { defaultCountry: 'FR' };
const ofSwitzerland = { ...inFrance, countries: ['CH'] };

describe('a number without its country code', () => {
  test("is read with the record's own country before the connection's", () => {
    expect(readPhone('076 461 51 83', ofSwitzerland)).toEqual({ value: '+41764615183', form: '=764615183' });
    expect(readPhone('076 461 51 83', inFrance)).toEqual({ value: '+33764615183', form: '~764615183' });
  });

  test("is read with the connection's where the own country has no such number", () => {
    expect(readPhone('02 98 12 34 56', { ...inFrance, countries: ['CA'] }).value).toBe('+33298123456');
  });

  test.each([null, undefined, '', 'Fooland', 'ZZ'])('is read with the connection’s where the own is %s', (country) => {
    expect(readPhone('06 12 34 56 78', { ...inFrance, countries: [country] }).value).toBe('+33612345678');
  });

  test('stays as written where it is valid in neither, though its length would be possible', () => {
    const reading = readPhone('06 12 34 56 78', { defaultCountry: 'BE', countries: ['CA'] });
    expect(reading).toEqual({ value: '06 12 34 56 78', form: '~612345678' });
  });
});

describe('a number with its country code', () => {
  test.each(['+41 76 461 51 83', '0041 76 461 51 83', '+41 (0)76 461 51 83'])(
    'is the same whatever country the record has: %s',
    (text) => {
      for (const countries of [[], ['FR'], ['CH'], ['BE']])
        expect(readPhone(text, { ...inFrance, countries })).toEqual({ value: '+41764615183', form: '+764615183' });
    },
  );

  test('need not be of a range in use: the example of Yoplanning is not', () => {
    expect(readPhone('+32 684 95 26 85', ofSwitzerland).value).toBe('+32684952685');
  });
});

test.each(['voir sa mère', '06 12', '0', '+33 (perdu)', '06 12 34 56 78 (maman)'])(
  'what is no number, or more than one, is known by nothing but its text: %s',
  (text) => expect(readPhone(text, inFrance)).toEqual({ value: text, form: null }),
);

test('a normal form is one with its country code', () => {
  expect(isPhone('+33612345678', 'FR')).toBe(true);
  for (const text of ['0612345678', '+1', 'see note']) expect(isPhone(text, 'FR')).toBe(false);
});

const country = fc.constantFrom('FR', 'BE', 'CH', 'CA', 'IT', 'AR', 'MX', 'BR', null);
const text = fc.oneof(
  fc.stringMatching(/^0?[1-9][\d .-]{5,12}$/),
  fc.stringMatching(/^(?:\+|00)[1-9][\d .()-]{5,14}$/),
);

test('a number that was read is read as itself by every country: its normal form never moves again', () =>
  checkProperty(
    fc.property(text, country, country, (written, own, other) => {
      const { value, form } = readPhone(written, { ...inFrance, countries: [own] });
      const again = readPhone(value, { defaultCountry: 'BE', countries: [other] });
      if (value !== written) expect(again).toEqual({ value, form: form!.replace(/^[=~]/, '+') });
    }),
    { numRuns: 1_000 },
  ));

test('whatever reads a national number, its form keeps the same digits', () =>
  checkProperty(
    fc.property(
      fc.constantFrom('06 12 34 56 78', '076 461 51 83', '0470 12 34 56'),
      country,
      country,
      (written, a, b) => {
        const digits = (own: string | null) => readPhone(written, { ...inFrance, countries: [own] }).form!.slice(1);
        expect(digits(a)).toBe(digits(b));
      },
    ),
    { numRuns: 200 },
  ));
