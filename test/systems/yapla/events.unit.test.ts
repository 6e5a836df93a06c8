import { describe, expect, test } from '@jest/globals';
import { yaplaEventsSchema } from '../../../src/config/yaplaEvents.js';
import { donationOf, registrationOf } from '../../../src/systems/yapla/events.js';

const settings = (given: object = {}, timeZone = 'Europe/Paris') => ({
  events: yaplaEventsSchema.parse(given),
  timeZone,
});

const assumed = {
  event: 'registration.updated',
  data: {
    id: 5001,
    status: 'waiting_for_payment',
    event: { id: 31, title: 'Sailing day', start: '2026-06-12 09:00:00', end: '2026-06-12 17:00:00', place: 'Harbour' },
    activity: { id: 4, title: 'Dinghy' },
    rate: 'Member',
    participants: [
      { member_id: 7, first_name: 'Ada', last_name: 'Byron', email: 'ada@example.org' },
      { first_name: 'Bo', last_name: 'Li' },
    ],
    amount: '24.00',
    currency: 'EUR',
    paid_at: null,
    updated_at: '2026-05-02T10:00:00+02:00',
  },
};

describe('in the assumed shape', () => {
  test('a registration is read, its times by the clocks of the account', () => {
    expect(registrationOf(settings(), assumed)).toEqual({
      value: {
        id: '5001',
        status: 'waitingForPayment',
        event: {
          id: '31',
          title: 'Sailing day',
          start: Date.parse('2026-06-12T07:00:00Z'),
          end: Date.parse('2026-06-12T15:00:00Z'),
          place: 'Harbour',
        },
        activity: { id: '4', title: 'Dinghy' },
        rate: 'Member',
        participants: [
          { memberId: '7', firstName: 'Ada', lastName: 'Byron', email: 'ada@example.org' },
          { memberId: null, firstName: 'Bo', lastName: 'Li', email: null },
        ],
        amount: '24.00',
        currency: 'EUR',
        paidAt: null,
        modifiedAt: Date.parse('2026-05-02T08:00:00Z'),
      },
    });
  });

  test('a donation is read', () => {
    const data = {
      id: 'd-1',
      status: 'Validée',
      donor: { member_id: null, first_name: 'Ada', last_name: 'Byron', email: 'ada@example.org' },
      amount: 50,
      date: '2026-03-01',
      campaign: { id: 2, title: 'New boats' },
    };
    expect(donationOf(settings({ currency: 'EUR' }), { event: 'donation.created', data })).toEqual({
      value: {
        id: 'd-1',
        status: 'validated',
        donor: { memberId: null, firstName: 'Ada', lastName: 'Byron', email: 'ada@example.org' },
        amount: '50.00',
        currency: 'EUR',
        date: Date.parse('2026-02-28T23:00:00Z'),
        campaign: { id: '2', title: 'New boats' },
        modifiedAt: null,
      },
    });
  });

  test('what was told to be cancelled is cancelled, whatever status and people its body shows', () => {
    const body = { data: { ...assumed.data, status: 'no idea', participants: [] } };
    expect(registrationOf(settings(), body, 'deleted')).toMatchObject({ value: { id: '5001', status: 'cancelled' } });
  });

  test('a body without a document has nothing of a registration, and says so', () => {
    expect(registrationOf(settings(), { event: 'registration.updated', data: [] }).problems).toEqual([
      { place: 'id', code: 'missing' },
      { place: 'status', code: 'missing' },
      { place: 'event', code: 'missing' },
      { place: 'participants', code: 'noParticipants' },
    ]);
  });

  test.each([
    ['an object', { first_name: 'Ada' }, [{ place: 'participants', code: 'notList' }]],
    ['a list of texts', ['Ada Byron'], [{ place: 'participants[0]', code: 'missing' }]],
  ])('participants that are %s are no participants', (_, participants, problems) => {
    expect(registrationOf(settings(), { data: { ...assumed.data, participants } }).problems).toEqual(problems);
  });
});

test('each place can be another one, or none', () => {
  const registration = {
    document: '',
    id: 'no',
    status: 'etat',
    statuses: { validated: ['ok'] },
    eventId: null,
    eventTitle: 'objet.nom',
    eventStart: 'objet.du',
    eventEnd: null,
    eventPlace: null,
    activityId: null,
    activityTitle: 'activite',
    rate: 'champs[id=f1].valeur',
    participants: 'personnes',
    participant: { memberId: null, firstName: 'identite.prenom', lastName: 'identite.nom', email: null },
    amount: null,
    currency: null,
    paidAt: null,
    modified: null,
    maxParticipants: 1,
  };
  const body = {
    no: 'R-9',
    etat: 'OK',
    objet: { nom: 'Sailing day', du: '2026-06-12' },
    activite: 'Dinghy',
    champs: [{ id: 'f1', valeur: 'Member' }],
    personnes: [{ identite: { prenom: 'Ada', nom: 'Byron' } }],
    amount: 'not looked at',
  };
  expect(registrationOf(settings({ registration }, 'UTC'), body)).toMatchObject({
    value: {
      id: 'R-9',
      status: 'validated',
      event: { id: null, title: 'Sailing day', start: Date.parse('2026-06-12T00:00:00Z') },
      activity: { id: null, title: 'Dinghy' },
      rate: 'Member',
      participants: [{ firstName: 'Ada', lastName: 'Byron' }],
      amount: null,
    },
  });
  const two = { ...body, personnes: [...body.personnes, { identite: { prenom: 'Bo', nom: 'Li' } }] };
  expect(registrationOf(settings({ registration }, 'UTC'), two).problems).toEqual([
    { place: 'participants', code: 'tooManyParticipants' },
  ]);
});
