/**
 * Keyed hashes of field values: what workflows compare and histories keep instead of personal data.
 *
 * Keyed, because names, dates and phone numbers can be guessed: an unkeyed hash of a birth date is a birth date. Uses
 * node:crypto, so workflows must not import this file; they only ever handle finished hashes.
 */
import { createHmac, createSecretKey } from 'node:crypto';
import type { CanonicalFields, FieldHash, FieldHashes, FieldName, FieldValue } from './record.js';

export type Fingerprint = (field: FieldName, value: FieldValue) => FieldHash;

/** RFC 2104, section 3: a key shorter than the hash weakens it. */
export const fingerprintKeyBytes = 32;

/** 128 bits: two values of one field meet by chance once in some 10^19 values, and a hash fits 22 characters. */
const hashCharacters = 22;

/** The last character of 22 holds two bits of the 128; its other four are zero. */
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const lastOf = new Map(Array.from(alphabet, (character, index) => [character, alphabet.charAt(index & 0b110000)]));

/** The first 128 bits of a longer digest. Cut as text: taking bytes and writing those as text costs as much again as the hash. */
function shortened(digest: string): FieldHash {
  const last = hashCharacters - 1;
  return digest.slice(0, last) + lastOf.get(digest.charAt(last))!;
}

/** One write hashes the same values some four times: as read before, as decided, as answered, as stored. */
const remembered = 4_096;

/**
 * HMAC-SHA-256 of field name and normalised value, cut to 128 bits, base64url (22 characters); `''` for the empty value.
 * The name is part of it, so that equal values of two fields cannot be recognised as equal.
 *
 * @throws {RangeError} if the key has fewer than 32 bytes
 */
export function createFingerprint(key: Uint8Array): Fingerprint {
  if (key.length < fingerprintKeyBytes) {
    throw new RangeError(`expected a fingerprint key of at least ${fingerprintKeyBytes} bytes, found ${key.length}`);
  }
  const secret = createSecretKey(key);
  const known = new Map<string, FieldHash>();
  return (field, value) => {
    if (value === null) return '';
    // No normalised value contains NUL, so no two pairs of name and value run together to the same text.
    const text = `${field}\0${value}`;
    const before = known.get(text);
    if (before !== undefined) return before;
    const hash = shortened(createHmac('sha256', secret).update(text, 'utf8').digest('base64url'));
    if (known.size >= remembered) known.clear();
    known.set(text, hash);
    return hash;
  };
}

/** Hashes of all fields that are there; an absent field stays absent. */
export function hashFields(fields: CanonicalFields, fingerprint: Fingerprint): FieldHashes {
  return Object.fromEntries(Object.entries(fields).map(([field, value]) => [field, fingerprint(field, value)]));
}
