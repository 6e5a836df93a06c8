import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  type BookedItem,
  type CountedDonation,
  type FactRules,
  factsOfDonations,
  factsOfOrders,
  isSeasonStart,
  seasonAt,
} from '../../../src/core/events/facts.js';
import { moneyOf } from '../../../src/core/events/money.js';
import { checkProperty } from '../../helpers/property.js';

const rules: FactRules = { seasonFrom: '09-01', timeZone: 'Europe/Paris', currency: 'EUR' };
const at = (text: string) => Date.parse(text);
const euros = (amount: string) => moneyOf(amount, 'EUR');

const item = (startsAt: string | null, more: Partial<BookedItem> = {}): BookedItem => ({
  startsAt: startsAt === null ? null : at(startsAt),
  title: 'Voile',
  amount: euros('10'),
  orderedAt: at('2026-01-01T00:00:00Z'),
  ...more,
});

describe('facts of orders', () => {
  const booked = [
    item('2025-08-31T12:00:00Z', { title: 'Kayak', amount: euros('99') }),
    item('2026-03-01T09:00:00Z', { title: 'voile' }),
    item('2026-06-12T22:30:00Z', { title: 'Aviron', amount: euros('12.50') }),
    item('2026-09-05T09:00:00Z', { title: 'Planche' }),
  ];

  test('tell the next and the last session by the day of the club, and the season in which the moment is', () => {
    expect(factsOfOrders(booked, rules, at('2026-04-01T00:00:00Z'))).toEqual({
      values: {
        // Half past midnight in Paris.
        nextSession: '2026-06-13',
        lastSession: '2026-03-01',
        bookingsThisSeason: '2',
        spentThisSeason: '22.50',
        activities: 'Aviron, voile',
      },
      changesAt: at('2026-06-12T22:30:00Z'),
    });
  });

  test('move to the next season at its first minute in the club’s time zone', () => {
    const begins = at('2026-08-31T22:00:00Z');
    expect(factsOfOrders(booked, rules, begins - 1)).toMatchObject({
      values: { bookingsThisSeason: '2' },
      changesAt: begins,
    });
    expect(factsOfOrders(booked, rules, begins).values).toMatchObject({
      bookingsThisSeason: '1',
      spentThisSeason: '10.00',
      activities: 'Planche',
    });
  });

  test('count what a voucher cost in the season in which it was ordered, and no booking', () => {
    const voucher = item(null, { title: null, orderedAt: at('2026-02-01T00:00:00Z'), amount: euros('30') });
    expect(factsOfOrders([voucher], rules, at('2026-04-01T00:00:00Z')).values).toEqual({
      nextSession: null,
      lastSession: null,
      bookingsThisSeason: '0',
      spentThisSeason: '30.00',
      activities: null,
    });
  });

  test('of nobody’s orders never change', () => {
    expect(factsOfOrders([], rules, at('2026-04-01T00:00:00Z'))).toEqual({
      values: {
        nextSession: null,
        lastSession: null,
        bookingsThisSeason: '0',
        spentThisSeason: '0.00',
        activities: null,
      },
      changesAt: null,
    });
  });

  test('leave out amounts of another currency', () => {
    const francs = item('2026-03-01T09:00:00Z', { amount: moneyOf('50', 'CHF') });
    expect(factsOfOrders([francs], rules, at('2026-04-01T00:00:00Z')).values.spentThisSeason).toBe('0.00');
  });
});

describe('facts of donations', () => {
  const donation = (madeAt: string, amount: string): CountedDonation => ({ madeAt: at(madeAt), amount: euros(amount) });

  test('tell the last one and the sum of the calendar year of the club', () => {
    const given = [
      donation('2025-06-01T10:00:00Z', '100'),
      // The first minutes of 2026 in Paris.
      donation('2025-12-31T23:10:00Z', '20'),
      donation('2026-02-01T10:00:00Z', '30.50'),
    ];
    expect(factsOfDonations(given, rules, at('2026-04-01T00:00:00Z'))).toEqual({
      values: { lastDonation: '2026-02-01', donatedThisYear: '50.50' },
      changesAt: at('2026-12-31T23:00:00Z'),
    });
  });

  test('count a donation of a day to come from that day on', () => {
    const given = [donation('2026-05-01T10:00:00Z', '20')];
    expect(factsOfDonations(given, rules, at('2026-04-01T00:00:00Z'))).toEqual({
      values: { lastDonation: null, donatedThisYear: '0.00' },
      changesAt: at('2026-05-01T10:00:00Z'),
    });
  });
});

describe('whatever the bookings and the moment,', () => {
  const moment = fc.integer({ min: at('2024-01-01T00:00:00Z'), max: at('2028-01-01T00:00:00Z') });
  const someRules = fc.record({
    seasonFrom: fc.constantFrom('01-01', '03-01', '09-01', '12-31'),
    timeZone: fc.constantFrom('UTC', 'Europe/Paris', 'America/Montreal', 'Pacific/Auckland'),
    currency: fc.constant('EUR'),
  });
  const items = fc.array(
    fc.record({
      startsAt: fc.option(moment),
      title: fc.option(fc.constantFrom('Voile', 'voile', 'VOÎLE', 'Kayak', '')),
      amount: fc.option(fc.integer({ min: 0, max: 99_999 }).map((cents) => euros((cents / 100).toFixed(2)))),
      orderedAt: fc.option(moment),
    }),
    { maxLength: 8 },
  );
  const donations = fc.array(
    fc.record({ madeAt: moment, amount: fc.integer({ min: 1, max: 9_999 }).map((one) => euros(String(one))) }),
    { maxLength: 6 },
  );

  test('facts hold until the moment at which they say that they may change, and the moment is to come', () =>
    checkProperty(
      fc.property(items, donations, someRules, moment, fc.double({ min: 0, max: 1, noNaN: true }), (...drawn) => {
        const [booked, given, how, now, share] = drawn;
        const of = [(ms: number) => factsOfOrders(booked, how, ms), (ms: number) => factsOfDonations(given, how, ms)];
        for (const facts of of) {
          const { values, changesAt } = facts(now);
          if (changesAt !== null) expect(changesAt).toBeGreaterThan(now);
          const until = (changesAt ?? now + 4 * 366 * 86_400_000) - 1;
          expect(facts(until).values).toEqual(values);
          expect(facts(now + Math.floor((until - now) * share)).values).toEqual(values);
        }
      }),
      { numRuns: 500 },
    ));

  test('the order in which orders and donations are known changes nothing', () =>
    checkProperty(
      fc.property(items, donations, someRules, moment, (booked, given, how, now) => {
        expect(factsOfOrders([...booked].reverse(), how, now)).toEqual(factsOfOrders(booked, how, now));
        expect(factsOfDonations([...given].reverse(), how, now)).toEqual(factsOfDonations(given, how, now));
      }),
      { numRuns: 300 },
    ));

  test('a moment is in one season, and the next begins where it ends', () =>
    checkProperty(
      fc.property(someRules, moment, (how, now) => {
        const { from, to } = seasonAt(now, how);
        expect(from).toBeLessThanOrEqual(now);
        expect(to).toBeGreaterThan(now);
        expect(seasonAt(to, how).from).toBe(to);
        expect(seasonAt(from, how)).toEqual({ from, to });
      }),
      { numRuns: 300 },
    ));
});

test('the start of a season is a day that every year has', () => {
  expect(['01-01', '09-01', '02-28', '12-31'].map(isSeasonStart)).not.toContain(false);
  expect(['02-29', '02-30', '13-01', '9-1', '2026-09-01', ''].map(isSeasonStart)).not.toContain(true);
});
