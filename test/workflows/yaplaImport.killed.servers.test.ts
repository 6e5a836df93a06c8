/** Workers that die of kill -9 while a file is made, and while it is judged: another takes it up, and nothing happens twice. */
import { afterEach, expect, test } from '@jest/globals';
import { linkedPerson, until } from '../helpers/live.js';
import { MortalWorker } from '../helpers/mortalWorker.js';
import { startPasserelle, type TestPasserelle } from '../helpers/passerelle.js';
import { importProgress, makeFiles, sayDone } from '../helpers/wizard.js';
import { yaplaImportId } from '../../workflows/yaplaImport.messages.js';

const people = { seed: 23, yapla: 0, yoplanning: 0, shared: 3, differing: 0 };

let house: TestPasserelle;
let worker: MortalWorker | null = null;
afterEach(async () => {
  await worker?.kill();
  worker = null;
  await house.stop();
});

/** Holds a table against writers until it is let go: whoever is about to write it stands still there. */
async function holding(table: string): Promise<{ readonly letGo: () => Promise<void> }> {
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  let begun = (): void => undefined;
  const held = new Promise<void>((resolve) => (begun = resolve));
  const over = house.sql.begin(async (tx) => {
    await tx.script(`lock table ${table} in share mode`);
    begun();
    await released;
  });
  await held;
  return {
    letGo: async () => {
      release();
      await over;
    },
  };
}

/** Somebody waits for a lock of that table. */
async function untilSomebodyWaits(table: string): Promise<void> {
  await until(
    async () =>
      (
        await house.sql<{ n: number }[]>`
          select count(*)::int as n from pg_locks where relation = ${table}::regclass and not granted`
      )[0]!.n,
    (n) => n > 0,
  );
}

test('a file is made once, and judged once, by whoever lives', async () => {
  house = await startPasserelle({
    sandbox: { people },
    connection: { rule: 'yoplanning', imports: { checkMs: 60_000 } },
    live: true,
    worker: false,
  });
  worker = new MortalWorker(house);
  await worker.start();
  await (await house.startBulk()).result();
  const { yoplanning } = await linkedPerson(house);
  await house.sandbox.control.edit('yoplanning', yoplanning, { city: 'Quimper' });
  const waiting = async () =>
    (
      await house.sql<{ n: number }[]>`
        select count(*)::int as n from waiting
         where connection_id = ${house.connectionId} and kind = ${house.scope.kind} and ended is null`
    )[0]!.n;
  await until(waiting, (n) => n === 1);

  // Its rows are taken and its bytes are made; it dies as it stores them.
  const making = await holding('import_batch');
  const asked = makeFiles(house);
  asked.catch(() => undefined);
  await untilSomebodyWaits('import_batch');
  await worker.kill();
  await making.letGo();
  await worker.start();
  expect((await asked).map(({ number, people: rows }) => [number, rows])).toEqual([[1, 1]]);

  // The import was forgotten, so the row is to be in the next file; it dies as it says so.
  await house.sandbox.control.setWebhooks('yapla', null);
  const judging = await holding('journal_outcome');
  await house.sql`
    update waiting set attempts = 2 where connection_id = ${house.connectionId} and kind = ${house.scope.kind} and ended is null`;
  await sayDone(house, 1);
  await untilSomebodyWaits('journal_outcome');
  await worker.kill();
  await judging.letGo();
  await worker.start();
  const { totals } = await until(
    () => importProgress(house),
    (progress) => progress.totals.files === 1,
  );
  // The third time is a question, asked once.
  expect(totals).toEqual({ files: 1, confirmed: 0, edited: 0, notShown: 0, asked: 1 });
  expect(await waiting()).toBe(0);
  const rows = await house.sql<{ n: number }[]>`
    select count(*)::int as n from cases
     where connection_id = ${house.connectionId} and kind = ${house.scope.kind} and code = 'notImported'`;
  expect(rows[0]!.n).toBe(1);
  const { status } = await house.client.workflow.getHandle(yaplaImportId(house.connectionId)).describe();
  expect(status.name).toBe('RUNNING');
  expect(await makeFiles(house)).toEqual([]);
});
