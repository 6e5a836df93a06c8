import { describe, expect, test } from '@jest/globals';
import { yaplaEventsSchema } from '../../../src/config/yaplaEvents.js';
import type { JsonObject } from '../../../src/core/document.js';
import type { FoldedRegistration } from '../../../src/core/export/registrations.js';
import { registrationOf } from '../../../src/systems/yapla/events.js';
import { registrationExported, registrationLaidOver } from '../../../src/systems/yapla/exportedRegistration.js';

const events = yaplaEventsSchema.parse({ currency: 'EUR' });
const timeZone = 'Europe/Paris';

const folded: FoldedRegistration = {
  number: '5001',
  values: {
    registrationNumber: '5001',
    status: 'Validée',
    eventTitle: 'Sailing day',
    eventStart: '2026-06-12',
    activityTitle: 'Dinghy',
    amount: '25,00',
  },
  participants: [
    { firstName: 'Ada', lastName: 'Byron', email: 'ada@example.org' },
    { firstName: 'Bo', lastName: 'Li', email: null },
  ],
};

test('a registration of a file is read as one of a webhook is', () => {
  expect(registrationOf({ events, timeZone }, registrationExported(events, folded))).toMatchObject({
    value: {
      id: '5001',
      status: 'validated',
      event: { id: null, title: 'Sailing day', start: Date.parse('2026-06-11T22:00:00Z') },
      activity: { id: null, title: 'Dinghy' },
      rate: null,
      amount: '25.00',
      participants: [{ lastName: 'Byron' }, { lastName: 'Li', email: null }],
    },
  });
});

test('it stands where the configuration has it, the body itself included', () => {
  const flat = yaplaEventsSchema.parse({
    registration: {
      document: '',
      id: 'ref.no',
      participants: 'gens',
      participant: { firstName: 'qui.prenom' },
      amount: null,
    },
  });
  expect(registrationExported(flat, folded)).toMatchObject({
    ref: { no: '5001' },
    gens: [{ qui: { prenom: 'Ada' } }, { qui: { prenom: 'Bo' } }],
  });
  expect(registrationExported(flat, folded)).not.toHaveProperty('amount');
});

describe('laid over what is known', () => {
  const known: JsonObject = {
    id: 5001,
    status: 'validated',
    event: { id: 31, title: 'Sailing Day', start: '2026-06-12 09:00:00', place: 'Harbour' },
    activity: { id: 4, title: 'Dinghy' },
    participants: [
      { first_name: 'Bo', last_name: 'Li' },
      { member_id: 7, first_name: 'ada', last_name: 'BYRON', email: 'ada@example.org' },
    ],
    amount: '25.00',
  };
  const over = (change: Partial<FoldedRegistration>, before: JsonObject = known) => {
    const shown = registrationExported(events, { ...folded, ...change })['data'] as JsonObject;
    return registrationLaidOver(events.registration, before, shown, timeZone);
  };
  const read = (data: JsonObject) => registrationOf({ events, timeZone }, { data });
  const values = (more: object) => ({ values: { ...folded.values, ...more } });

  test('a file that shows the same keeps ids, times of day, places and members', () => {
    const again = read(
      over({
        ...values({ eventTitle: 'Sailing Day' }),
        participants: [
          { firstName: 'ada', lastName: 'BYRON', email: 'ada@example.org' },
          { firstName: 'Bo', lastName: 'Li', email: null },
        ],
      }),
    );
    expect(again).toEqual(read(known));
  });

  test('another day is taken', () => {
    expect(over(values({ eventStart: '2026-06-13' }))).toMatchObject({ event: { id: 31, start: '2026-06-13' } });
  });

  test('another activity has another id, which the file does not show', () => {
    expect(over(values({ activityTitle: 'Cruiser' }))).toMatchObject({ activity: { id: null, title: 'Cruiser' } });
    expect(over(values({ activityTitle: null }))).toMatchObject({ activity: { id: null, title: null } });
    const untitled = { ...known, activity: null };
    expect(over({}, untitled)).toMatchObject({ activity: { title: 'Dinghy' } });
  });

  test('participants come and go, and who stays keeps what the file does not show', () => {
    const participants = [
      { firstName: 'Cleo', lastName: 'Quist', email: null },
      { firstName: 'Ada', lastName: 'Byron', email: 'new@example.org' },
    ];
    expect(over({ participants })['participants']).toEqual([
      { member_id: 7, first_name: 'Ada', last_name: 'Byron', email: 'new@example.org' },
      { first_name: 'Cleo', last_name: 'Quist', email: null },
    ]);
  });
});
