/** `passerelle import-batch` and `import-done`, as the person who imports runs them. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { read, utils } from '@e965/xlsx';
import { pino } from 'pino';
import { listDeeds } from '../../src/store/audit.js';
import { commandsOn } from '../helpers/commands.js';
import { linkedPerson, until, untilQuiet } from '../helpers/live.js';
import { startPasserelle, type TestPasserelle } from '../helpers/passerelle.js';
import { importFile, importProgress, makeFiles } from '../helpers/wizard.js';
import { countCollected } from '../../src/store/waiting.js';
import { workerStatus } from '../../src/workerStatus.js';

let house: TestPasserelle;
const passerelle = commandsOn(() => house);
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'passerelle-imports-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

test('a file is made, fetched again to the letter, said to be imported, and told of by status', async () => {
  house = await startPasserelle({
    sandbox: { people: { seed: 14, yapla: 0, yoplanning: 0, shared: 2, differing: 0 } },
    connection: { rule: 'yoplanning', imports: { checkMs: 60_000 } },
    live: true,
  });
  await (await house.startBulk()).result();
  const club = house.connectionId;
  const out = path.join(directory, 'members.xlsx');
  expect(await passerelle('import-batch', club, '--out', out)).toMatchObject({
    status: 0,
    said: `Nothing of ${club} waits for an import.`,
  });
  const { yoplanning } = await linkedPerson(house);
  await house.sandbox.control.edit('yoplanning', yoplanning, { city: '=Quimper' });
  await untilQuiet(house);

  const made = await passerelle('import-batch', club, '--out', out);
  expect(made.said).toContain(`File 1: ${out} (1 people: changes of members that Yapla knows, found by their number)`);
  expect(made.said).toContain(`passerelle import-done ${club} 1`);
  const book = read(readFileSync(out));
  const rows = utils.sheet_to_json<string[]>(book.Sheets[book.SheetNames[0]!]!, { header: 1 });
  expect(rows).toEqual([
    ['Membre - N° de membre', 'Membre - Ville'],
    [expect.stringMatching(/^\d{5}$/), '=Quimper'],
  ]);
  // Nobody else on the machine reads it.
  expect(statSync(out).mode & 0o077).toBe(0);
  const again = path.join(directory, 'again.xlsx');
  await passerelle('import-batch', club, '--number', '1', '--out', again);
  expect(readFileSync(again).equals(readFileSync(out))).toBe(true);
  expect((await passerelle('status', club)).said).toContain(
    'import file 1: 1 people, made 0 minutes ago, waits for somebody',
  );

  const wrong = await passerelle('import-done', club, '7');
  expect(wrong).toEqual({ status: 2, said: `${club} has no file 7; to be imported: 1` });
  await importFile(house, 1);
  expect((await passerelle('import-done', club, '1')).said).toContain('File 1');
  await until(
    () => importProgress(house),
    ({ totals }) => totals.confirmed === 1,
  );
  expect((await passerelle('import-done', club, '1')).said).toContain('is known already');
  expect((await passerelle('status', club)).said).toContain('import file 1 was the last: 1 people confirmed');
  const deeds = await listDeeds(house.sql, 10, club);
  expect(deeds.map(({ verb, outcome }) => `${verb} ${outcome}`)).toEqual([
    'importBatch done',
    'importBatch done',
    'importDone refused',
    'importDone done',
    'importDone done',
  ]);
  expect(existsSync(again)).toBe(true);
});

test('who waits for an import, and since when, is told by progress and by the metrics of a worker', async () => {
  house = await startPasserelle({
    sandbox: { people: { seed: 14, yapla: 0, yoplanning: 0, shared: 4, differing: 0 } },
    connection: { rule: 'yoplanning', imports: { checkMs: 60_000 } },
    live: true,
  });
  const club = house.connectionId;
  const early = await passerelle('progress', club);
  expect(early).toEqual({
    status: 0,
    said: `${club}: no bulk sync is running\n  imports: 0 people wait for the next file`,
  });
  await (await house.startBulk()).result();
  const ids = await house.sql<{ id: string }[]>`
    select yoplanning_id as id from link where connection_id = ${club} and yoplanning_id is not null order by 1 limit 3`;
  const waits = async (people: number) =>
    await until(
      async () => (await countCollected(house.sql, house.scope)).collected,
      (n) => n === people,
    );
  const begunAt = Date.now() / 1_000;
  for (const { id } of ids.slice(0, 2)) await house.sandbox.control.edit('yoplanning', id, { city: 'Quimper' });
  await waits(2);
  await untilQuiet(house);
  const [file] = await makeFiles(house);
  expect(file).toMatchObject({ people: 2 });
  await house.sandbox.control.edit('yoplanning', ids[2]!.id, { city: 'Brest' });
  await waits(1);

  const shown = await passerelle('progress', club);
  expect(shown).toMatchObject({ status: 0 });
  expect(shown.said).toContain(`${club}: ended`);
  expect(shown.said).toContain('1 people wait for the next file (the first of them came 0 minutes ago)');
  expect(shown.said).toContain('import file 1: 2 people, made 0 minutes ago, waits for somebody who imports it');
  const { said } = await passerelle('progress', club, '--json');
  expect(JSON.parse(said)).toMatchObject({ imports: { collected: 1, files: [{ number: 1, people: 2 }] } });

  const { client, config, sql } = house;
  const worker = { queues: () => [] };
  const metrics = await workerStatus({ config, sql, client, worker, log: pino({ level: 'silent' }) }).metrics.text();
  const valueOf = (line: string) =>
    Number(
      metrics
        .split('\n')
        .find((one) => one.startsWith(`${line} `))
        ?.split(' ')[1],
    );
  expect(valueOf(`passerelle_import_waiting_people{connection="${club}"}`)).toBe(1);
  expect(valueOf(`passerelle_import_file_people{connection="${club}",state="handedOut"}`)).toBe(2);
  for (const since of [
    `passerelle_import_waiting_since_seconds{connection="${club}"}`,
    `passerelle_import_file_since_seconds{connection="${club}",state="handedOut"}`,
  ]) {
    expect(valueOf(since)).toBeGreaterThan(begunAt - 60);
    expect(valueOf(since)).toBeLessThan(Date.now() / 1_000 + 60);
  }
});

test('a connection that is written otherwise has no files, and is told so', async () => {
  house = await startPasserelle({ sandbox: { people: { shared: 1 } } });
  const { status, said } = await passerelle('import-batch', house.connectionId);
  expect({ status, said }).toEqual({
    status: 2,
    said: `${house.connectionId} has no import files: its yapla.write.mode is "rest", not "workbook"`,
  });
});
