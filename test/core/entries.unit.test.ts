import { expect, test } from '@jest/globals';
import { isPlace, namesEntry, splitEntries } from '../../src/core/document.js';

test('a path is cut at the entries that it names', () => {
  expect(splitEntries('custom[id=f108].value')).toEqual(['custom', { key: 'id', value: 'f108' }, '.value']);
  expect(splitEntries('a.b[no=7][kind=x y.z]')).toEqual([
    'a.b',
    { key: 'no', value: '7' },
    '',
    { key: 'kind', value: 'x y.z' },
    '',
  ]);
});

test.each(['city', 'address.city', 'list[0].city', 'list.0', String.raw`odd\[id=x\]`])('%s names no entry', (path) => {
  expect(namesEntry(path)).toBe(false);
  expect(isPlace(path)).toBe(true);
});

test.each(['custom[id=f108].value', 'a[b=c]', 'a[b=c][0].d', 'a[b=c].d[e=f].g'])('%s names one', (path) => {
  expect(namesEntry(path)).toBe(true);
  expect(isPlace(path)).toBe(true);
});

test.each(['custom[id=f108', 'custom[id].value', 'custom[].value', 'custom[id=]', '[id=f108]', 'a[b=c]d', ''])(
  '"%s" is no place',
  (path) => {
    expect(isPlace(path)).toBe(false);
  },
);
