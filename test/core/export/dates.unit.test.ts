import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { closeDate, dayOfSerial, OrderEvidence, readDate, type DateOrder } from '../../../src/core/export/dates.js';

const day = (text: string) => ({ is: 'day', day: text });

describe('a date of a file', () => {
  test.each([
    ['2025-12-11', day('2025-12-11')],
    ['2025-12-11 16:56:03', day('2025-12-11')],
    ['2025-12-11T00:00:00+01:00', day('2025-12-11')],
    ['31/12/1980', { ...day('1980-12-31'), order: 'day-month' }],
    ['12/31/1980', { ...day('1980-12-31'), order: 'month-day' }],
    ['31.12.1980', { ...day('1980-12-31'), order: 'day-month' }],
    ['05/05/1980', day('1980-05-05')],
    ['05/06/1980', { is: 'open', written: '5/6/1980' }],
    ['32874', day('1990-01-01')],
    ['', { is: 'empty' }],
    ['0000-00-00', { is: 'empty' }],
    ['31/02/1980', { is: 'none' }],
    ['31/12/80', { is: 'none' }],
    ['1980', { is: 'none' }],
    ['in spring', { is: 'none' }],
    ['2025-02-30', { is: 'none' }],
    ['05/06-1980', { is: 'none' }],
  ])('written as %j is read as it is meant, or not at all', (text, reading) => {
    expect(readDate(text)).toEqual(reading);
  });

  test('that the sheet types as a day is that day, and one that is no day is none', () => {
    expect(readDate({ is: 'day', day: '1980-05-06' })).toEqual(day('1980-05-06'));
    expect(readDate({ is: 'day', day: null })).toEqual({ is: 'none' });
    expect(readDate({ is: 'number', value: 45_000.75, text: '45000.75' })).toEqual(day('2023-03-15'));
    expect(readDate({ is: 'truth', value: true })).toEqual({ is: 'none' });
  });

  test('that is open is closed in the order that the column has, and one that is closed stays', () => {
    expect(closeDate('5/6/1980', 'day-month')).toBe('1980-06-05');
    expect(closeDate('5/6/1980', 'month-day')).toBe('1980-05-06');
    expect(closeDate('1980-05-06', 'month-day')).toBe('1980-05-06');
  });

  test('written in an order and read with a column that proves it is the same day, whatever the day', () => {
    const days = fc.date({ min: new Date('1900-01-01'), max: new Date('2100-12-31'), noInvalidDate: true });
    fc.assert(
      fc.property(
        fc.array(days, { minLength: 1 }),
        fc.constantFrom<DateOrder>('day-month', 'month-day'),
        (dates, order) => {
          const evidence = new OrderEvidence();
          const isos = dates.map((date) => date.toISOString().slice(0, 10));
          const readings = isos.map((iso, row) => {
            const [year, month, dayOfMonth] = iso.split('-') as [string, string, string];
            const text = order === 'day-month' ? `${dayOfMonth}/${month}/${year}` : `${month}/${dayOfMonth}/${year}`;
            const reading = readDate(text);
            evidence.tell(row, reading);
            return reading;
          });
          const verdict = evidence.judge(null);
          // Either the column says its order, or nobody is told a day that could be another.
          const isUnsaid = typeof verdict === 'object' && verdict?.is === 'unsaid';
          if (typeof verdict === 'string') expect(verdict).toBe(order);
          readings.forEach((reading, row) => {
            if (reading.is === 'day') expect(reading.day).toBe(isos[row]);
            else if (reading.is === 'open') {
              expect(isUnsaid || verdict === order).toBe(true);
              expect(closeDate(reading.written, order)).toBe(isos[row]);
            } else throw new Error('a date was not read');
          });
        },
      ),
    );
  });
});

describe('a serial number', () => {
  test.each([
    [1, '1900-01-01'],
    [59, '1900-02-28'],
    [60, null],
    [61, '1900-03-01'],
    [45_000, '2023-03-15'],
    [0, null],
    [2_958_466, null],
    [Number.NaN, null],
  ])('%d counts as Excel counts', (serial, expected) => {
    expect(dayOfSerial(serial, false)).toBe(expected);
  });

  test('of a workbook that counts from 1904 is 1462 days later', () => {
    expect(dayOfSerial(0, true)).toBe('1904-01-01');
    expect(dayOfSerial(43_538, true)).toBe('2023-03-15');
  });
});

describe('the order of a column', () => {
  const judged = (texts: readonly string[], stated: DateOrder | null = null) => {
    const evidence = new OrderEvidence();
    texts.forEach((text, nth) => evidence.tell(nth + 2, readDate(text)));
    return evidence.judge(stated);
  };

  test('is what one value proves', () => {
    expect(judged(['01/02/1980', '13/02/1980'])).toBe('day-month');
    expect(judged(['01/02/1980', '02/13/1980'])).toBe('month-day');
  });

  test('is refused where every value can be read in both, with the rows, and is then what a person states', () => {
    expect(judged(['01/02/1980', '2025-01-01', '03/04/1980'])).toEqual({ is: 'unsaid', rows: [2, 4], count: 2 });
    expect(judged(['01/02/1980', '03/04/1980'], 'month-day')).toBe('month-day');
  });

  test('does not matter where every value says which day it is', () => {
    expect(judged(['1980-02-01', '05/05/1980', ''])).toBeNull();
  });

  test('is refused where rows contradict each other, or what was stated', () => {
    expect(judged(['13/02/1980', '02/14/1980'])).toEqual({ is: 'both', dayFirst: 2, monthFirst: 3 });
    expect(judged(['13/02/1980'], 'month-day')).toEqual({ is: 'otherwise', stated: 'month-day', row: 2 });
  });
});
