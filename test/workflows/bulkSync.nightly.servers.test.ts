/** A sync in which nothing changed looks at nobody, and one beside live work takes nothing of it back. */
import { afterEach, expect, test } from '@jest/globals';
import { listOpenCases } from '../../src/store/cases.js';
import { fieldRules, forgetRule, rememberRule } from '../../src/store/fieldRules.js';
import { unsettledLinks } from '../../src/store/linkState.js';
import { cancelUpdate } from '../../workflows/bulkSync.messages.js';
import { untilProgress } from '../helpers/bulkSync.js';
import { neighbours } from '../helpers/neighbours.js';
import type { TestPasserelle } from '../helpers/passerelle.js';

const startPasserelle = neighbours();

let house: TestPasserelle;
afterEach(async () => await house.stop());

const sync = async () => await (await house.startBulk()).result();
const settledVersions = async () =>
  await house.sql<{ linkId: string; version: number; settled: number | null }[]>`
    select link_id as "linkId", version, settled_version as settled from link
     where connection_id = ${house.connectionId} order by link_id`;

test('after a sync every link is settled, and one in which nothing changed touches none of them', async () => {
  house = await startPasserelle({
    sandbox: { people: { seed: 21, yapla: 3, yoplanning: 2, shared: 6, differing: 3 } },
    connection: { rule: 'yapla' },
  });
  expect(await sync()).toMatchObject({ outcome: 'applied', differences: 0 });
  // What servers gave new records by themselves is the second sync's.
  expect(await sync()).toMatchObject({ outcome: 'applied', differences: 0 });
  const before = await settledVersions();
  expect(before.length).toBeGreaterThan(8);
  expect(before.filter(({ version, settled }) => version !== settled)).toEqual([]);
  expect(await sync()).toMatchObject({ applied: { ended: 0 }, differences: 0 });
  expect(await settledVersions()).toEqual(before);
});

test('an edit unsettles the one link that it is about', async () => {
  house = await startPasserelle({
    sandbox: { people: { seed: 21, yapla: 0, yoplanning: 0, shared: 5, differing: 0 } },
  });
  await sync();
  const [member] = await house.sandbox.control.records('yapla');
  await house.sandbox.control.edit('yapla', member!.id, { city: 'Rennes' });
  const handle = await house.startBulk({ autoApprove: false });
  await untilProgress(handle, ({ phase }) => phase === 'waitingForApproval');
  const unsettled = await unsettledLinks(house.sql, house.scope, { depth: 'hashes', after: '', limit: 10 });
  expect(unsettled.map(({ pair }) => pair.ids.yapla)).toEqual([member!.id]);
  await handle.executeUpdate(cancelUpdate);
  await handle.result();
});

test('a question that waits is decided by the next sync, once a rule for its field was remembered', async () => {
  house = await startPasserelle({
    sandbox: { people: { seed: 21, yapla: 0, yoplanning: 0, shared: 5, differing: 0 } },
    connection: { rule: 'ask' },
  });
  const { sandbox, sql, scope } = house;
  await sync();
  const [link] = await sql<{ yapla: string; yoplanning: string }[]>`
    select yapla_id as yapla, yoplanning_id as yoplanning from link where connection_id = ${scope.connectionId} and kind = ${scope.kind} limit 1`;
  await sandbox.control.edit('yapla', link!.yapla, { city: 'Rennes' });
  await sandbox.control.edit('yoplanning', link!.yoplanning, { city: 'Brest' });
  await sync();
  const [asked] = await listOpenCases(sql, scope);
  expect(asked).toMatchObject({ kind: 'conflict', field: 'city' });
  await rememberRule(sql, scope, 'city', 'yapla', asked!.id, 'tester');
  expect(await sync()).toMatchObject({ outcome: 'applied', differences: 0 });
  expect(await listOpenCases(sql, scope)).toEqual([]);
  expect((await sandbox.control.record('yoplanning', link!.yoplanning))!.person).toMatchObject({ city: 'Rennes' });
  expect([await forgetRule(sql, scope, 'city'), await fieldRules(sql, scope)]).toEqual([true, {}]);
});
