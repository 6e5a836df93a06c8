import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { excessOf, parseJson, stringifyJson } from '../../src/core/json.js';
import { checkProperty } from '../helpers/property.js';

describe('a JSON text that is read and written back', () => {
  test.each([
    '{"id":12345678901234567890}',
    '[9007199254740993,-9007199254740993]',
    '[0.12345678901234567890123]',
    '[100000000000000000.1]',
    '[0.1000000000000000000]',
    '[1e400,-1E+400,1e-400,true,false,null]',
    '{"a":"x\\"","b":12345678901234567890}',
    '{"note":"12345678901234567890 and \\" 12345678901234567890","n":12345678901234567890}',
    '{"12345678901234567890":[12345678901234567890,{"e":-12345678901234567890.5e3}]}',
    '["\\u0000number:12345678901234567890",12345678901234567890]',
    '["\\u0000number:1","\\u0000text:\\u0000number:1","\\u0000","x\\"\\u0000number:1","x\\"\\u0000number:1\\""]',
    '{"\\u0000number:1":"\\u0000number:1,\\"admin\\":true"}',
  ])('is the same to the letter: %s', (text) => {
    expect(stringifyJson(parseJson(text))).toBe(text);
  });

  test('keeps the numbers that JavaScript holds exactly as numbers', () => {
    const text = '[9007199254740991,1e20,0.1,-0.5,1.7976931348623157e+308,1.50]';
    expect(parseJson(text)).toEqual([9007199254740991, 1e20, 0.1, -0.5, 1.7976931348623157e308, 1.5]);
  });

  test('is the same value, whatever JavaScript wrote', async () => {
    await checkProperty(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value);
        expect(parseJson(text)).toEqual(JSON.parse(text));
        expect(stringifyJson(parseJson(text))).toBe(text);
      }),
      { numRuns: 500 },
    );
  });

  test('keeps every whole number to the letter', async () => {
    await checkProperty(
      fc.property(fc.bigInt(), (number) => {
        expect(stringifyJson(parseJson(`{"n":[${number}]}`))).toBe(`{"n":[${number}]}`);
      }),
      { numRuns: 1_000 },
    );
  });

  test.each(['{"a":12345678901234567890', '[12345678901234567890,]', '[0123456789012345678]', '["\\u0000]'])(
    'and is none stays none: %s',
    (text) => {
      expect(() => parseJson(text)).toThrow(SyntaxError);
    },
  );
});

describe('too much of a value', () => {
  test('is a nesting deeper than any record’s, and no shallower one', () => {
    const nested = (levels: number) => parseJson('{"a":'.repeat(levels) + '1' + '}'.repeat(levels));
    expect(excessOf(nested(9_000))).toBe('depth');
    expect(excessOf(parseJson('['.repeat(9_000) + ']'.repeat(9_000)))).toBe('depth');
    expect(excessOf(nested(50))).toBeNull();
  });

  test('is a number of nine megabytes, and not a text of that length', () => {
    const digits = '1'.repeat(9_000_000);
    expect(excessOf(parseJson(`{"a":[${digits}]}`))).toBe('number');
    expect(excessOf(parseJson(`{"a":["${digits}"]}`))).toBeNull();
    expect(excessOf(parseJson('{"a":12345678901234567890}'))).toBeNull();
  });
});
