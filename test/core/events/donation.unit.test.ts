import { describe, expect, test } from '@jest/globals';
import { readDonation, type DonationStatus, type ShownDonation } from '../../../src/core/events/donation.js';
import type { EventProblem, EventRules } from '../../../src/core/events/shown.js';

const rules: EventRules<DonationStatus> = {
  statuses: { validated: ['validated'], waitingForPayment: ['pending'], cancelled: ['refunded', 'cancelled'] },
  currency: 'EUR',
  parseTime: (text) => {
    const one = Date.parse(text);
    return Number.isNaN(one) ? null : { first: one, last: one };
  },
};

const shown: ShownDonation = {
  id: 'd-9',
  status: 'Validated',
  donor: { memberId: 7, firstName: 'Ada', lastName: 'Byron', email: 'ada@Example.org' },
  amount: '50',
  currency: undefined,
  date: '2026-03-01T12:00:00Z',
  campaign: { id: 3, title: 'New boats' },
  modifiedAt: undefined,
};

describe('a donation', () => {
  test('is read in one shape, in the currency of the configuration where it states none', () => {
    expect(readDonation(shown, rules)).toEqual({
      value: {
        id: 'd-9',
        status: 'validated',
        donor: { memberId: '7', firstName: 'Ada', lastName: 'Byron', email: 'ada@example.org' },
        amount: '50.00',
        currency: 'EUR',
        date: Date.parse('2026-03-01T12:00:00Z'),
        campaign: { id: '3', title: 'New boats' },
        modifiedAt: null,
      },
    });
  });

  test('is told to be cancelled by any of the words for it', () => {
    expect(readDonation({ ...shown, status: 'Refunded' }, rules)).toMatchObject({ value: { status: 'cancelled' } });
  });

  test.each<[string, Partial<ShownDonation>, string, EventProblem['code']]>([
    ['an id', { id: '' }, 'id', 'missing'],
    ['a status', { status: undefined }, 'status', 'missing'],
    ['an amount', { amount: null }, 'amount', 'missing'],
    ['an amount that is one', { amount: '5 sheep' }, 'amount', 'notMoney'],
    ['a date', { date: undefined }, 'date', 'missing'],
    ['a date that is one', { date: 'lately' }, 'date', 'notTime'],
    ['a donor', { donor: { memberId: null, firstName: '', lastName: null, email: undefined } }, 'donor', 'missing'],
  ])('cannot be read without %s', (_, change, place, code) => {
    expect(readDonation({ ...shown, ...change }, rules)).toEqual({ problems: [{ place, code }] });
  });

  test('is read without a campaign', () => {
    const campaign = { id: undefined, title: undefined };
    expect(readDonation({ ...shown, campaign }, rules)).toMatchObject({ value: { campaign: null } });
  });
});
