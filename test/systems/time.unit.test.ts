import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { checkProperty } from '../helpers/property.js';
import { zonedInstants } from '../helpers/instants.js';
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
  expect(parseTimestamp(text, 'UTC')).toEqual({ first: expected, last: expected });
});

test.each(['03/06/2018 18:30', 'yesterday', '', '2018-13-01T00:00:00', '1528050600'])(
  '"%s" is no time that we know',
  (text) => {
    expect(parseTimestamp(text, 'UTC')).toBeNull();
  },
);

test('a filter names the time in UTC with a blank, which a query string writes as +', () => {
  const text = filterTimestamp(new Date('2019-05-23T12:53:00.900+02:00'), 'UTC');
  expect(text).toBe('2019-05-23 10:53:00');
  expect(new URLSearchParams({ last_update__gt: text }).toString()).toBe('last_update__gt=2019-05-23+10%3A53%3A00');
});

const utc = (text: string) => Date.parse(text);

describe('a time without zone', () => {
  test.each([
    ['2026-01-15 12:00:00', 'Europe/Paris', '2026-01-15T11:00:00Z'],
    ['2026-07-15 12:00:00', 'Europe/Paris', '2026-07-15T10:00:00Z'],
    ['2026-07-15T12:00:00', 'America/Montreal', '2026-07-15T16:00:00Z'],
    ['2026-07-15', 'Asia/Kolkata', '2026-07-14T18:30:00Z'],
  ])('is one of its zone: %s in %s is %s', (text, zone, expected) => {
    expect(parseTimestamp(text, zone)).toEqual({ first: utc(expected), last: utc(expected) });
  });

  test('with an offset needs no zone', () => {
    const at = utc('2026-07-15T12:00:00+05:30');
    expect(parseTimestamp('2026-07-15T12:00:00+05:30', 'Europe/Paris')).toEqual({ first: at, last: at });
    expect(parseTimestamp('2026-10-25T02:30:00Z', 'Europe/Paris')!.first).toBe(utc('2026-10-25T02:30:00Z'));
  });

  test('in the hour that happens twice stands for both', () => {
    expect(parseTimestamp('2026-10-25 02:30:00', 'Europe/Paris')).toEqual({
      first: utc('2026-10-25T00:30:00Z'),
      last: utc('2026-10-25T01:30:00Z'),
    });
  });

  test('in the hour that does not exist could be by the clock before, or by the one after', () => {
    expect(parseTimestamp('2026-03-29 02:30:00', 'Europe/Paris')).toEqual({
      first: utc('2026-03-29T00:30:00Z'),
      last: utc('2026-03-29T01:30:00Z'),
    });
  });
});

describe('a filter', () => {
  const [first, last] = [new Date('2026-10-25T00:30:00Z'), new Date('2026-10-25T01:30:00Z')];

  test('is in the zone of the server', () => {
    expect(filterTimestamp(new Date('2026-07-15T10:00:00Z'), 'Europe/Paris', 'later')).toBe('2026-07-15 12:00:00');
  });

  test('within the hour that happens twice leaves out nothing that it asks for', () => {
    expect(filterTimestamp(first, 'Europe/Paris', 'later')).toBe('2026-10-25 01:30:00');
    expect(filterTimestamp(last, 'Europe/Paris', 'later')).toBe('2026-10-25 02:30:00');
    expect(filterTimestamp(first, 'Europe/Paris', 'earlier')).toBe('2026-10-25 02:30:00');
    expect(filterTimestamp(last, 'Europe/Paris', 'earlier')).toBe('2026-10-25 03:30:00');
  });

  test('asks for the whole second, however the server reads what it is sent, around any change of clocks', () =>
    checkProperty(
      fc.property(
        zonedInstants,
        fc.nat(999),
        fc.constantFrom('later' as const, 'earlier' as const),
        ({ at: second, zone }, ms, side) => {
          const at = second + ms;
          const read = parseTimestamp(filterTimestamp(new Date(at), zone, side), zone)!;
          if (side === 'later') expect(read.last).toBeLessThanOrEqual(at);
          else expect(read.first).toBeGreaterThanOrEqual(at);
          // And for little more: the longest doubled time is an hour.
          expect(Math.abs(read.first - at)).toBeLessThanOrEqual(2 * 3_600_000 + 1_000);
        },
      ),
      { numRuns: 1_000 },
    ));
});
