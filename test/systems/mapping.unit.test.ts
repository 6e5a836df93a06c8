import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  mergeAsRead,
  mergeFields,
  MisplacedField,
  readFields,
  unmappedDifferences,
  type FieldMap,
} from '../../src/systems/mapping.js';
import type { JsonObject } from '../../src/systems/system.js';
import { checkProperty } from '../helpers/property.js';

const fieldMap: FieldMap = {
  firstName: { type: 'name', yapla: 'who.first', yoplanning: 'first_name' },
  phone: { type: 'phone', yapla: { read: 'contact.shown', write: 'contact.tel' }, yoplanning: 'phone_number' },
  postalCode: { type: 'text', yapla: 'contact.address.code', yoplanning: 'postal_code' },
};
const options = { defaultCountry: 'FR' };
const read = (document: JsonObject) => readFields(document, fieldMap, 'yapla', options);

describe('reading fields', () => {
  test('a path that the document does not have gives no field, an empty value gives null', () => {
    expect(read({ who: { first: 'Ada ' }, contact: { shown: '' } })).toEqual({ firstName: 'Ada', phone: null });
  });

  test('an empty parent makes the fields below it empty', () => {
    expect(read({ who: null, contact: { shown: null, address: null } })).toEqual({
      firstName: null,
      phone: null,
      postalCode: null,
    });
  });

  test('numbers are read as text', () => {
    expect(read({ contact: { address: { code: 29200 } } })).toEqual({ postalCode: '29200' });
  });

  test.each([
    ['an object', { who: { first: { label: 'Ada' } } }],
    ['a list', { who: { first: ['Ada'] } }],
    ['a boolean', { who: { first: true } }],
    ['a path through a string', { who: 'Ada' }],
  ])('a path that leads to %s names setting and path, and no value', (found, document) => {
    const failing = () => read(document);
    expect(failing).toThrow(MisplacedField);
    expect(failing).toThrow(`fields.firstName.yapla is "who.first", which leads to ${found}`);
    expect(failing).not.toThrow(/Ada/);
  });
});

describe('merging fields', () => {
  const document: JsonObject = {
    z: 1.5,
    who: { last: 'Lovelace', first: 'Ada' },
    contact: { shown: '01 02 03 04 05', address: { code: 29200, country: null } },
    memberships: [{ id: 7, amount: '12.50' }],
  };

  test('changes only the written places, and keeps the order of keys', () => {
    const merged = mergeFields(document, { firstName: 'Augusta', phone: '+33102030405' }, fieldMap, 'yapla');
    expect(JSON.stringify(merged)).toBe(
      '{"z":1.5,"who":{"last":"Lovelace","first":"Augusta"},"contact":{"shown":"01 02 03 04 05",' +
        '"address":{"code":29200,"country":null},"tel":"+33102030405"},"memberships":[{"id":7,"amount":"12.50"}]}',
    );
  });

  test('leaves the document that it was given as it was', () => {
    const before = JSON.stringify(document);
    mergeFields(document, { firstName: 'Augusta', postalCode: null }, fieldMap, 'yapla');
    expect(JSON.stringify(document)).toBe(before);
  });

  test('a number stays a number where nothing is lost by it', () => {
    const merge = (code: string) => mergeFields(document, { postalCode: code }, fieldMap, 'yapla')['contact'];
    expect(merge('75001')).toMatchObject({ address: { code: 75001 } });
    expect(merge('01000')).toMatchObject({ address: { code: '01000' } });
    expect(merge('1000 AB')).toMatchObject({ address: { code: '1000 AB' } });
  });

  test('emptying a field below an empty parent changes nothing', () => {
    expect(mergeFields({ contact: null }, { postalCode: null }, fieldMap, 'yapla')).toEqual({ contact: null });
  });

  test('into an empty document makes a partial one, cleared fields included', () => {
    expect(mergeFields({}, { firstName: 'Ada', postalCode: null }, fieldMap, 'yapla')).toEqual({
      who: { first: 'Ada' },
      contact: { address: { code: null } },
    });
  });

  test('refuses to write through a value, which would destroy it', () => {
    expect(() => mergeFields({ who: 'Ada' }, { firstName: 'Eve' }, fieldMap, 'yapla')).toThrow(MisplacedField);
  });

  test('as read, the places of reading show the values too', () => {
    const expected = mergeAsRead(document, { phone: '+33612345678' }, fieldMap, 'yapla');
    expect(expected['contact']).toMatchObject({ shown: '+33612345678', tel: '+33612345678' });
  });

  test('whatever stands in the document, unmapped values come out as they went in', () =>
    checkProperty(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.record({ firstName: fc.string(), postalCode: fc.option(fc.string()) }, { requiredKeys: [] }),
        (rest, set) => {
          const before = { ...rest, first_name: 'a', postal_code: null, phone_number: null } as unknown as JsonObject;
          const after = mergeFields(before, set, fieldMap, 'yoplanning');
          expect(Object.keys(after)).toEqual(Object.keys(before));
          const unmapped = ({ first_name: _first, postal_code: _code, ...others }: JsonObject) =>
            JSON.stringify(others);
          expect(unmapped(after)).toBe(unmapped(before));
          expect(unmappedDifferences(before, after, fieldMap, 'yoplanning', [])).toEqual([]);
        },
      ),
      { numRuns: 300 },
    ));
});

describe('the canary', () => {
  const before: JsonObject = {
    id: 7,
    who: { first: 'Ada', last: 'L' },
    contact: { shown: '1', tel: '2', note: 'x' },
    memberships: [{ id: 1 }, { id: 2 }],
    'odd.key': 'a',
    updated_at: 'yesterday',
  };
  const differences = (after: JsonObject) => unmappedDifferences(before, after, fieldMap, 'yapla', ['updated_at']);

  test('is silent when only mapped and volatile values differ', () => {
    const contact = { shown: '3', tel: '4', note: 'x' };
    expect(differences({ ...before, who: { first: 'Eve', last: 'L' }, contact, updated_at: 'now' })).toEqual([]);
  });

  test('names the path of a wiped, a changed and a vanished value, and no value', () => {
    const { 'odd.key': _gone, ...rest } = before;
    const memberships = [{ id: 1 }];
    const contact = { shown: '1', tel: '2', note: '' };
    expect(differences({ ...rest, id: '7', memberships, contact })).toEqual([
      'contact.note',
      'id',
      'memberships.1.id',
      'odd\\.key',
    ]);
  });

  test('a vanished parent counts for what is unmapped below it', () => {
    const { who: _gone, ...rest } = before;
    expect(differences(rest)).toEqual(['who.last']);
  });

  test('a value that becomes a list, or a list that becomes an object, is a difference', () => {
    expect(differences({ ...before, memberships: { 0: { id: 1 }, 1: { id: 2 } } })).toEqual(['memberships']);
    expect(differences({ ...before, id: [7] })).toEqual(['id']);
  });

  test('empty values that are added or left out are no difference', () => {
    expect(differences({ ...before, nickname: null, tags: [], more: { a: '' } })).toEqual([]);
    expect(unmappedDifferences({ a: 1, tags: [] }, { a: 1 }, fieldMap, 'yapla', [])).toEqual([]);
  });

  test('a value that appears where there was none is a difference', () => {
    expect(differences({ ...before, nickname: 'Countess' })).toEqual(['nickname']);
  });
});
