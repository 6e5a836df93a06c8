/** Yapla's webhooks of registrations and donations. */
import { describe, expect, test } from '@jest/globals';
import type { JsonObject } from '../../src/core/document.js';
import { endpointsOf, readYapla } from '../../src/receiver/endpoints.js';
import { Refusal } from '../../src/receiver/refusals.js';
import { testConfig } from './testServer.js';

const connection = (events: object | undefined, webhooks: object = {}) => {
  const yapla = { read: { key: { value: 'key' } }, ...(events === undefined ? {} : { events }) };
  return testConfig({ connection: { yapla }, yapla: webhooks }).connections['club']!;
};
const read = (body: JsonObject, about: 'registration' | 'donation' | null = null, events: object | undefined = {}) =>
  readYapla(connection(events), body, about);

const other = { kind: null, event: 'other', externalId: null };

describe('at the common address', () => {
  test.each([
    ['registration.created', 'registration', 'created'],
    ['Registration.Updated ', 'registration', 'updated'],
    ['registration.cancelled', 'registration', 'deleted'],
    ['donation.created', 'donation', 'created'],
    ['donation.updated', 'donation', 'updated'],
    ['member.updated', 'person', 'updated'],
  ])('a body says by the word "%s" that it is about a %s', (event, kind, ours) => {
    expect(read({ event, data: { id: 5001 } })).toEqual({ kind, event: ours, externalId: '5001' });
  });

  test.each([{ event: 'registration.reminded', data: { id: 1 } }, { data: { id: 1 } }, { event: 7, data: { id: 1 } }])(
    'a body without a word that is known is nothing that we act on: %j',
    (body) => {
      expect(read(body)).toEqual(other);
    },
  );

  test('nothing is looked at but members where events are not configured', () => {
    expect(readYapla(connection(undefined), { event: 'registration.created', data: { id: 1 } })).toEqual(other);
  });

  test('a registration is told by its word also where members have none', () => {
    const club = connection({}, { event: { path: null } });
    expect(readYapla(club, { event: 'registration.created', data: { id: 1 } })).toMatchObject({ kind: 'registration' });
    expect(readYapla(club, { data: { id: 1 } })).toMatchObject({ kind: 'person', event: 'updated' });
  });
});

describe('at an address of its own', () => {
  test('a body needs no word, and one that is known counts', () => {
    expect(read({ data: { id: 1 } }, 'registration')).toEqual({
      kind: 'registration',
      event: 'updated',
      externalId: '1',
    });
    expect(read({ event: 'no word of ours', data: { id: 'd-1' } }, 'donation')).toEqual({
      kind: 'donation',
      event: 'updated',
      externalId: 'd-1',
    });
    expect(read({ event: 'registration.cancelled', data: { id: 1 } }, 'registration').event).toBe('deleted');
  });

  test('what is delivered is about that, whatever its word says', () => {
    expect(read({ event: 'donation.created', data: { id: 1 } }, 'registration')).toMatchObject({
      kind: 'registration',
      event: 'updated',
    });
  });

  test('is there for registrations and donations where events are configured, and else not', () => {
    expect([...endpointsOf({ club: connection({}) }).keys()]).toEqual([
      'club/yapla',
      'club/yapla/registrations',
      'club/yapla/donations',
      'club/yoplanning',
    ]);
    expect([...endpointsOf({ club: connection(undefined) }).keys()]).toEqual(['club/yapla', 'club/yoplanning']);
  });
});

describe('the document', () => {
  test('stands where the configuration says, with its id', () => {
    const events = { registration: { event: { path: 'quoi', created: ['Inscription'] }, document: '', id: 'ref.no' } };
    expect(read({ quoi: 'inscription', ref: { no: 'R1' } }, null, events)).toEqual({
      kind: 'registration',
      event: 'created',
      externalId: 'R1',
    });
  });

  test.each([{ data: [] }, { data: {} }, { data: { id: '..' } }, { data: { id: { a: 1 } } }, {}])(
    'is refused without an id, so that it is noticed: %j',
    (more) => {
      const body: JsonObject = { event: 'registration.updated', ...more };
      for (const about of [null, 'registration'] as const) expect(() => read(body, about)).toThrow(Refusal);
    },
  );
});
