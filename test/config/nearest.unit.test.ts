import { describe, expect, test } from '@jest/globals';
import { nearest } from '../../src/config/nearest.js';

describe('the nearest word', () => {
  test.each([
    ['tokn', 'token'],
    ['tokenn', 'token'],
    ['tpken', 'token'],
    ['tokne', 'token'],
    ['page_size', 'pageSize'],
    ['PageSize', 'pageSize'],
  ])('of %s is %s', (word, expected) => {
    expect(nearest(word, ['team', 'token', 'pageSize', 'paths'])).toBe(expected);
  });

  test('is none where nothing is near', () => {
    expect(nearest('organisation', ['team', 'token'])).toBeUndefined();
    expect(nearest('anything', [])).toBeUndefined();
  });

  test('is none where two are equally near', () => {
    expect(nearest('s3', ['s1', 's2'])).toBeUndefined();
  });
});
