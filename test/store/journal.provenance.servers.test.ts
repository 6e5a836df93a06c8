import type { Scope } from '../../src/core/record.js';
import { expect, test } from '@jest/globals';
import type { Sql } from '../../src/store/database.js';
import {
  type JournalEntry,
  knownRecords,
  lastWrites,
  recordIntended,
  recordOutcomes,
} from '../../src/store/journal.js';
import { markGone, upsertShadows } from '../../src/store/shadows.js';
import { storeTest } from '../helpers/storeTest.js';

let sql: Sql;
let scope: Scope;
storeTest('provenance test', (store) => ({ sql, scope } = store));

test('of the writes to a field the last of each system count, those that were abandoned not at all', async () => {
  const entry = (nth: number, more: Partial<JournalEntry> = {}): JournalEntry => ({
    linkId: 'yapla:1',
    system: 'yoplanning',
    externalId: 'x',
    field: 'city',
    oldValue: `before ${nth}`,
    newValue: `after ${nth}`,
    origin: 'yapla',
    reason: 'changedInYapla',
    writeId: `write ${nth}`,
    ...more,
  });
  const entries = [
    entry(1),
    entry(2, { system: 'yapla', origin: 'yoplanning' }),
    entry(3),
    entry(4),
    entry(5, { field: 'phone' }),
    entry(6, { linkId: 'yapla:2' }),
    entry(7),
  ];
  for (const one of entries) await recordIntended(sql, scope, [one]);
  const outcome = (nth: number, what: 'written' | 'abandoned') =>
    recordOutcomes(sql, scope, [
      { linkId: 'yapla:1', writeId: `write ${nth}`, system: 'yoplanning', outcome: what, requestId: `r${nth}` },
    ]);
  await outcome(3, 'written');
  await outcome(4, 'written');
  await outcome(7, 'abandoned');
  expect(await lastWrites(sql, scope, 'yapla:1', 'city', 2)).toMatchObject([
    { system: 'yoplanning', oldValue: 'before 4', newValue: 'after 4', outcome: 'written', requestId: 'r4' },
    { system: 'yoplanning', oldValue: 'before 3', newValue: 'after 3', requestId: 'r3' },
    { system: 'yapla', origin: 'yoplanning', newValue: 'after 2', outcome: null, requestId: null },
  ]);
});

test('records are known by system and id, those that are gone too', async () => {
  const row = (id: string, city: string) => ({
    id,
    document: {},
    fields: { city },
    hashes: {},
    matchKeys: [],
    externalReference: null,
    modifiedAt: Date.UTC(2026, 0, 2),
  });
  await upsertShadows(sql, scope, 'yapla', [row('1', 'Lyon'), row('2', 'Brest')]);
  await upsertShadows(sql, scope, 'yoplanning', [row('1', 'Nantes')]);
  await markGone(sql, scope, 'yapla', '1');
  expect(await knownRecords(sql, scope, { yapla: ['1', '9'], yoplanning: ['1', '2'] })).toMatchObject([
    { system: 'yapla', id: '1', fields: { city: 'Lyon' }, goneAt: expect.any(Date) },
    { system: 'yoplanning', id: '1', fields: { city: 'Nantes' }, goneAt: null, modifiedAt: new Date('2026-01-02') },
  ]);
});
