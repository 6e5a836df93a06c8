import { expect, test } from '@jest/globals';
import { connectionSchema } from '../../src/config/schema.js';

const nextSession = {
  type: 'date',
  direction: 'toYapla',
  yapla: 'next_session',
  yoplanning: { derived: 'nextSession' },
};

function connection(more: object) {
  return connectionSchema.safeParse({
    yapla: { read: { key: { value: 'key' } }, write: { mode: 'rest', apiKey: 'key' }, events: {} },
    yoplanning: { token: 'token', team: '5a90332e-568f-4980-9859-88a984844a4d' },
    fields: {
      firstName: { yapla: 'first_name', yoplanning: 'first_name' },
      lastName: { yapla: 'last_name', yoplanning: 'last_name' },
      nextSession,
    },
    ...more,
  });
}

test('a field that takes a fact is refused where the connection has no events', () => {
  expect(connection({ events: {} }).error?.issues).toBeUndefined();
  expect(connection({}).error!.issues).toMatchObject([{ path: ['fields', 'nextSession', 'yoplanning'] }]);
});

test('a season begins in September unless the connection says otherwise, and on a day that every year has', () => {
  expect(connection({ events: {} }).data!.events!.season).toEqual({ from: '09-01' });
  expect(connection({ events: { season: { from: '02-29' } } }).error!.issues).toMatchObject([
    { path: ['events', 'season', 'from'] },
  ]);
});
