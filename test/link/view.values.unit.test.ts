import { describe, expect, test } from '@jest/globals';
import { compareWritten } from '../../src/link/view.js';

describe('what a system made of a write', () => {
  test('is nothing where it returns what was sent and leaves the rest', () => {
    expect(compareWritten({ a: '1', b: '2' }, { a: '3' }, { a: '3', b: '2' })).toEqual({ notTaken: [], rewritten: {} });
  });
  test('is a form of its own, also in fields that we did not touch', () => {
    expect(compareWritten({ a: '1', b: '2' }, { a: '3' }, { a: '33', b: '22' })).toEqual({
      notTaken: [],
      rewritten: { a: { 33: '3' }, b: { 22: '2' } },
    });
  });
  test('is a write not taken where the old value still stands', () => {
    expect(compareWritten({ a: '1' }, { a: '3' }, { a: '1' }).notTaken).toEqual(['a']);
    expect(compareWritten({}, { a: '3' }, { a: '' }).notTaken).toEqual(['a']);
  });
  test('says nothing about a field that it does not return, or that nobody knew', () => {
    expect(compareWritten({ a: '1' }, { a: '3' }, { c: '9' })).toEqual({ notTaken: [], rewritten: {} });
  });
});
