import { expect, test } from '@jest/globals';
import { connectionSchema } from '../../src/config/schema.js';

const connection = (events: object | undefined, more: object = {}) =>
  connectionSchema.safeParse({
    create: 'none',
    yapla: { read: { key: { value: 'key' } }, events },
    yoplanning: { token: 'token', team: '5a90332e-568f-4980-9859-88a984844a4d' },
    ...more,
  });
const refusals = (...given: Parameters<typeof connection>) =>
  (connection(...given).error?.issues ?? []).map(({ path }) => path.join('.'));

test('registrations and donations are not looked at unless they are configured', () => {
  expect(connection(undefined).data!.yapla.events).toBeUndefined();
  expect(connection({}).data!.yapla.events).toMatchObject({
    currency: null,
    registration: { document: 'data', id: 'id', maxParticipants: 50, participant: { memberId: 'member_id' } },
    donation: { document: 'data', donor: { email: 'donor.email' } },
  });
});

test.each([
  [
    'one word for two statuses',
    { registration: { statuses: { cancelled: ['validée'] } } },
    'registration.statuses.cancelled',
  ],
  ['no word for a status', { donation: { statuses: { validated: [] } } }, 'donation.statuses.validated'],
  ['one word for two kinds', { donation: { event: { created: ['Registration.created'] } } }, 'donation.event'],
  ['a word that members have', { registration: { event: { updated: ['member.updated'] } } }, 'registration.event'],
  ['a place that is none', { registration: { amount: 'amount[' } }, 'registration.amount'],
  ['a currency that is none', { currency: 'euro' }, 'currency'],
])('%s is refused', (_, events, place) => {
  expect(refusals(events)).toEqual([`yapla.events.${place}`]);
});
