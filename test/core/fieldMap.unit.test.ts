import { describe, expect, test } from '@jest/globals';
import { decide } from '../../src/core/decide.js';
import { movedFields, remakeBase, unknownBase, type MapVersion } from '../../src/core/fieldMap.js';

const map = (fields: MapVersion['fields']): MapVersion => ({ normaliser: 1, defaultCountry: 'FR', fields });
const city = { type: 'text', yapla: 'city', yoplanning: 'city' } as const;

test('a field has moved when its place differs in either system, and not when its type or its neighbours do', () => {
  const before = map({ city, street: { ...city, yapla: 'street', yoplanning: 'street' } });
  expect(movedFields(before, map({ city: { ...city, type: 'name' }, phone: city }))).toEqual([]);
  expect(movedFields(before, map({ city: { ...city, yapla: 'town' } }))).toEqual(['city']);
  expect(movedFields(before, map({ city: { ...city, yoplanning: { read: 'city', write: 'town' } } }))).toEqual([
    'city',
  ]);
});

describe('a base that is made again', () => {
  const none = new Set<string>();

  test('still is what both hold, where both held it before, whatever the new form makes of their values', () => {
    const before = { yapla: { city: 'old' }, yoplanning: { city: 'old' } };
    const same = remakeBase(
      { base: { city: 'old' }, before, after: { yapla: { city: 'n' }, yoplanning: { city: 'n' } } },
      none,
    );
    expect(same).toEqual({ base: { city: 'n' }, equal: {} });
    const apart = remakeBase(
      { base: { city: 'old' }, before, after: { yapla: { city: 'a' }, yoplanning: { city: 'b' } } },
      none,
    );
    expect(apart).toEqual({ base: { city: 'a' }, equal: { yoplanning: { city: { b: 'a' } } } });
  });

  test('leaves a change that was there before a change of that side', () => {
    const before = { yapla: { city: 'edited' }, yoplanning: { city: 'old' } };
    const after = { yapla: { city: 'edited2' }, yoplanning: { city: 'old2' } };
    const { base } = remakeBase({ base: { city: 'old' }, before, after }, none);
    expect(base).toEqual({ city: 'old2' });
  });

  test('knows nothing of a field whose place moved: what differs is asked about, and what does not is agreed', () => {
    const before = { yapla: { city: 'old', street: 's' }, yoplanning: { city: 'old', street: 's' } };
    const after = { yapla: { city: 'else', street: 't' }, yoplanning: { city: 'old', street: 't' } };
    const { base } = remakeBase({ base: { city: 'old', street: 's' }, before, after }, new Set(['city', 'street']));
    expect(base).toEqual({ city: unknownBase, street: 't' });
    const side = (hashes: Record<string, string>) => ({ hashes, times: {} });
    for (const rule of ['yapla', 'yoplanning', 'newest', 'ask'] as const) {
      const decision = decide({
        base,
        yapla: side(after.yapla),
        yoplanning: side(after.yoplanning),
        fields: [{ name: 'city', type: 'text', rule, direction: 'both' }],
      });
      expect(decision).toMatchObject({ kind: 'conflict', conflicts: ['city'], write: { yapla: [], yoplanning: [] } });
    }
  });
});
