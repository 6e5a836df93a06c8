import { describe, expect, test } from '@jest/globals';
import { createFingerprint, hashFields } from '../../src/core/fingerprint.js';
import type { CanonicalFields } from '../../src/core/record.js';
import { type FreeRecord, recordOfCreation, sentBase, withForms } from '../../src/link/creations.js';

const fingerprint = createFingerprint(new Uint8Array(32).fill(7));
const hash = (fields: CanonicalFields) => hashFields(fields, fingerprint);

const sent = { firstName: 'Zoé', lastName: 'Le Goff', phone: '+33612345678', city: null };
const intent = {
  linkId: 'yoplanning:b1',
  system: 'yapla' as const,
  externalId: null,
  hashes: hash(sent),
  fields: sent,
  sends: 1,
  recordedAtMs: 1_000,
};
const free = (id: string, fields: CanonicalFields, more: Partial<FreeRecord> = {}): FreeRecord => ({
  id,
  fields,
  hashes: hash(fields),
  externalReference: null,
  firstSeenAtMs: 2_000,
  ...more,
});
const recognised = (...records: readonly FreeRecord[]) => recordOfCreation(intent, 'b1', records)?.id ?? null;

describe('the record that a creation made', () => {
  test.each([
    ['holds what was sent', { ...sent }, 'a1'],
    [
      "holds the server's forms of it",
      { ...sent, firstName: 'ZOE', lastName: 'LE GOFF', phone: '+33 6 12 34 56 78' },
      'a1',
    ],
    ['does not show all of it', { firstName: 'Zoé', lastName: 'LE GOFF' }, 'a1'],
    ['holds more than was sent', { ...sent, club: 'Brest' }, 'a1'],
    ['does not hold another value', { ...sent, phone: '+33699999999' }, null],
    ['does not hold nothing where something was sent', { ...sent, phone: null }, null],
    ['does not hold something where nothing was sent', { ...sent, city: 'Brest' }, null],
    ['is not one of which nothing is known', {}, null],
    ['is not one that shows only what was left empty', { city: null }, null],
  ])('%s', (_, fields, expected) => {
    expect(recognised(free('a1', fields))).toBe(expected);
  });

  test('was not there before it was first sent', () => {
    expect(recognised(free('a1', sent, { firstSeenAtMs: 999 }))).toBeNull();
  });

  test('carries the reference, whatever it holds; where two carry it, it is neither', () => {
    const referring = (id: string) => free(id, { ...sent, city: 'Brest' }, { externalReference: 'b1' });
    expect(recognised(free('a1', sent), referring('a2'))).toBe('a2');
    expect(recognised(free('a1', sent), referring('a2'), referring('a3'))).toBeNull();
  });

  test('is rather one that holds it to the letter than an older one that holds forms of it', () => {
    expect(recognised(free('a1', { ...sent, firstName: 'ZOE' }), free('a2', sent))).toBe('a2');
  });
});

describe('what both agree on then', () => {
  test("is what was sent, where it stands in the server's form too; another value is nobody's agreement", () => {
    const found = free('a1', { firstName: 'ZOE', lastName: 'Le Goff', phone: '+33699999999', city: null });
    const base = sentBase(intent, found);
    const { firstName, lastName } = sent;
    expect(base).toEqual({
      base: hash({ firstName, lastName }),
      baseFields: { firstName, lastName },
      forms: { firstName: { [found.hashes['firstName']!]: intent.hashes['firstName'] } },
    });
    const known = { yapla: { city: { x: 'y' } }, yoplanning: { city: { u: 'v' } } };
    expect(withForms(known, intent, base)).toEqual({ ...known, yapla: { ...known.yapla, ...base.forms } });
  });

  test('is nothing about a value that was sent and not taken: it is not taken for cleared', () => {
    expect(sentBase(intent, free('a1', { ...sent, phone: null })).base).toEqual(
      hash({ firstName: sent.firstName, lastName: sent.lastName }),
    );
  });
});
