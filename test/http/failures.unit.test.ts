import { describe, expect, test } from '@jest/globals';
import { refusedFields, throttleMs } from '../../src/http/failures.js';

describe('the fields that an answer refuses', () => {
  test.each([
    [
      'one per key',
      { email: ['Enter a valid email address.'], phone_number: ['Too long.'] },
      ['email', 'phone_number'],
    ],
    ['nested ones by path', { address: { city: ['Required.'] } }, ['address.city']],
    ['those of list items by position', { items: [{}, { price: { amount: ['No.'] } }] }, ['items.1.price.amount']],
    ['those within a wrapper', { errors: { email: 'taken' } }, ['email']],
    ['the record as a whole', { non_field_errors: ['Not unique.'] }, ['non_field_errors']],
    ['no words about the answer itself', { detail: 'JSON parse error', code: 'invalid', message: 'x' }, []],
    ['no keys that can be values', { 'Zoé Martin': ['x'], 'zoe@example.org': ['x'], '+3312345678': ['x'] }, []],
    ['none in a list of words', ['Invalid.'], []],
    ['none in a text', 'Invalid.', []],
  ])('are %s', (_, body, fields) => {
    expect(refusedFields(JSON.stringify(body))).toEqual(fields);
  });

  test('are none where the answer is not JSON', () => {
    expect(refusedFields('<h1>Bad Request</h1>')).toEqual([]);
    expect(refusedFields('')).toEqual([]);
  });
});

describe('the time that a 429 names', () => {
  const answeredAtMs = Date.UTC(2026, 6, 1, 12, 0, 0);
  const mostMs = 90_000_000;
  const named = (headers: Record<string, string>, detail?: unknown) =>
    throttleMs({ headers, text: JSON.stringify({ detail }), answeredAtMs }, mostMs);

  test('is that of Retry-After in seconds', () => {
    expect(named({ 'retry-after': '86368' }, 'Expected available in 5 seconds.')).toBe(86_368_000);
  });

  test('is that of Retry-After as a date, by the server’s own clock where it tells it', () => {
    const at = 'Wed, 01 Jul 2026 12:00:30 GMT';
    expect(named({ 'retry-after': at })).toBe(30_000);
    expect(named({ 'retry-after': at, date: 'Wed, 01 Jul 2026 12:00:20 GMT' })).toBe(10_000);
  });

  test('is the number in the text, in any language', () => {
    expect(named({}, 'Request was throttled. Expected available in 86368 seconds.')).toBe(86_368_000);
    expect(named({}, 'Requête ralentie. Disponible dans 7 secondes.')).toBe(7_000);
    expect(named({ 'retry-after': 'soon' }, 'Expected available in 3 seconds.')).toBe(3_000);
  });

  test('is the longest that is configured at most, however it is said', () => {
    expect(named({ 'retry-after': '9999999999' })).toBe(mostMs);
    expect(named({ 'retry-after': 'Fri, 31 Dec 2319 23:59:59 GMT' })).toBe(mostMs);
    expect(named({}, 'Expected available in 99999999999 seconds.')).toBe(mostMs);
  });

  test('is a second at least', () => {
    expect(named({ 'retry-after': '0' })).toBe(1_000);
    expect(named({ 'retry-after': 'Wed, 01 Jul 2020 12:00:00 GMT' })).toBe(1_000);
    expect(named({}, 'Slow down.')).toBe(1_000);
    expect(throttleMs({ headers: {}, text: '<html>', answeredAtMs }, mostMs)).toBe(1_000);
  });
});
