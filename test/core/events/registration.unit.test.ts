import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  readRegistration,
  type RegistrationRules,
  type ShownRegistration,
} from '../../../src/core/events/registration.js';
import type { EventProblem, Shown, ShownPerson } from '../../../src/core/events/shown.js';
import { checkProperty } from '../../helpers/property.js';

const at = (text: string) => Date.parse(text);

const rules: RegistrationRules = {
  statuses: {
    validated: ['validated', 'Validée'],
    waitingForPayment: ['waiting_for_payment', 'En attente de paiement'],
    cancelled: ['cancelled', 'Annulée'],
  },
  currency: null,
  maxParticipants: 3,
  // One text that stands for two instants, as in the hour that happens twice.
  parseTime: (text) => {
    if (text === 'twice') return { first: 1_000, last: 2_000 };
    const one = Date.parse(text);
    return Number.isNaN(one) ? null : { first: one, last: one };
  },
};

const person = (memberId: Shown, firstName: Shown, lastName: Shown, email: Shown): ShownPerson => ({
  memberId,
  firstName,
  lastName,
  email,
});
const one = person(7, 'Ada', 'Byron', 'Ada@Example.org');

const shown: ShownRegistration = {
  id: 5001,
  status: 'Validée',
  event: { id: 31, title: 'Sailing day', start: '2026-06-12T09:00:00Z', end: '2026-06-12T17:00:00Z', place: 'Harbour' },
  activity: { id: 'a-2', title: 'Dinghy' },
  rate: 'Member',
  participants: [one, person(null, 'Bo', 'Li', null)],
  amount: 12.5,
  currency: 'eur',
  paidAt: '2026-05-01T10:00:00Z',
  modifiedAt: '2026-05-02T10:00:00Z',
};

const problems = (change: Partial<ShownRegistration>, more: Partial<RegistrationRules> = {}): readonly EventProblem[] =>
  readRegistration({ ...shown, ...change }, { ...rules, ...more }).problems ?? [];
const value = (change: Partial<ShownRegistration> = {}, more: Partial<RegistrationRules> = {}) => {
  const reading = readRegistration({ ...shown, ...change }, { ...rules, ...more });
  if (reading.problems !== undefined) throw new Error(JSON.stringify(reading.problems));
  return reading.value;
};
const crowd = (count: number) => Array.from({ length: count }, (_, nth) => person(nth + 1, 'P', `Number${nth}`, null));

describe('a registration', () => {
  test('is read in one shape, whatever form its values came in', () => {
    expect(value()).toEqual({
      id: '5001',
      status: 'validated',
      event: {
        id: '31',
        title: 'Sailing day',
        start: at('2026-06-12T09:00:00Z'),
        end: at('2026-06-12T17:00:00Z'),
        place: 'Harbour',
      },
      activity: { id: 'a-2', title: 'Dinghy' },
      rate: 'Member',
      participants: [
        { memberId: '7', firstName: 'Ada', lastName: 'Byron', email: 'ada@example.org' },
        { memberId: null, firstName: 'Bo', lastName: 'Li', email: null },
      ],
      amount: '12.50',
      currency: 'EUR',
      paidAt: at('2026-05-01T10:00:00Z'),
      modifiedAt: at('2026-05-02T10:00:00Z'),
    });
  });

  test('shows no more than its id, a status, an event and a participant, and is read', () => {
    const nothing = { id: undefined, title: undefined };
    const bare: ShownRegistration = {
      id: 'r1',
      status: 'validated',
      event: { ...nothing, title: 'Sailing day', start: null, end: '', place: undefined },
      activity: nothing,
      rate: null,
      participants: [person(undefined, undefined, 'Byron', undefined)],
      amount: undefined,
      currency: '',
      paidAt: '0000-00-00 00:00:00',
      modifiedAt: undefined,
    };
    expect(value(bare)).toMatchObject({
      event: { id: null, title: 'Sailing day', start: null, end: null, place: null },
      activity: null,
      rate: null,
      participants: [{ memberId: null, firstName: null, lastName: 'Byron', email: null }],
      amount: null,
      currency: null,
      paidAt: null,
      modifiedAt: null,
    });
  });

  test.each(['en attente de paiement', 'EN ATTENTE DE PAIEMENT ', 'waiting for payment', 'waitingForPayment'])(
    'waits for payment where its status is written "%s"',
    (status) => {
      expect(value({ status }).status).toBe('waitingForPayment');
    },
  );

  test.each([
    ['12,5', '12.50'],
    ['12.50', '12.50'],
    ['1 250,00 €', '1250.00'],
    [0, '0.00'],
    ['', null],
  ])('that costs %j costs %s', (amount, text) => {
    expect(value({ amount }).amount).toBe(text);
  });

  test.each([
    [undefined, 'CAD'],
    ['€', 'EUR'],
    ['jpy', 'JPY'],
    ['cad', 'CAD'],
  ])('whose currency is written %j is in %s where the configuration says CAD', (currency, code) => {
    expect(value({ currency, amount: 12 }, { currency: 'CAD' })).toMatchObject({
      currency: code,
      amount: code === 'JPY' ? '12' : '12.00',
    });
  });

  test('begins at the first and ends at the last instant that its times can stand for', () => {
    const { event, modifiedAt } = value({
      event: { ...shown.event, start: 'twice', end: 'twice' },
      modifiedAt: 'twice',
    });
    expect(event).toMatchObject({ start: 1_000, end: 2_000 });
    expect(modifiedAt).toBeNull();
  });
});

describe('a registration that cannot be read', () => {
  test.each<[string, Partial<ShownRegistration>, string, EventProblem['code']]>([
    ['has no id', { id: null }, 'id', 'missing'],
    ['has an id that means another place', { id: '..' }, 'id', 'notId'],
    ['has no status', { status: ' ' }, 'status', 'missing'],
    ['has a status that nobody knows', { status: 'perhaps' }, 'status', 'unknownWord'],
    ['has an object for a status', { status: { is: 'validated' } }, 'status', 'notText'],
    ['names no event', { event: { ...shown.event, id: null, title: '' } }, 'event', 'missing'],
    [
      'has an event that ends before it begins',
      { event: { ...shown.event, end: '2026-06-11' } },
      'event.end',
      'endsBeforeStart',
    ],
    ['has an event that begins at no time', { event: { ...shown.event, start: 'soon' } }, 'event.start', 'notTime'],
    ['has an amount that is none', { amount: 'twelve' }, 'amount', 'notMoney'],
    ['has an amount that can be read in two ways', { amount: '1,250' }, 'amount', 'notMoney'],
    ['costs less than nothing', { amount: -1 }, 'amount', 'notMoney'],
    ['has an amount of nobody knows what', { currency: undefined }, 'currency', 'missing'],
    ['has an amount with the sign of another currency', { amount: '12 €', currency: 'CAD' }, 'amount', 'notMoney'],
    ['is in a currency that is none', { currency: 'euros' }, 'currency', 'notCurrency'],
    ['is in a currency that many countries have', { currency: '$' }, 'currency', 'notCurrency'],
    ['has something else than a list of people', { participants: 'notList' }, 'participants', 'notList'],
    ['shows no participants', { participants: undefined }, 'participants', 'noParticipants'],
    ['has no participants', { participants: [] }, 'participants', 'noParticipants'],
    ['has more than are booked unasked', { participants: crowd(4) }, 'participants', 'tooManyParticipants'],
    ['has a participant of whom nothing is shown', { participants: [one, null] }, 'participants[1]', 'missing'],
    [
      'has a participant with an empty name',
      { participants: [person(null, '', ' ', null)] },
      'participants[0]',
      'missing',
    ],
    ['has a list for an address', { participants: [person(1, 'A', 'B', ['x'])] }, 'participants[0].email', 'notText'],
  ])('%s', (_, change, place, code) => {
    expect(problems(change)).toEqual([{ place, code }]);
  });

  test('tells all that is wrong with it at once', () => {
    expect(problems({ id: '.', status: null, amount: 'x', participants: [] })).toEqual([
      { place: 'id', code: 'notId' },
      { place: 'status', code: 'missing' },
      { place: 'participants', code: 'noParticipants' },
      { place: 'amount', code: 'notMoney' },
    ]);
  });

  test('never tells what stands there', () => {
    const places = ['id', 'status', 'rate', 'amount', 'currency', 'paidAt', 'modifiedAt'] as const;
    return checkProperty(
      fc.property(fc.jsonValue(), fc.constantFrom(...places), (json, place) => {
        const found = problems({ [place]: [`${JSON.stringify(json)} unheard of`] });
        expect(found).toHaveLength(1);
        expect(JSON.stringify(found)).not.toContain('unheard of');
      }),
      { numRuns: 200 },
    );
  });
});

describe('the same person twice in one registration', () => {
  const twice: EventProblem = { place: 'participants[1]', code: 'sameParticipantTwice' };

  test.each([
    ['one member', person(7, 'A', 'B', null), person('7', 'X', 'Y', 'x@example.org')],
    [
      'one name and address',
      person(null, 'Ada', 'Byron', 'a@example.org'),
      person(null, 'ADA', 'byron', 'A@Example.org'),
    ],
    ['one name, swapped', person(null, 'Ada', 'Byron', null), person(null, 'Byron', 'Ada', null)],
    ['one name, of whom one has no address', person(null, 'Ada', 'Byron', null), one],
    ['no names, and one address', person(null, null, null, 'a@example.org'), person(null, '', '', 'a@example.org')],
  ])('is found: %s', (_, a, b) => {
    expect(problems({ participants: [a, b] })).toEqual([twice]);
  });

  test.each([
    [
      'one address, as families have',
      person(null, 'Ada', 'Byron', 'a@example.org'),
      person(null, 'Bo', 'Byron', 'a@example.org'),
    ],
    [
      'one name, and two addresses',
      person(null, 'Ada', 'Byron', 'a@example.org'),
      person(null, 'Ada', 'Byron', 'b@example.org'),
    ],
    ['one name, and two members', person(7, 'Ada', 'Byron', null), person(8, 'Ada', 'Byron', null)],
    ['two members without anything else', person(7, null, null, null), person(8, null, null, null)],
  ])('is not made of two: %s', (_, a, b) => {
    expect(problems({ participants: [a, b] })).toEqual([]);
  });
});

test.each([
  ['no participants', []],
  ['the same person twice', [one, one]],
  ['more participants than are booked unasked', crowd(4)],
])('a cancelled registration is read with %s', (_, participants) => {
  expect(value({ status: 'Annulée', participants }).participants).toHaveLength(participants.length);
});
