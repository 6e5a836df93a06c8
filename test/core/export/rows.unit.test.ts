import { describe, expect, test } from '@jest/globals';
import type { Cell } from '../../../src/core/export/cell.js';
import type { FoundColumn } from '../../../src/core/export/columns.js';
import { foldMember, FormulaFound, OrderUnclear, RowReader, type StagedRow } from '../../../src/core/export/rows.js';

const columns: readonly FoundColumn[] = [
  'memberNumber',
  'lastName',
  'birthDate',
  'membershipType',
  'membershipEnd',
].map((name, index) => ({ name, index, header: `header of ${name}` }));
const layout = { columns, dayFields: new Set(['birthDate']), numberDigits: 5 };
const reader = () => new RowReader(layout, false);
const row = (number: number, ...cells: readonly Cell[]) => ({ number, cells });

/** Reads and folds rows of one member. */
function member(...rows: readonly (readonly Cell[])[]) {
  const reading = reader();
  const staged = rows.map((cells, nth) => reading.read(row(nth + 2, ...cells))!);
  return foldMember(staged, columns, reading.orders('day-month'));
}

describe('a row', () => {
  test('has its values in the order of the columns, whatever their cells are', () => {
    expect(
      reader().read(
        row(2, '12', '  Le Goff ', { is: 'day', day: '1980-05-06' }, null, {
          is: 'number',
          value: 45_000,
          text: '45000',
        }),
      ),
    ).toEqual({
      row: 2,
      number: '00012',
      values: ['00012', '  Le Goff ', '1980-05-06', null, '2023-03-15'],
      problem: null,
    });
  });

  test('knows one member by a number that a program has stripped of its zeros, and by words as they are', () => {
    const numbers = (['00012', { is: 'number', value: 12, text: '12' }, ' 12 ', '123456', 'A-12', 'a-12'] as const).map(
      (cell) => reader().read(row(2, cell, 'x'))?.number,
    );
    expect(numbers).toEqual(['00012', '00012', '00012', '123456', 'A-12', 'a-12']);
  });

  test('that is empty is none, and one without a number is a problem', () => {
    expect(reader().read(row(2, null, '  ', null))).toBeNull();
    expect(reader().read(row(3, null, 'Le Goff'))).toMatchObject({ number: null, problem: { is: 'noNumber' } });
    expect(reader().read(row(4, '..', 'Le Goff'))).toMatchObject({ number: null, problem: { is: 'noNumber' } });
  });

  test('with an error, or a date that is none, says in which column, and keeps its number', () => {
    expect(reader().read(row(2, '1', { is: 'error' }))).toMatchObject({
      number: '00001',
      problem: { is: 'errorCell', header: 'header of lastName' },
    });
    expect(reader().read(row(2, '1', 'x', '31/02/1980'))).toMatchObject({
      number: '00001',
      problem: { is: 'noDate', header: 'header of birthDate' },
    });
  });

  test('with a formula in a column that counts ends the reading, with the name of its cell', () => {
    const read = () => reader().read(row(12, '1', { is: 'formula' }));
    expect(read).toThrow(FormulaFound);
    expect(read).toThrow('cell B12 (column "header of lastName") holds a formula');
    expect(reader().read(row(2, '1', 'x', null, null, null, { is: 'formula' }))).toMatchObject({ problem: null });
  });

  test('that has more or fewer values than the header is believed in nothing, not even its number', () => {
    expect(reader().read({ ...row(2, '1', 'x'), isRagged: true })).toMatchObject({
      number: null,
      problem: { is: 'ragged' },
    });
  });
});

describe('the rows of one member', () => {
  test('are folded into one, with its memberships in their order and its days in the order of the column', () => {
    expect(
      member(
        ['1', 'Le Goff', '05/06/1980', 'Adulte', '31/12/2024'],
        ['1', 'Le Goff ', '05/06/1980', 'Famille', '2025-12-31'],
      ),
    ).toEqual({
      number: '00001',
      values: { memberNumber: '00001', lastName: 'Le Goff', birthDate: '1980-06-05' },
      memberships: [
        { membershipType: 'Adulte', membershipEnd: '2024-12-31' },
        { membershipType: 'Famille', membershipEnd: '2025-12-31' },
      ],
    });
  });

  test('are no membership where nothing is said of any', () => {
    expect(member(['1', 'Le Goff'])).toMatchObject({ memberships: [] });
  });

  test('that say different things about the person are a problem, and the rows are named', () => {
    expect(member(['1', 'Le Goff'], ['1', 'Le Gall'])).toEqual({
      is: 'contradiction',
      header: 'header of lastName',
      rows: [2, 3],
    });
    expect(member(['1', 'Le Goff'], ['1', null])).toMatchObject({ is: 'contradiction' });
  });

  test('are a problem where one of them is', () => {
    const bad: StagedRow = { row: 3, number: '00001', values: [], problem: { is: 'ragged' } };
    const good = reader().read(row(2, '1', 'Le Goff'))!;
    expect(foldMember([good, bad], columns, {})).toEqual({ is: 'ragged' });
  });
});

describe('the order of days', () => {
  test('is that of each column, and is asked for where a column does not say it', () => {
    const reading = reader();
    reading.read(row(2, '1', 'x', '05/06/1980', null, '12/31/2024'));
    expect(() => reading.orders(null)).toThrow(OrderUnclear);
    expect(() => reading.orders('day-month')).toThrow(OrderUnclear);
    expect(reading.orders('month-day')).toEqual({ birthDate: 'month-day', membershipEnd: 'month-day' });
  });
});
