import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { outline } from '../../src/doctor/outline.js';
import { checkProperty } from '../helpers/property.js';

describe('the outline of an answer', () => {
  test('has each path once with all types that stand there', () => {
    const body = {
      total: 2,
      data: [
        { id: 1, name: 'x', at: null },
        { id: 'a', groups: [] },
      ],
    };
    expect(outline(body)).toEqual([
      '(the whole answer): object',
      'total: number',
      'data: list',
      'data[]: object',
      'data[].id: number or text',
      'data[].name: text',
      'data[].at: null',
      'data[].groups: list',
    ]);
  });

  test('hides keys that may be values', () => {
    expect(outline({ 'someone@example.org': { id: 1 }, '42': { id: 2 } })).toEqual([
      '(the whole answer): object',
      '*: object',
      '*.id: number',
    ]);
  });

  test('is cut where it gets long', () => {
    const body = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`field${index}`, 1]));
    expect(outline(body, 10)).toHaveLength(11);
    expect(outline(body, 10).at(-1)).toBe('and 41 more, deeper within');
  });

  test('shows what a record has itself before what stands deeper in it, in the answer’s order', () => {
    const address = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`part${index}`, 1]));
    const lines = outline({ data: [{ id: 1, address, email: 'x', phone: 'y' }] }, 8);
    expect(lines).toEqual([
      '(the whole answer): object',
      'data: list',
      'data[]: object',
      'data[].id: number',
      'data[].address: object',
      'data[].address.part0: number',
      'data[].email: text',
      'data[].phone: text',
      'and 29 more, deeper within',
    ]);
  });

  test('never holds a value, whatever the answer', async () => {
    const marked = fc.string().map((text) => `value ${text}`);
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof({ maxDepth: 4 }, marked, fc.array(tie('tree')), fc.dictionary(marked, tie('tree'))),
    }));
    await checkProperty(
      fc.property(tree, (body) => {
        expect(outline(body).join('\n')).not.toContain('value ');
      }),
      { numRuns: 200 },
    );
  });
});
