/** How a list of Yapla may end, as far as the configuration can tell what makes no sense. */
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
