/** Five thousand changes out to files, every tenth row lost and every twentieth edited meanwhile: all confirmed in the end. */
import { afterEach, expect, test } from '@jest/globals';
import { startPasserelle, type TestPasserelle } from '../helpers/passerelle.js';
import { every, importAll, importProgress } from '../helpers/wizard.js';

let house: TestPasserelle;
afterEach(async () => await house.stop());

test('five thousand changes and three hundred new people reach Yapla, no row twice, nobody twice', async () => {
  house = await startPasserelle({
    sandbox: { people: { seed: 29, yapla: 0, yoplanning: 300, shared: 200, differing: 5_000, respelledShare: 0 } },
    // Webhooks have tests of their own: here the list tells, read once for each import.
    connection: { rule: 'yoplanning', imports: { checkMs: 500, maxRows: 4_000 } },
  });
  const { applied, differences } = await (await house.startBulk()).result();
  expect(differences).toBe(0);
  const deferred = applied.outcomes['deferred'] ?? 0;
  expect(deferred).toBeGreaterThan(3_000);
  const files = await importAll(house, async ({ number, people, purpose }, nth) => {
    if (nth > 1 || purpose !== 'update') return nth > 3 ? [] : every(10, people);
    const ids = await house.sql<{ id: string }[]>`
      select distinct l.yapla_id as id from waiting w join link l using (connection_id, kind, link_id)
       where w.connection_id = ${house.connectionId} and w.kind = ${house.scope.kind} and w.batch = ${number} order by 1`;
    for (const row of every(20, people))
      await house.sandbox.control.edit('yapla', ids[row - 1]!.id, { street: '1 quai' });
    return every(10, people);
  });
  expect(files).toBeGreaterThan(3);
  const { totals, collected } = await importProgress(house);
  expect(totals.confirmed + totals.edited).toBeGreaterThanOrEqual(deferred);
  expect({ asked: totals.asked, left: collected.people }).toEqual({ asked: 0, left: 0 });
  expect(totals.notShown).toBeGreaterThan(deferred / 12);
  // No value in two files but where the first was not shown.
  const twice = await house.sql`
    select 1 from waiting w where w.connection_id = ${house.connectionId} and w.kind = ${house.scope.kind}
     group by link_id, field, value_hash having count(*) > 1`;
  expect(twice.length).toBe(0);
  expect((await house.sandbox.control.ids('yapla')).length).toBe(5_500);
  // What was edited meanwhile is merged by the next sync, and what that defers is imported.
  await (await house.startBulk()).result();
  await importAll(house);
  const again = await (await house.startBulk()).result();
  expect({ ended: again.applied.ended, differences: again.differences }).toEqual({ ended: 0, differences: 0 });
}, 1_200_000);
