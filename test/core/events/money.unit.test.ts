import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  addMoney,
  compareMoney,
  CurrencyMismatch,
  formatMoney,
  isCurrency,
  minorDigits,
  moneyOf,
  parseMoney,
  subtractMoney,
  sumMoney,
} from '../../../src/core/events/money.js';
import { parseJson, stringifyJson } from '../../../src/core/json.js';
import { carriedNumber } from '../../../src/core/document.js';
import { checkProperty } from '../../helpers/property.js';

/** The smallest units that fit, by currencies of 0, 2 and 3 digits. */
const currency = fc.constantFrom('EUR', 'CAD', 'CHF', 'JPY', 'XPF', 'TND');
const minor = fc.bigInt({ min: -99_999_999_999n, max: 99_999_999_999n });
const amounts = fc.record({ currency, minor }).map(({ currency, minor }) => {
  const digits = minorDigits(currency);
  const text = String(minor < 0n ? -minor : minor).padStart(digits + 1, '0');
  const amount = digits === 0 ? text : `${text.slice(0, -digits)}.${text.slice(-digits)}`;
  return { currency, minor, amount: minor < 0n ? `-${amount}` : amount };
});

describe('an amount', () => {
  test('reads back as it is written, and keeps the digits of its currency', () =>
    checkProperty(
      fc.property(amounts, ({ amount, currency }) => {
        expect(parseMoney(amount, currency)).toEqual({ money: { amount, currency } });
      }),
      { numRuns: 1_000 },
    ));

  test('is the same as text, with a comma, with zeros behind, with an exponent, and as a number of JSON', () =>
    checkProperty(
      fc.property(amounts, ({ amount, currency, minor }) => {
        const expected = { money: { amount, currency } };
        // A comma with three digits behind it may stand for thousands.
        if (minorDigits(currency) === 2) expect(parseMoney(amount.replace('.', ','), currency)).toEqual(expected);
        expect(parseMoney(amount.includes('.') ? `${amount}00` : `${amount}.00`, currency)).toEqual(expected);
        expect(parseMoney(`${minor}e-${minorDigits(currency)}`, currency)).toEqual(expected);
        expect(parseMoney(parseJson(amount) as number, currency)).toEqual(expected);
        expect(parseMoney(carriedNumber(amount), currency)).toEqual(expected);
      }),
      { numRuns: 1_000 },
    ));

  test.each([
    [90.2, 'EUR', '90.20'],
    ['13.00', 'EUR', '13.00'],
    ['12.0000', 'EUR', '12.00'],
    [' 7 ', 'eur', '7.00'],
    ['-0.00', 'EUR', '0.00'],
    ['900', 'JPY', '900'],
    ['900.00', 'JPY', '900'],
    ['1.5', 'TND', '1.500'],
    ['1E+2', 'EUR', '100.00'],
    ['0.000', 'EUR', '0.00'],
  ])('%j of %s is %s', (value, currency, amount) => {
    expect(parseMoney(value, currency)).toEqual({ money: { amount, currency: currency.toUpperCase() } });
  });

  test.each([
    ['abc', 'EUR', 'notAnAmount'],
    ['', 'EUR', 'notAnAmount'],
    [null, 'EUR', 'notAnAmount'],
    [undefined, 'EUR', 'notAnAmount'],
    [true, 'EUR', 'notAnAmount'],
    [{ amount: '1.00' }, 'EUR', 'notAnAmount'],
    ['12.00 €', 'EUR', 'notAnAmount'],
    ['1,234', 'EUR', 'notAnAmount'],
    ['1 234.00', 'EUR', 'notAnAmount'],
    ['9'.repeat(100), 'EUR', 'notAnAmount'],
    ['1e400', 'EUR', 'tooLarge'],
    ['10000000000000.00', 'EUR', 'tooLarge'],
    ['5.505', 'EUR', 'tooFine'],
    ['0.5', 'JPY', 'tooFine'],
    ['1e-400', 'EUR', 'tooFine'],
    ['5.00', 'EURO', 'unknownCurrency'],
    ['5.00', '', 'unknownCurrency'],
  ])('is not read from %j in %j: %s', (value, currency, problem) => {
    expect(parseMoney(value, currency)).toEqual({ problem });
  });

  test('that JavaScript cannot hold is no other amount', () => {
    const read = parseJson('[90.20, 9007199254740993.01, 0.100000000000000001]') as number[];
    expect(read.map((value) => parseMoney(value, 'EUR'))).toEqual([
      { money: { amount: '90.20', currency: 'EUR' } },
      { problem: 'tooLarge' },
      { problem: 'tooFine' },
    ]);
  });

  test('sent as a number stands in JSON to the letter', () => {
    expect(stringifyJson({ amount: carriedNumber('90.20') })).toBe('{"amount":90.20}');
  });

  test('written in the code must be one', () => {
    expect(() => moneyOf('free', 'EUR')).toThrow(RangeError);
  });
});

describe('amounts of one currency', () => {
  const pairs = fc.tuple(amounts, minor);

  test('are compared and added without rounding', () =>
    checkProperty(
      fc.property(pairs, ([{ minor: one, currency }, other]) => {
        const of = (value: bigint) => moneyOf(`${value}e-${minorDigits(currency)}`, currency);
        expect(addMoney(of(one), of(other))).toEqual(of(one + other));
        expect(subtractMoney(of(one), of(other))).toEqual(of(one - other));
        expect(Math.sign(compareMoney(of(one), of(other)))).toBe(one < other ? -1 : one > other ? 1 : 0);
        expect(compareMoney(of(one), of(one))).toBe(0);
        expect(sumMoney([of(one), of(other), of(one)], currency)).toEqual(of(one + other + one));
      }),
      { numRuns: 1_000 },
    ));

  test('that are none sum up to nothing', () => {
    expect(sumMoney([], 'EUR')).toEqual({ amount: '0.00', currency: 'EUR' });
  });

  test('are what floats are not: ten times 0.10 is 1.00', () => {
    expect(sumMoney(Array(10).fill(moneyOf('0.10', 'EUR')), 'EUR').amount).toBe('1.00');
  });
});

test('amounts of two currencies are neither compared nor added', () => {
  const [euros, dollars] = [moneyOf('1.00', 'EUR'), moneyOf('1.00', 'CAD')];
  for (const act of [
    () => compareMoney(euros, dollars),
    () => addMoney(euros, dollars),
    () => subtractMoney(euros, dollars),
    () => sumMoney([dollars], 'EUR'),
  ])
    expect(act).toThrow(CurrencyMismatch);
});

test('a currency is known by its code of ISO 4217, in capitals', () => {
  expect(['EUR', 'CHF', 'eur', 'EURO', '', 'ZZZ'].map(isCurrency)).toEqual([true, true, false, false, false, false]);
});

test('an amount is shown to people in their language, to the last digit', () => {
  const shown = formatMoney(moneyOf('1234567890123.45', 'EUR'), 'fr');
  expect(shown.replaceAll(/[\u00a0\u202f]/g, ' ')).toBe('1 234 567 890 123,45 €');
});
