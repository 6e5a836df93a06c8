import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { carriedNumber } from '../../src/core/document.js';
import {
  mergeFields,
  MisplacedField,
  readFields,
  setValue,
  unmappedDifferences,
  valueAt,
  type FieldMap,
} from '../../src/systems/mapping.js';
import { contentIn, putAt } from '../../src/systems/places.js';
import type { JsonObject } from '../../src/systems/system.js';
import { checkProperty } from '../helpers/property.js';
import { ask, opener } from './support.js';

const place = 'custom[id=f108].value';
const fieldMap: FieldMap = { size: { type: 'text', yapla: place, yoplanning: 'size' } };
const options = { defaultCountry: 'FR' };
const document: JsonObject = {
  id: 7,
  custom: [
    { id: 'f107', value: 'x', label: 'Permis' },
    { id: 'f108', value: 'M', label: 'Taille' },
  ],
};
const read = (from: JsonObject) => readFields(from, fieldMap, 'yapla', options);
const write = (to: JsonObject, value: string | null, known = to) =>
  mergeFields(to, { size: value }, fieldMap, 'yapla', known);

describe('an entry of a list', () => {
  test('is found by what it is, wherever it stands', () => {
    expect(read(document)).toEqual({ size: 'M' });
    expect(read({ custom: [...(document['custom'] as JsonObject[])].reverse() })).toEqual({ size: 'M' });
  });

  test('is found by a number as by its digits', () => {
    expect(valueAt({ a: [{ no: 7, b: 'x' }] }, 'a[no=7].b', 'test')).toBe('x');
    expect(
      valueAt({ a: [{ no: carriedNumber('12345678901234567'), b: 'x' }] }, 'a[no=12345678901234567].b', 'test'),
    ).toBe('x');
  });

  test('that the list does not have gives no field, as a list that the document does not have', () => {
    for (const from of [{ custom: [] }, { custom: [{ id: 'f1' }, null, 'f108'] }, {}]) expect(read(from)).toEqual({});
    expect(read({ custom: null })).toEqual({ size: null });
  });

  test.each([
    [{ custom: { f108: 'M' } }, 'a path through an object'],
    [{ custom: 'M' }, 'a path through a string'],
    [
      {
        custom: [
          { id: 'f108', value: 'M' },
          { id: 'f108', value: 'L' },
        ],
      },
      'several entries of a list',
    ],
    [{ custom: [{ id: 'f108', value: ['M'] }] }, 'a list'],
  ] as const)('is no guess where the place does not fit: %j', (from, found) => {
    const reading = () => read(from as unknown as JsonObject);
    expect(reading).toThrow(MisplacedField);
    expect(reading).toThrow(`fields.size.yapla is "${place}", which leads to ${found}`);
  });

  test('is written where it stands, and everything else stays to the letter', () => {
    const before = JSON.stringify(document);
    expect(JSON.stringify(write(document, 'L'))).toBe(before.replace('"M"', '"L"'));
    expect(JSON.stringify(document)).toBe(before);
  });

  test('that is missing is added, named as the others are', () => {
    expect(write({ custom: [{ id: 'f107', value: 'x' }] }, 'L')['custom']).toEqual([
      { id: 'f107', value: 'x' },
      { id: 'f108', value: 'L' },
    ]);
    expect(write({}, 'L')).toEqual({ custom: [{ id: 'f108', value: 'L' }] });
    const numbered: JsonObject = { a: [{ no: 6, b: 'x' }] };
    setValue(numbered, 'a[no=7].b', 'y', 'test');
    expect(numbered).toEqual({
      a: [
        { no: 6, b: 'x' },
        { no: 7, b: 'y' },
      ],
    });
  });

  test('takes its whole list along where only a part of the document is sent', () => {
    expect(write({}, 'L', document)).toEqual({
      custom: [
        { id: 'f107', value: 'x', label: 'Permis' },
        { id: 'f108', value: 'L', label: 'Taille' },
      ],
    });
  });

  test('of the canary is ours wherever it stands, added or changed; its neighbours are not', () => {
    const differences = (before: JsonObject, after: JsonObject) =>
      unmappedDifferences(before, after, fieldMap, 'yapla', ['seen[by=us].at']);
    expect(differences(document, write(document, 'L'))).toEqual([]);
    const without: JsonObject = { custom: [{ id: 'f107', value: 'x' }] };
    expect(differences(without, write(without, 'L'))).toEqual([]);
    expect(differences({}, write({}, 'L'))).toEqual([]);
    expect(differences({ seen: [{ by: 'us', at: 1 }] }, { seen: [{ by: 'us', at: 2 }] })).toEqual([]);
    const damaged = write(document, 'L');
    (damaged['custom'] as JsonObject[])[0]!['value'] = 'y';
    expect(differences(document, damaged)).toEqual(['custom.0.value']);
    expect(differences(document, { ...damaged, custom: [(damaged['custom'] as JsonObject[])[1]!] })).not.toEqual([]);
  });

  test('holds what was put there, whatever the names and the rest of the document are', () => {
    const word = fc.stringMatching(/^[a-z0-9 é]{1,4}$/);
    const entries = fc.array(fc.record({ id: fc.oneof(word, fc.nat(9)), value: word }), { maxLength: 4 });
    return checkProperty(
      fc.property(entries, word, word, (custom, id, value) => {
        fc.pre(custom.filter((one) => String(one.id) === id).length < 2);
        const path = `a.custom[id=${id}].value`;
        const holder: JsonObject = { a: { custom: structuredClone(custom) } };
        putAt(holder, path, value);
        expect(contentIn(holder, path)).toBe(value);
        const others = (list: readonly { id: string | number }[]) => list.filter((one) => String(one.id) !== id);
        expect(others(contentIn(holder, 'a.custom') as typeof custom)).toEqual(others(custom));
      }),
      { numRuns: 500 },
    );
  });
});

describe('over HTTP', () => {
  const open = opener();
  const ada = { firstName: 'Ada', lastName: 'Essai' };
  const others = [
    { id: 'f107', value: 'x' },
    { id: 'f109', value: { a: 1 } },
  ];
  const held = (id: string, value: string) => [...others, { id, value }];

  test.each([
    ['yapla', 'flat'],
    ['yapla', 'listed'],
    ['yoplanning', 'flat'],
  ] as const)('the reference and a field of %s are read and written in a list (Yapla %s)', async (name, shape) => {
    const list = name === 'yapla' ? 'custom_fields' : 'custom';
    const { sandbox, systems } = await open({
      shape,
      configure: (input) => {
        input[name].referenceField = `${list}[id=ref].value`;
        const size = `${list}[id=size].value`;
        input.fields!['size'] =
          name === 'yapla' ? { yapla: size, yoplanning: 'note' } : { yapla: 'note', yoplanning: size };
        if (shape === 'listed') input.webhooks = {};
      },
    });
    const { control } = sandbox;
    const shown = async (id: string) => (await control.record(name, id))!.document[list];
    const id = await control.add(name, ada, { unmapped: { custom: others } });
    const page = async () => (await systems[name].readPage({ from: 0 }, ask)).records;
    const find = async (one: string) => (await page()).find((record) => record.id === one)!;
    const known = await find(id);
    expect(known).toMatchObject({ externalReference: null });

    const written = await systems[name].update(id, () => ({ set: {} }), ask, 'other-1', known);
    expect(written).toMatchObject({ outcome: 'written', after: { externalReference: 'other-1' }, unmappedChanged: [] });
    expect(await shown(id)).toEqual(held('ref', 'other-1'));
    expect(await find(id)).toMatchObject({ externalReference: 'other-1' });

    // Where no record can be read by itself, what is known goes with it.
    const again = await systems[name].update(id, () => ({ set: { size: 'M' } }), ask, 'other-2', await find(id));
    expect(again).toMatchObject({ outcome: 'written', unmappedChanged: [] });
    expect(await shown(id)).toEqual([...held('ref', 'other-1'), { id: 'size', value: 'M' }]);
    expect((await find(id)).fields['size']).toBe('M');

    const newId = name === 'yoplanning' ? 'f3f6d62e-6a9b-4f0c-8a34-5f6f5f1c2a10' : null;
    const fields = { firstName: 'Zoé', lastName: 'Essai', size: 'L' };
    await systems[name].create({ id: newId, fields, externalReference: 'other-3' }, ask);
    const created = (await page()).find((record) => record.fields['firstName'] === 'Zoé')!;
    expect(created).toMatchObject({ externalReference: 'other-3', fields: { size: 'L' } });
  });
});
