/**
 * An account without any API, in both directions, by the commands that a person types: its export comes in, changes go out as files that are
 * imported by hand, and the next export confirms them. Yapla tells of nothing by itself.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { normaliseValue } from '../../src/core/normalise.js';
import { sandboxWebhookUrl } from '../../src/sandbox/connections.js';
import { assignedColumns, identifiers } from '../../src/sandbox/yapla/importWizard.js';
import { countOpenCases } from '../../src/store/cases.js';
import { openBatches } from '../../src/store/importBatches.js';
import { openIntents } from '../../src/store/intents.js';
import { countCollected } from '../../src/store/waiting.js';
import { commandsOn } from '../helpers/commands.js';
import { until, untilQuiet } from '../helpers/live.js';
import { startPasserelle, type TestPasserelle } from '../helpers/passerelle.js';
import { importProgress } from '../helpers/wizard.js';

let house: TestPasserelle;
const passerelle = commandsOn(() => house);
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'passerelle-files-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** Somebody presses Yapla's button now, and hands the file over. */
async function exportIn(): Promise<string> {
  const { name, content } = await house.sandbox.control.exportMembers({ form: 'xlsx' });
  const file = path.join(directory, name);
  writeFileSync(file, content);
  const now = new Date().toISOString();
  const { status, said } = await passerelle(
    'import-members',
    house.connectionId,
    file,
    ...['--whole', '--date', now, '--yes', '--beyond-guard'],
  );
  expect({ status, said }).toMatchObject({ status: 0 });
  return said;
}

/**
 * Has files made, imports each in Yapla's wizard but for one of its rows where said so, and says that it is done.
 *
 * @returns people by file
 */
async function importOut(leaveOut: readonly number[] = []): Promise<readonly number[]> {
  const club = house.connectionId;
  const out = path.join(directory, `members-${Date.now()}.xlsx`);
  expect(await passerelle('import-batch', club, '--out', out)).toMatchObject({ status: 0 });
  const batches = await openBatches(house.sql, house.scope);
  for (const { number, purpose } of batches) {
    const written = batches.length > 1 ? out.replace(/\.xlsx$/, `-${number}.xlsx`) : out;
    const report = await house.sandbox.control.importWorkbook({
      file: readFileSync(written).toString('base64'),
      identifier: identifiers[purpose],
      columns: assignedColumns,
      leaveOut: purpose === 'update' ? [...leaveOut] : [],
    });
    expect(report.refused).toEqual([]);
    expect(await passerelle('import-done', club, String(number))).toMatchObject({ status: 0 });
  }
  return batches.map(({ people }) => people);
}

const filesOut = async () => (await openBatches(house.sql, house.scope)).length;
const collected = async () => (await countCollected(house.sql, house.scope)).collected;

/** Who is whom by the sandbox's own books, with what no system writes in a form of its own. */
async function people(system: 'yapla' | 'yoplanning') {
  const records = await house.sandbox.control.records(system);
  return records
    .map(({ person: { firstName, lastName, street, city, postalCode } }) =>
      [lastName, firstName, street, city, postalCode]
        .map((text) => (text === null ? null : normaliseValue('text', text, { defaultCountry: 'FR' })))
        .join('|'),
    )
    .sort();
}

test('export in, plan, import file out, imported by hand but for one row, and the next exports confirm all of it', async () => {
  house = await startPasserelle({
    sandbox: { people: { seed: 5, yapla: 6, yoplanning: 7, shared: 4, differing: 5 } },
    connection: { files: true, imports: { checkMs: 200 }, rule: 'yoplanning', settings: { create: 'both' } },
  });
  const { control } = house.sandbox;
  const receiver = await house.startReceiver();
  await control.setWebhooks('yapla', null);
  await control.setWebhooks('yoplanning', {
    url: sandboxWebhookUrl(receiver.address, house.connectionId, 'yoplanning'),
  });

  const plan = await exportIn();
  expect(plan).toContain('15 members in');
  expect(await control.ids('yoplanning')).toHaveLength(22);
  // Seven are new to Yapla; of those who differ some wait for Yoplanning's values.
  const waited = await collected();
  expect(waited).toBeGreaterThan(7);
  expect(await control.writes('yapla')).toEqual({});

  const first = await importOut([1]);
  expect(first.reduce((sum, n) => sum + n, 0)).toBe(waited);
  expect(await control.ids('yapla')).toHaveLength(22);
  // Nobody can ask Yapla: until its next export nothing is confirmed, and nothing else is handed out.
  expect(await filesOut()).toBe(first.length);
  expect((await importProgress(house)).totals).toMatchObject({ confirmed: 0, notShown: 0 });

  await exportIn();
  const { totals } = await until(
    () => importProgress(house),
    ({ files }) => files.length === 0,
  );
  expect(totals).toMatchObject({ confirmed: waited - 1, notShown: 1, asked: 0 });
  expect(await collected()).toBe(1);

  // A change as it happens waits for the same file.
  const [one] = await house.sql<{ yoplanning: string; yapla: string }[]>`
    select yoplanning_id as yoplanning, yapla_id as yapla from link
     where connection_id = ${house.connectionId} and kind = ${house.scope.kind} and yapla_id is not null
       and link_id not in (select link_id from waiting where connection_id = ${house.connectionId} and ended is null)
     order by link_id limit 1`;
  await control.edit('yoplanning', one!.yoplanning, { city: 'Concarneau' });
  await until(collected, (n) => n === 2);
  await untilQuiet(house);
  expect(await importOut()).toEqual([2]);
  await exportIn();
  await until(filesOut, (n) => n === 0);
  expect((await importProgress(house)).totals).toMatchObject({ confirmed: waited + 1, notShown: 1, asked: 0 });

  expect(await people('yapla')).toEqual(await people('yoplanning'));
  expect(await collected()).toBe(0);
  expect(await openIntents(house.sql, house.scope, 'all')).toEqual([]);
  expect(await countOpenCases(house.sql, house.scope)).toEqual({});
  expect((await control.counts()).yapla.requests).toBe(0);
  await control.resetCounts();
  await exportIn();
  expect(await control.writes('yoplanning')).toEqual({});
  expect(await collected()).toBe(0);
});
