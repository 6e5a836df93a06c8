import { describe, expect, test } from '@jest/globals';
import { dateOfName, dateOfText } from '../../../src/core/export/fileDate.js';

describe('the date of an export', () => {
  test.each([
    [
      'Yapla - Membres - Liste des inscriptions de membres - 251211-1656 - 258779.csv',
      'UTC',
      '2025-12-11T16:56:00.000Z',
    ],
    [
      'Yapla - Membres - Liste des inscriptions de membres - 251211-1656 - 258779.csv',
      'Europe/Paris',
      '2025-12-11T15:56:00.000Z',
    ],
    ['Yapla_-_Membres_-_251211-1656_-_258779 (1).xlsx', 'UTC', '2025-12-11T16:56:00.000Z'],
    // The hour that happens twice: the first of the two.
    ['x - 251026-0230 - 1.csv', 'Europe/Paris', '2025-10-26T00:30:00.000Z'],
  ])('stands in the name %j in %s', (name, zone, expected) => {
    expect(dateOfName(name, zone)?.toISOString()).toBe(expected);
  });

  test.each([
    'membres.csv',
    'x - 251331-1656 - 1.csv',
    'x - 250230-1656 - 1.csv',
    'x - 251211-2556 - 1.csv',
    'x - 12345678-1656.csv',
  ])('does not stand in the name %j', (name) => {
    expect(dateOfName(name, 'UTC')).toBeNull();
  });

  test.each([
    ['2025-12-11', '2025-12-10T23:00:00.000Z'],
    ['2025-12-11 16:56', '2025-12-11T15:56:00.000Z'],
    ['2025-12-11T16:56:30', '2025-12-11T15:56:30.000Z'],
    ['2025-12-11T16:56Z', '2025-12-11T16:56:00.000Z'],
    ['2025-12-11 16:56 -05:00', '2025-12-11T21:56:00.000Z'],
  ])('said as %j is in the account’s time zone, unless it names one', (text, expected) => {
    expect(dateOfText(text, 'Europe/Paris')?.toISOString()).toBe(expected);
  });

  test.each(['11/12/2025', 'yesterday', '2025-02-30', '2025-02-30T10:00Z', ''])('is not said by %j', (text) => {
    expect(dateOfText(text, 'Europe/Paris')).toBeNull();
  });
});
