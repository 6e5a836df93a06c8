import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { hasInexactNumber } from '../../src/http/json.js';
import { checkProperty } from '../helpers/property.js';

test.each([
  '{"id": 12345678901234567890}',
  '[9007199254740993]',
  '[-9007199254740993]',
  '[0.12345678901234567890123]',
  '[100000000000000000.1]',
  '{"a": "x\\"", "b": 12345678901234567890}',
])('%s has a number that JavaScript changes', (text) => {
  expect(hasInexactNumber(text)).toBe(true);
});

test.each([
  '{"id": 9007199254740991}',
  '[100000000000000000000000]',
  '[1e400000, 1]'.replace('1e400000', '1e20'),
  '[0.1000000000000000000]',
  '[0.0000000000000000000001]',
  '{"note": "12345678901234567890 and \\" 12345678901234567890"}',
  '{"phone": "+3312345678901234567890"}',
])('%s has none', (text) => {
  expect(hasInexactNumber(text)).toBe(false);
});

test('whatever JavaScript writes, it reads back exactly', async () => {
  await checkProperty(
    fc.property(fc.jsonValue(), (value) => {
      expect(hasInexactNumber(JSON.stringify(value))).toBe(false);
    }),
    { numRuns: 500 },
  );
});

test('every whole number that comes back changed is noticed', async () => {
  await checkProperty(
    fc.property(fc.bigInt(), (number) => {
      const changed = BigInt(Number(number)) !== number;
      // A long round number has one shortest form only, so its digits tell.
      if (changed) expect(hasInexactNumber(`[${number}]`)).toBe(true);
    }),
    { numRuns: 1_000 },
  );
});
