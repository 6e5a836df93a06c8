import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { instantsOf, isTimeZone, localTime } from '../../src/core/zone.js';
import { checkProperty } from '../helpers/property.js';
import { writtenIn, zonedInstants } from '../helpers/instants.js';

const written = (instant: number, zone: string) => Date.parse(`${writtenIn(zone, instant).replace(' ', 'T')}Z`);

describe('an instant', () => {
  test('that is written in a zone reads back; in time that happens twice, as the first and the last that it can be', () =>
    checkProperty(
      fc.property(zonedInstants, ({ at: instant, zone }) => {
        const local = written(instant, zone);
        expect(localTime(instant, zone)).toBe(local);
        const { first, last } = instantsOf(local, zone);
        expect([first, last]).toContain(instant);
        // Both are shown so by the clocks, and no other is.
        expect([written(first, zone), written(last, zone)]).toEqual([local, local]);
        const twice = [...Array(8).keys()].flatMap((nth) =>
          [1, -1].map((way) => instant + way * (nth + 1) * 1_800_000),
        );
        const others = twice.filter((other) => written(other, zone) === local);
        expect(others.every((other) => other === first || other === last)).toBe(true);
        expect(first === last).toBe(others.length === 0);
      }),
      { numRuns: 2_000 },
    ));

  test('keeps its fraction of a second, before 1970 as well', () => {
    expect(localTime(-1, 'UTC')).toBe(-1);
    expect(instantsOf(1_250, 'Europe/Paris')).toEqual({ first: 1_250 - 3_600_000, last: 1_250 - 3_600_000 });
  });
});

describe('time that no clock of the zone shows', () => {
  test.each([
    ['2026-03-29T02:30:00Z', 'Europe/Paris'],
    ['2011-12-30T12:00:00Z', 'Pacific/Apia'],
    ['2026-10-04T02:15:00Z', 'Australia/Lord_Howe'],
  ])('lies between what the clock before and the clock after would make of it: %s in %s', (text, zone) => {
    const local = Date.parse(text);
    const { first, last } = instantsOf(local, zone);
    expect(first).toBeLessThan(last);
    // By the rules after the change it would have been before it, and the reverse.
    expect(localTime(first, zone)).toBeLessThan(local);
    expect(localTime(last, zone)).toBeGreaterThan(local);
  });
});

test.each(['Europe/Paris', 'America/Montreal', 'UTC', 'Etc/GMT+1'])('%s is a time zone', (name) => {
  expect(isTimeZone(name)).toBe(true);
});

test.each(['Europe/Pari', 'Paris', '', '+02:00', 'GMT+2', 'heure de Paris'])('"%s" is none', (name) => {
  expect(isTimeZone(name)).toBe(false);
});
