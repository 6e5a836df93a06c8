import { describe, expect, test } from '@jest/globals';
import picocolors from 'picocolors';
import { table } from '../../src/cli/output.js';

describe('a table', () => {
  test('has columns as wide as their widest cell, and no blanks at the ends of lines', () => {
    const rows = [
      ['created', '12', 'in Yoplanning'],
      ['unchanged', '1,204', ''],
    ];
    expect(table(rows, { right: [1], indent: 2 }).split('\n')).toEqual([
      '  created       12  in Yoplanning',
      '  unchanged  1,204',
    ]);
  });

  test('measures what is seen: neither colours nor the parts of a composed character count', () => {
    const { green } = picocolors.createColors(true);
    const plain = table([
      ['ok', 'x'],
      ['warning', 'y'],
    ]);
    expect(
      table([
        [green('ok'), 'x'],
        ['warning', 'y'],
      ]).replace(green('ok'), 'ok'),
    ).toBe(plain);
    expect(
      table([
        ['Zoé', 'x'],
        ['Zoe\u0301', 'y'],
      ])
        .split('\n')
        .map((line) => line.normalize()),
    ).toEqual(['Zoé  x', 'Zoé  y']);
  });
});
