import type { Scope } from '../../src/core/record.js';
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Sql } from '../../src/store/database.js';
import { recordIntended, recordOutcomes, replacedUnseen, type JournalEntry } from '../../src/store/journal.js';
import { upsertShadows, type ShadowRow } from '../../src/store/shadows.js';
import { storeTest } from '../helpers/storeTest.js';

let sql: Sql;
let scope: Scope;
storeTest('journal-test', (given) => ({ sql, scope } = given));

const record = { linkId: 'yapla:1', system: 'yapla', id: '1' } as const;
const shadow: ShadowRow = {
  id: '1',
  document: { id: 1 },
  fields: {},
  hashes: {},
  matchKeys: [],
  modifiedAt: null,
  externalReference: null,
};
const show = async () => await upsertShadows(sql, scope, 'yapla', [shadow]);

/** One write of ours, from its intention to what became of it, with what was answered. */
async function write(
  writeId: string,
  field: string,
  oldValue: string,
  more: Partial<JournalEntry> = {},
): Promise<void> {
  await recordIntended(sql, scope, [
    {
      linkId: record.linkId,
      system: 'yapla',
      externalId: '1',
      field,
      oldValue,
      newValue: 'Brest',
      origin: 'yoplanning',
      reason: 'changedInYoplanning',
      writeId,
      ...more,
    },
  ]);
  await sql.begin(async (tx) => {
    await upsertShadows(tx, scope, 'yapla', [shadow]);
    const system = more.system ?? 'yapla';
    await recordOutcomes(tx, scope, [{ linkId: record.linkId, writeId, system, outcome: 'written', requestId: null }]);
  });
}

const unseen = async (windowMs = 600_000) => await replacedUnseen(sql, scope, record, windowMs);

describe('what our own writes replaced', () => {
  beforeEach(show);

  test('is told by field, as it stood before the last write to it', async () => {
    await write('one', 'city', 'Quimper');
    await write('two', 'city', 'Rennes');
    await write('three', 'street', '12 rue des Ajoncs');
    expect(await unseen()).toEqual([
      { field: 'city', oldValue: 'Rennes' },
      { field: 'street', oldValue: '12 rue des Ajoncs' },
    ]);
  });

  test('is not, once the record was shown after the last of them', async () => {
    await write('one', 'city', 'Quimper');
    await show();
    expect(await unseen()).toEqual([]);
    await write('two', 'street', '12 rue des Ajoncs');
    expect((await unseen()).map(({ field }) => field)).toEqual(['city', 'street']);
  });

  test('is not of other systems, of writes whose effect is not known, or of those before the window', async () => {
    await write('one', 'city', 'Quimper', { system: 'yoplanning' });
    await recordIntended(sql, scope, [
      {
        ...record,
        externalId: '1',
        field: 'city',
        oldValue: 'Quimper',
        newValue: 'Brest',
        origin: 'yoplanning',
        reason: 'x',
        writeId: 'two',
      },
    ]);
    expect(await unseen()).toEqual([]);
    await write('three', 'city', 'Rennes');
    expect(await unseen(0)).toEqual([]);
  });
});
