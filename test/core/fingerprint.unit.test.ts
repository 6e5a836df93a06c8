import { describe, expect, test } from '@jest/globals';
import { createHmac } from 'node:crypto';
import { createFingerprint, hashFields } from '../../src/core/fingerprint.js';

const key = new Uint8Array(32).fill(7);
const fingerprint = createFingerprint(key);

describe('a fingerprint', () => {
  test('is the first 128 bits of HMAC-SHA-256 over field name and value', () => {
    // As many as it takes for each ending of 128 bits to come up.
    for (let n = 0; n < 100; n += 1) {
      const digest = createHmac('sha256', key).update(`city\0Namur ${n}`).digest();
      const expected = digest.subarray(0, 16).toString('base64url');
      expect(fingerprint('city', `Namur ${n}`)).toBe(expected);
      expect(expected).toHaveLength(22);
    }
  });

  test('differs between fields, keys and values', () => {
    const others = [
      fingerprint('firstName', 'Martin'),
      fingerprint('lastName', 'Martin'),
      fingerprint('lastName', 'martin'),
      createFingerprint(new Uint8Array(32).fill(8))('lastName', 'Martin'),
    ];
    expect(new Set(others).size).toBe(others.length);
  });

  test('of the empty value is the empty text, which no other value has', () => {
    expect(fingerprint('city', null)).toBe('');
    expect(fingerprint('city', '')).not.toBe('');
  });

  test('needs a key as long as its hash', () => {
    expect(() => createFingerprint(new Uint8Array(31))).toThrow(RangeError);
  });
});

test('hashFields keeps an absent field absent and an empty one empty', () => {
  expect(hashFields({ city: 'Namur', phone: null }, fingerprint)).toEqual({
    city: fingerprint('city', 'Namur'),
    phone: '',
  });
});
