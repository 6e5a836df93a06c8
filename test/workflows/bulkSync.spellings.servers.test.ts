/** What a first sync makes of people whom another hand entered in the other system, and what live work makes of their phones later. */
import { afterEach, expect, test } from '@jest/globals';
import { countOpenCases } from '../../src/store/cases.js';
import { until, untilHolds, untilQuiet } from '../helpers/live.js';
import { neighbours } from '../helpers/neighbours.js';
import type { TestPasserelle } from '../helpers/passerelle.js';

const startPasserelle = neighbours();

let house: TestPasserelle;
afterEach(async () => await house.stop());

const person = async (system: 'yapla' | 'yoplanning', id: string) =>
  (await house.sandbox.control.record(system, id))!.person;

test('people who are spelled differently are linked without a question, keep their spellings, and a second run writes nothing', async () => {
  const people = { seed: 7, yapla: 0, yoplanning: 0, shared: 40, differing: 0, respelledShare: 1 };
  house = await startPasserelle({ sandbox: { people } });
  // But for the countries that one side lacks, and blanks at an end, which the servers cut off whenever they are written to.
  const spellings = async () => {
    const lists = await Promise.all(
      (['yapla', 'yoplanning'] as const).map((one) => house.sandbox.control.records(one)),
    );
    return lists
      .flat()
      .map(({ person: { country: _, ...rest } }) =>
        Object.values(rest).map((value: string | null) => value?.trim() ?? null),
      );
  };
  const before = await spellings();
  expect(await (await house.startBulk()).result()).toMatchObject({ outcome: 'applied', differences: 0 });
  expect(await countOpenCases(house.sql, house.scope)).toEqual({});
  expect(await spellings()).toEqual(before);
  await house.sandbox.control.resetCounts();
  expect(await (await house.startBulk()).result()).toMatchObject({ outcome: 'applied', differences: 0 });
  const { yapla, yoplanning } = await house.sandbox.control.counts();
  expect([yapla.updated, yapla.created, yoplanning.updated, yoplanning.created]).toEqual([0, 0, 0, 0]);
});

test('a Swiss member gets no French number: neither when a country is missing, nor when it changes', async () => {
  house = await startPasserelle({ sandbox: { people: { seed: 7, yapla: 0, yoplanning: 0, shared: 1, differing: 0 } } });
  const lea = { firstName: 'Léa', lastName: 'Rochat', email: 'lea.rochat@example.ch', city: 'Sion' };
  const { control } = house.sandbox;
  const yapla = await control.add('yapla', { ...lea, phone: '076 461 51 83', country: null });
  const yoplanning = await control.add('yoplanning', { ...lea, phone: null, country: 'CH' });
  await (await house.startBulk()).result();
  expect(await person('yoplanning', yoplanning)).toMatchObject({ phone: '+41764615183', country: 'CH' });
  expect(await person('yapla', yapla)).toMatchObject({ phone: '076 461 51 83', country: 'CH' });

  await house.startReceiver();
  await control.edit('yapla', yapla, { country: 'FR' });
  await untilHolds(house, 'yoplanning', yoplanning, { country: 'FR' });
  await untilQuiet(house);
  expect((await person('yoplanning', yoplanning)).phone).toBe('+41764615183');
  expect((await person('yapla', yapla)).phone).toBe('076 461 51 83');

  await control.edit('yapla', yapla, { country: 'CH', phone: '079 123 45 67' });
  await untilHolds(house, 'yoplanning', yoplanning, { phone: '+41791234567' });
  await untilQuiet(house);
  await until(
    async () => await countOpenCases(house.sql, house.scope),
    (open) => Object.keys(open).length === 0,
  );
});
