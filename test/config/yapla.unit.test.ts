/** How Yapla is read, as far as the configuration can tell what makes no sense. */
import { expect, test } from '@jest/globals';
import { yaplaSchema } from '../../src/config/yapla.js';

const refusals = (answer: object, paging: object = {}) => {
  const { error } = yaplaSchema.safeParse({ read: { key: { value: 'key' }, paging, answer } });
  return (error?.issues ?? []).map(({ path }) => path.join('.'));
};

test.each([
  ['a total', {}],
  ['the number of the last page', { count: null, lastPage: 'pages' }],
  ['whether there is more', { count: null, more: 'has_more' }],
  ['nothing', { count: null }],
])('a list may state %s', (_, answer) => {
  expect(refusals(answer)).toEqual([]);
});

test('a list ends in one way only, and pages by position have no numbers', () => {
  expect(refusals({ lastPage: 'pages' })).toEqual(['read.answer.lastPage']);
  expect(refusals({ more: 'next' })).toEqual(['read.answer.more']);
  expect(refusals({ count: null, lastPage: 'pages', more: 'next' })).toEqual(['read.answer.more']);
  expect(refusals({ count: null, lastPage: 'pages' }, { style: 'offset' })).toEqual(['read.answer.lastPage']);
});

test.each([
  ['the API with its key', { read: { key: { value: 'key' } } }, []],
  ['the API without a key', { read: {} }, ['read.key']],
  ['files, and nothing is written', { read: { mode: 'workbook' } }, []],
  ['files, and files are imported', { read: { mode: 'workbook' }, write: { mode: 'workbook' } }, []],
  ['files, where an API writes', { read: { mode: 'workbook' }, write: { mode: 'rest', apiKey: 'key' } }, ['read.mode']],
  [
    'files, and single members by an API',
    { read: { mode: 'workbook', memberPath: '/members/{id}' } },
    ['read.memberPath'],
  ],
  [
    'files, by a number that an API shows',
    { read: { mode: 'workbook' }, workbook: { numberField: 'no' } },
    ['workbook.numberField'],
  ],
  ['both, where the API shows the number', { read: { key: { value: 'key' } }, workbook: { numberField: 'no' } }, []],
])('Yapla is read from %s', (_, input, expected) => {
  const { error } = yaplaSchema.safeParse(input);
  expect((error?.issues ?? []).map(({ path }) => path.join('.'))).toEqual(expected);
  // With the reason.
  for (const { message } of error?.issues ?? []) expect(message).toMatch(/^expected .+, because /);
});
