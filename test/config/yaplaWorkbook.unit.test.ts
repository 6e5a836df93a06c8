/** Import files in the configuration: what makes sense, and what a connection can do then. */
import { expect, test } from '@jest/globals';
import { connectionSchema } from '../../src/config/schema.js';
import { waysOf } from '../../src/config/ways.js';

const connection = (write: object, more: object = {}) =>
  connectionSchema.safeParse({
    yapla: { read: { key: { value: 'key' } }, write: { mode: 'workbook', ...write } },
    yoplanning: { token: 'token', team: '5a90332e-568f-4980-9859-88a984844a4d' },
    ...more,
  });
const refusals = (...given: Parameters<typeof connection>) =>
  (connection(...given).error?.issues ?? []).map(({ path }) => path.join('.'));

test('a connection may be written by files alone', () => {
  expect(refusals({})).toEqual([]);
  const { yapla } = connection({}).data!;
  expect(yapla.write).toMatchObject({
    mode: 'workbook',
    maxRows: 1_000,
    maxFiles: 3,
    announceUrl: null,
    announceMail: null,
  });
});

test.each([
  ['a column of no field', { columns: { nickname: 'Surnom' } }, 'yapla.write.columns.nickname'],
  ['two columns of one header', { columns: { city: 'Lieu', street: 'Lieu' } }, 'yapla.write.columns.street'],
  [
    'a column with the header of the identifier',
    { columns: { city: 'Membre - N° de membre' } },
    'yapla.write.columns.city',
  ],
])('%s is refused', (_, write, place) => {
  expect(refusals(write)).toEqual([place]);
});

test('files into which nothing would ever come are refused', () => {
  const fields = Object.fromEntries(
    ['firstName', 'lastName'].map((name) => [name, { yapla: name, yoplanning: name, direction: 'toYoplanning' }]),
  );
  expect(refusals({}, { fields, create: 'yoplanning' })).toEqual(['yapla.write.mode']);
  expect(refusals({}, { fields, create: 'both' })).toEqual([]);
});

test('what a connection can do is said in sentences', () => {
  const [writing, reading] = waysOf(connection({}).data!);
  expect(writing).toContain('no file clears a field');
  expect(reading).toContain('a removal is proven by a complete list only');
  const readsOne = connection(
    {},
    {
      yapla: { read: { key: { value: 'key' }, memberPath: '/members/{id}' }, write: { mode: 'none' } },
      create: 'none',
    },
  );
  expect(waysOf(readsOne.data!)[0]).toContain('only read');
});
