import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { linkIdOf, parseLinkId, uuidOf } from '../../src/core/linkId.js';
import { personsOf, systemNames } from '../../src/core/record.js';
import { checkProperty } from '../helpers/property.js';

describe('a link id', () => {
  test('names the system and the id under which a person was first seen', () => {
    expect(linkIdOf('yapla', '1042')).toBe('yapla:1042');
  });

  test('is read back as it was made, whatever the id contains', async () => {
    await checkProperty(
      fc.property(fc.constantFrom(...systemNames), fc.string({ minLength: 1 }), (system, id) => {
        expect(parseLinkId(linkIdOf(system, id))).toEqual({ system, id });
      }),
      { numRuns: 200 },
    );
  });

  test.each(['', 'yapla', 'yapla:', ':1042', 'other:1042', 'Yapla:1042'])('is refused when it is none: %j', (text) => {
    expect(() => parseLinkId(text)).toThrow(RangeError);
  });
});

describe('the id of a record of our own making', () => {
  test('is a version-4-shaped UUID, always the same for one link of one scope', async () => {
    await checkProperty(
      fc.property(fc.string(), fc.string(), (linkId, connectionId) => {
        const uuid = uuidOf(linkId, personsOf(connectionId));
        expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
        expect(uuidOf(linkId, personsOf(connectionId))).toBe(uuid);
      }),
      { numRuns: 200 },
    );
  });

  test('never changes between releases, or a repeated creation would make a twin', () => {
    expect(uuidOf('yapla:1042', personsOf('club'))).toBe('d5b77f7b-c30c-49fe-adcc-d8922e3d6087');
  });

  test('differs between links, connections and kinds', () => {
    const ids = [
      uuidOf('yapla:1042', personsOf('club')),
      uuidOf('yapla:1043', personsOf('club')),
      uuidOf('yapla:1042', personsOf('other-club')),
      uuidOf('yapla:1042', { connectionId: 'club', kind: 'registration' }),
    ];
    expect(new Set(ids).size).toBe(4);
  });
});
