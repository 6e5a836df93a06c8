/** `passerelle import-members`: Yapla's exports as its side of a bulk sync, for accounts with an API and without one. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { personsOf } from '../../src/core/record.js';
import type { ExportOptions } from '../../src/sandbox/yapla/exportFile.js';
import { countOpenCases } from '../../src/store/cases.js';
import { until } from '../helpers/bulkSync.js';
import { commandsOn } from '../helpers/commands.js';
import { startPasserelle, type TestPasserelle } from '../helpers/passerelle.js';

let house: TestPasserelle;
const passerelle = commandsOn(() => house);

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'passerelle-exports-'));
});
afterAll(() => rmSync(directory, { recursive: true }));
const terminal = process.stdin.isTTY;
afterEach(() => {
  process.stdin.isTTY = terminal;
});

/** Presses the button in Yapla, and saves the file under the name that it has there. */
async function exported(options: ExportOptions = {}): Promise<string> {
  const { name, content } = await house.sandbox.control.exportMembers(options);
  const file = path.join(directory, name);
  writeFileSync(file, content);
  return file;
}

const importing = async (file: string, ...more: readonly string[]) =>
  await passerelle('import-members', house.connectionId, file, '--yes', ...more);

/** City by last name, as Yoplanning has it. */
async function cities(): Promise<Readonly<Record<string, string | null>>> {
  const records = await house.sandbox.control.records('yoplanning');
  return Object.fromEntries(records.map(({ person }) => [person.lastName, person.city]));
}

const member = (lastName: string, city: string) => ({
  firstName: 'Anne',
  lastName,
  email: `${lastName.toLowerCase()}@example.org`,
  birthDate: '1980-05-06',
  country: 'FR',
  language: 'fr',
  phone: '+33612345678',
  city,
});

const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString();

const noPeople = { yapla: 0, yoplanning: 0, shared: 0, differing: 0 };

describe('an account without any API', () => {
  async function withoutApi(): Promise<void> {
    house = await startPasserelle({
      sandbox: { people: noPeople },
      connection: { files: true, rule: 'yapla', settings: { create: 'yoplanning' } },
    });
  }

  test('has its members in Yoplanning after their export was given, and a second time changes nothing', async () => {
    await withoutApi();
    const { control } = house.sandbox;
    await control.reset({ seed: 5, yapla: 12, yoplanning: 0, shared: 8, differing: 0 });
    // Asked about before anything is compared, and shown what was recognised.
    const file = await exported({ form: 'xlsx', dates: 'typed' });
    const looked = await passerelle('import-members', house.connectionId, file, '--check');
    expect(looked).toMatchObject({ status: 0 });
    expect(looked.said).toContain('20 members in');
    expect(looked.said).toMatch(/K {2}Membre - N° de membre +memberNumber/);
    expect(looked.said).toContain('M "Membre - Organisation"');
    expect((await control.counts()).yoplanning.requests).toBe(0);

    const first = await importing(file, '--whole');
    expect(first).toMatchObject({ status: 0 });
    expect(first.said).toContain('This file was read before');
    expect(await control.records('yoplanning')).toHaveLength(20);
    const people = async (system: 'yapla' | 'yoplanning') =>
      (await control.records(system))
        .map(({ person }) => `${person.lastName.trim()} ${person.birthDate} ${person.country}`)
        .sort();
    expect(await people('yoplanning')).toEqual(await people('yapla'));

    expect(Object.keys(await control.writes('yoplanning'))).toHaveLength(20);
    await control.resetCounts();
    const again = await importing(
      await exported({ form: 'csv', dates: 'french' }),
      '--whole',
      '--date-order',
      'day-month',
    );
    expect(again).toMatchObject({ status: 0 });
    expect(await control.writes('yoplanning')).toEqual({});
    expect((await control.counts()).yapla.requests).toBe(0);
  });

  test('is told what it must be given first, and that without a file Yapla is not read anew', async () => {
    await withoutApi();
    const { connectionId, sandbox } = house;
    const early = await passerelle('sync', connectionId, '--yes');
    expect(early).toMatchObject({ status: 2 });
    expect(early.said).toContain(`"passerelle import-members ${connectionId} <file> --whole"`);
    await sandbox.control.add('yapla', member('Abel', 'Brest'));
    expect(await importing(await exported())).toMatchObject({ status: 0 });
    const later = await passerelle('sync', connectionId, '--yes');
    expect(later).toMatchObject({ status: 0 });
    expect(later.said).toContain('are not read anew');
    expect(await countOpenCases(house.sql, personsOf(connectionId))).toEqual({});
  });

  test('is asked about those who are missing from a whole list, and about nobody whom a part leaves out', async () => {
    await withoutApi();
    const { control } = house.sandbox;
    const ids = [];
    for (const name of ['Abel', 'Briand', 'Cadou']) ids.push(await control.add('yapla', member(name, 'Brest')));
    expect(await importing(await exported({ at: hoursAgo(3) }), '--whole')).toMatchObject({ status: 0 });
    await control.remove('yapla', ids[2]!);
    await control.edit('yapla', ids[0]!, { city: 'Quimper' });

    const part = await importing(await exported({ only: [ids[0]!], at: hoursAgo(2) }));
    expect(part).toMatchObject({ status: 0 });
    expect(part.said).toContain('nobody is taken for gone');
    expect(await cities()).toEqual({ Abel: 'Quimper', Briand: 'Brest', Cadou: 'Brest' });
    expect(await countOpenCases(house.sql, personsOf(house.connectionId))).toEqual({});

    expect(await importing(await exported(), '--whole')).toMatchObject({ status: 0 });
    expect(await countOpenCases(house.sql, personsOf(house.connectionId))).toEqual({ removal: 1 });
    expect(Object.keys(await cities())).toHaveLength(3);
  });

  test('keeps what its webhooks told since a file was exported', async () => {
    await withoutApi();
    const { control } = house.sandbox;
    const [abel, briand] = [
      await control.add('yapla', member('Abel', 'Brest')),
      await control.add('yapla', member('Briand', 'Brest')),
    ];
    const old = await exported({ at: hoursAgo(3), dates: 'serial' });
    expect(await importing(await exported({ at: hoursAgo(4) }), '--whole')).toMatchObject({
      status: 0,
    });
    await house.startReceiver();
    await control.edit('yapla', abel, { city: 'Lorient' });
    const newcomer = await control.add('yapla', member('Cadou', 'Vannes'));
    await until(cities, (now) => now['Abel'] === 'Lorient' && now['Cadou'] === 'Vannes');

    // The file of three hours ago still shows Brest, and lacks the newcomer.
    expect(await importing(old, '--whole')).toMatchObject({ status: 0 });
    expect(await cities()).toEqual({ Abel: 'Lorient', Briand: 'Brest', Cadou: 'Vannes' });
    expect(await countOpenCases(house.sql, personsOf(house.connectionId))).toEqual({});

    await control.setWebhooks('yapla', null);
    await control.edit('yapla', briand, { city: 'Nantes' });
    await control.edit('yapla', newcomer, { city: 'Nantes' });
    expect(await importing(await exported(), '--date', new Date().toISOString(), '--whole')).toMatchObject({
      status: 0,
    });
    expect(await cities()).toEqual({ Abel: 'Lorient', Briand: 'Nantes', Cadou: 'Nantes' });
  });

  test('asks about a member whose rows contradict each other, and goes on with all others', async () => {
    await withoutApi();
    const header = 'N° de membre;Nom;Prénom;Ville;Date de naissance\n';
    const file = path.join(directory, 'contradiction.csv');
    writeFileSync(
      file,
      `${header}1;Abel;Anne;Brest;1980-05-06\n2;Briand;Anne;Brest;1980-05-06\n1;Abel;Anne;Quimper;1980-05-06\n3;Cadou;Anne;Brest;never\n;Dubois;Anne;Brest;\n`,
    );
    const refused = await importing(file, '--whole');
    expect(refused).toMatchObject({ status: 2 });
    expect(refused.said).toContain('when was the file exported?');
    const end = await importing(file, '--whole', '--date', '2026-01-05');
    expect(end).toMatchObject({ status: 0 });
    expect(end.said).toContain('rows 2 and 4 have the same member number and differ in column "Ville"');
    expect(end.said).toContain('row 5  column "Date de naissance" holds no date that can be read for certain');
    expect(end.said).toContain('row 6  it has no member number');
    expect(end.said).toContain('but 1 rows have no member number: nobody is taken for gone');
    expect(await cities()).toEqual({ Briand: 'Brest' });
    expect(await countOpenCases(house.sql, personsOf(house.connectionId))).toEqual({ unreadable: 2 });
    const report = await passerelle('import-members', house.connectionId, file, '--date', '2026-01-05', '--json');
    expect(JSON.parse(report.said.slice(report.said.indexOf('{')))).toMatchObject({
      members: 3,
      rows: 5,
      unusableCount: 3,
      withoutNumber: 1,
    });
  });
});

describe('an account with an API', () => {
  test('takes a file as a fresh reading: its records are found by their numbers, and what the file does not show stays', async () => {
    house = await startPasserelle({
      sandbox: { people: { seed: 9, yapla: 3, yoplanning: 2, shared: 4, differing: 0 } },
      connection: { rule: 'yapla', settings: { create: 'both' } },
    });
    const { control } = house.sandbox;
    const { connectionId } = house;
    const lacking = await importing(await exported(), '--whole');
    expect(lacking).toMatchObject({ status: 2 });
    expect(lacking.said).toContain('yapla.workbook.numberField');

    house.connection.yapla.workbook.numberField = 'member_number';
    await house.reconfigure((before) => before);
    expect(await passerelle('sync', connectionId, '--yes')).toMatchObject({ status: 0 });
    const [first] = await control.ids('yapla');
    await control.edit('yapla', first!, { city: 'Concarneau' });
    await control.add('yapla', member('Stranger', 'Brest'));
    await control.resetCounts();
    const now = new Date().toISOString();
    const end = await importing(await exported({ form: 'xlsx', prefixed: false }), '--date', now);
    expect(end).toMatchObject({ status: 0 });
    expect(end.said).toContain('no record that is known has its member number');
    const counts = await control.counts();
    expect(counts.yapla).toMatchObject({ requests: 0 });
    expect(counts.yoplanning).toMatchObject({ created: 0 });
    expect(Object.values(await control.writes('yoplanning'))).toEqual([1]);
    const [row] = await house.sql<{ document: { memberships: unknown; groups: unknown; city: string } }[]>`
      select document from shadow where connection_id = ${connectionId} and system = 'yapla' and external_id = ${first!}`;
    const { document } = (await control.record('yapla', first!))!;
    expect(row!.document).toMatchObject({
      city: 'Concarneau',
      memberships: document['memberships'],
      groups: document['groups'],
    });
  });

  test('is given no part of its list before a whole one was read, where people may be made in Yapla', async () => {
    house = await startPasserelle({
      sandbox: { people: { seed: 9, yapla: 2, yoplanning: 2, shared: 2, differing: 0 } },
      connection: { rule: 'yapla', settings: { create: 'both' } },
    });
    house.connection.yapla.workbook.numberField = 'id';
    await house.reconfigure((before) => before);
    const end = await importing(await exported());
    expect(end.status).not.toBe(0);
    expect(await house.sandbox.control.ids('yapla')).toHaveLength(4);
  });
});
