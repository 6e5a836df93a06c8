import { expect, test } from '@jest/globals';
import { filterTimestamp, parseTimestamp } from '../../src/systems/time.js';

test.each([
  ['2018-06-03T18:30:00', Date.UTC(2018, 5, 3, 18, 30)],
  ['2018-06-03 18:30:00', Date.UTC(2018, 5, 3, 18, 30)],
  ['2018-06-03T18:30:00Z', Date.UTC(2018, 5, 3, 18, 30)],
  ['2018-06-03T18:30:00.250+02:00', Date.UTC(2018, 5, 3, 16, 30, 0, 250)],
  ['2018-06-03T18:30:00-0530', Date.UTC(2018, 5, 4, 0, 0)],
  ['2018-06-03T18:30:00.123456', Date.UTC(2018, 5, 3, 18, 30, 0, 123)],
  ['2018-06-03', Date.UTC(2018, 5, 3)],
])('%s is read, in UTC where it names no zone', (text, expected) => {
  expect(parseTimestamp(text)).toBe(expected);
});

test.each(['03/06/2018 18:30', 'yesterday', '', '2018-13-01T00:00:00', '1528050600'])(
  '"%s" is no time that we know',
  (text) => {
    expect(parseTimestamp(text)).toBeNull();
  },
);

test('a filter names the time in UTC with a blank, which a query string writes as +', () => {
  const text = filterTimestamp(new Date('2019-05-23T12:53:00.900+02:00'));
  expect(text).toBe('2019-05-23 10:53:00');
  expect(new URLSearchParams({ last_update__gt: text }).toString()).toBe('last_update__gt=2019-05-23+10%3A53%3A00');
});
