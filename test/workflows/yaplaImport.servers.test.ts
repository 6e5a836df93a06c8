/** Imports from end to end: real servers, the sandbox's wizard, and a person who forgets some rows. */
import { afterAll, afterEach, describe, expect, test } from '@jest/globals';
import { normaliseValue } from '../../src/core/normalise.js';
import { listOpenCases } from '../../src/store/cases.js';
import { openIntents } from '../../src/store/intents.js';
import { ImportRefuses } from '../../src/yaplaImport.js';
import { linkedPerson, until, untilHolds, untilQuiet } from '../helpers/live.js';
import { startPasserelle, type PasserelleOptions, type TestPasserelle } from '../helpers/passerelle.js';
import { every, importAll, importFile, importProgress, makeFiles, sayDone } from '../helpers/wizard.js';

let house: TestPasserelle;
afterEach(async () => await house.stop());
afterAll(() => undefined);

async function importingHouse(
  people: NonNullable<PasserelleOptions['sandbox']>['people'],
  { imports, ...more }: NonNullable<PasserelleOptions['connection']> = {},
): Promise<void> {
  house = await startPasserelle({
    sandbox: { people },
    connection: { rule: 'yoplanning', imports: { checkMs: 200, ...imports }, ...more },
    live: true,
  });
}

const waiting = async () =>
  (
    await house.sql<{ n: number }[]>`
      select count(*)::int as n from waiting
       where connection_id = ${house.connectionId} and kind = ${house.scope.kind} and ended is null`
  )[0]!.n;

/** Fields that no system writes in a form of its own. */
const compared = ['firstName', 'lastName', 'street', 'city', 'postalCode'] as const;

/** Who stands in one system only, or differently in both, by the sandbox's own books. Names no value. */
async function differences(): Promise<readonly string[]> {
  const links = await house.sql<{ yapla: string | null; yoplanning: string | null }[]>`
    select yapla_id as yapla, yoplanning_id as yoplanning from link
     where connection_id = ${house.connectionId} and kind = ${house.scope.kind}`;
  const found: string[] = [];
  for (const { yapla, yoplanning } of links) {
    if (yapla === null || yoplanning === null) {
      found.push(`${yapla ?? '-'} ${yoplanning ?? '-'}`);
      continue;
    }
    const [a, b] = await Promise.all([
      house.sandbox.control.record('yapla', yapla),
      house.sandbox.control.record('yoplanning', yoplanning),
    ]);
    const plain = (text: string | null) =>
      text === null ? null : normaliseValue('text', text, { defaultCountry: 'FR' });
    const differs = compared.filter((field) => plain(a!.person[field]) !== plain(b!.person[field]));
    if (differs.length > 0) found.push(`${yapla} ${differs.join()}`);
  }
  return found;
}

test('a bulk sync and live changes reach Yapla by files, with rows lost and edited meanwhile, and nobody is made twice', async () => {
  await importingHouse({ seed: 5, yapla: 4, yoplanning: 22, shared: 6, differing: 30 });
  const { applied, differences: left } = await (await house.startBulk()).result();
  expect(applied.outcomes).toMatchObject({ deferred: expect.any(Number) as unknown });
  expect(left).toBe(0);
  const { yoplanning, yapla } = await linkedPerson(house);
  await house.sandbox.control.edit('yoplanning', yoplanning, { city: 'Quimper' });
  await untilQuiet(house);
  expect(await house.sandbox.control.writes('yapla')).toEqual({});

  let files = await makeFiles(house);
  expect(files.map(({ purpose }) => purpose)).toEqual(['update', 'create', 'createWithoutEmail']);
  const people = files.reduce((sum, file) => sum + file.people, 0);
  expect((await importProgress(house)).collected.people + people).toBeGreaterThan(40);
  for (let round = 0; files.length > 0; round += 1) {
    for (const file of files) {
      // Every twentieth is edited before the file arrives.
      const edited = round === 0 && file.purpose === 'update' ? every(20, file.people) : [];
      const ids = await house.sql<{ id: string }[]>`
        select distinct l.yapla_id as id from waiting w join link l using (connection_id, kind, link_id)
         where w.connection_id = ${house.connectionId} and w.kind = ${house.scope.kind} and w.batch = ${file.number} order by 1`;
      for (const row of edited) await house.sandbox.control.edit('yapla', ids[row - 1]!.id, { postalCode: '29000' });
      const { report } = await importFile(house, file.number, round === 0 ? every(10, file.people) : []);
      expect(report.refused).toEqual([]);
    }
    await house.sandbox.control.settled();
    for (const { number } of files) await sayDone(house, number);
    await until(
      () => importProgress(house),
      (progress) => progress.files.length === 0,
    );
    await untilQuiet(house);
    files = await makeFiles(house);
  }
  await untilHolds(house, 'yapla', yapla, { city: 'Quimper' });
  const { totals } = await importProgress(house);
  expect(totals.notShown).toBeGreaterThan(0);
  expect(totals.asked).toBe(0);
  expect(await waiting()).toBe(0);
  expect(await openIntents(house.sql, house.scope, 'all')).toEqual([]);
  expect(await differences()).toEqual([]);
  // Everybody once: 4 + 22 + 6 + 30.
  expect((await house.sandbox.control.ids('yapla')).length).toBe(62);
  const again = await (await house.startBulk()).result();
  expect({ ...again, plan: null }).toMatchObject({ outcome: 'applied', applied: { ended: 0 }, differences: 0 });
  expect(await listOpenCases(house.sql, house.scope)).toEqual([]);
}, 120_000);

describe('the messages', () => {
  test('make files of what waits, refuse while one is out, and take the word of whoever imported it once', async () => {
    await importingHouse({ seed: 3, yapla: 0, yoplanning: 0, shared: 3, differing: 0 });
    await (await house.startBulk()).result();
    expect(await makeFiles(house)).toEqual([]);
    await expect(sayDone(house, 1)).rejects.toBeInstanceOf(ImportRefuses);
    const { yoplanning, yapla } = await linkedPerson(house);
    await house.sandbox.control.edit('yoplanning', yoplanning, { city: 'Brest' });
    await until(waiting, (n) => n === 1);
    await untilQuiet(house);
    const [file] = await makeFiles(house);
    expect(file).toMatchObject({ number: 1, purpose: 'update', people: 1 });
    await expect(makeFiles(house)).rejects.toMatchObject({ code: 'filesOut' });
    await expect(sayDone(house, 2)).rejects.toMatchObject({ code: 'noSuchFile' });
    await importFile(house, 1);
    await untilHolds(house, 'yapla', yapla, { city: 'Brest' });
    expect(await sayDone(house, 1)).toEqual({ number: 1, people: 1, isRepeated: false });
    await until(
      () => importProgress(house),
      ({ totals }) => totals.confirmed === 1,
    );
    expect(await sayDone(house, 1)).toMatchObject({ isRepeated: true });
    expect(await waiting()).toBe(0);
  });

  test('a file is made by itself once enough people wait', async () => {
    await importingHouse({ seed: 3, yapla: 0, yoplanning: 2, shared: 3, differing: 0 }, { imports: { maxRows: 2 } });
    await (await house.startBulk()).result();
    const { files, state } = await until(
      () => importProgress(house),
      (progress) => progress.files.length > 0,
    );
    expect(state).toBe('waitingForImport');
    expect(files.reduce((sum, { people }) => sum + people, 0)).toBe(2);
    expect(house.logLines.join('')).toContain('an import file is ready');
  });
});

test('where no webhook tells, the list is read once after the import', async () => {
  await importingHouse({ seed: 9, yapla: 0, yoplanning: 3, shared: 5, differing: 4 });
  await (await house.startBulk()).result();
  await house.sandbox.control.setWebhooks('yapla', null);
  await importAll(house);
  expect((await importProgress(house)).totals).toMatchObject({ notShown: 0, asked: 0 });
  expect(await waiting()).toBe(0);
  expect(await differences()).toEqual([]);
});
