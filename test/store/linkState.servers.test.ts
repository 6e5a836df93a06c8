import { beforeEach, expect, test } from '@jest/globals';
import type { Sql } from '../../src/store/database.js';
import { recordIntended } from '../../src/store/journal.js';
import { findLinkState } from '../../src/store/linkState.js';
import { storeTest } from '../helpers/storeTest.js';

let sql: Sql;
let club: string;
storeTest('link state test', (store) => ({ sql, club } = store));
beforeEach(async () => {
  for (const linkId of ['yapla:1', 'yapla:2']) {
    await sql`insert into link (connection_id, link_id, state, matched_by) values (${club}, ${linkId}, 'active', 'test')`;
  }
});

const intend = async (linkId: string, writeId: string) =>
  await recordIntended(sql, club, [
    {
      linkId,
      system: 'yoplanning',
      externalId: 'x',
      field: 'city',
      oldValue: null,
      newValue: 'Rennes',
      origin: 'yapla',
      reason: 'changedInYapla',
      writeId,
    },
  ]);

const wasIntended = async (writeId?: string) =>
  (await findLinkState(sql, club, 'yapla:1', 'documents', writeId))!.wasIntended;

test('writes of an application are known from the moment at which they may have been sent', async () => {
  expect(await wasIntended('live/run/1/a_b')).toBe(false);
  await intend('yapla:1', 'live/run/1/a_b/2/fingerprint');
  expect(await wasIntended('live/run/1/a_b')).toBe(true);
  expect(await wasIntended()).toBe(false);
});

test('writes of another application or another link are none of it, however alike their names are', async () => {
  await intend('yapla:1', 'live/run/1/a_bc/2/fingerprint');
  await intend('yapla:1', 'live/run/1/axb/2/fingerprint');
  await intend('yapla:1', 'live/run/11/a_b/create');
  await intend('yapla:2', 'live/run/1/a_b/create');
  expect(await wasIntended('live/run/1/a_b')).toBe(false);
  expect(await wasIntended('live/run/1/%')).toBe(false);
});
