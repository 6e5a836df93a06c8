/** Choice fields that both systems show by label, each in its own language: carried over both ways, and one that nobody knows is one case. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { listOpenCases } from '../../src/store/cases.js';
import { linkedPerson, until, untilHolds, untilQuiet } from '../helpers/live.js';
import { neighbours } from '../helpers/neighbours.js';
import type { TestPasserelle } from '../helpers/passerelle.js';

const startPasserelle = neighbours();

let house: TestPasserelle;
afterEach(async () => await house.stop());

const people = { seed: 8, yapla: 3, shared: 6 };
/** The same values under other words. */
const labels = {
  yapla: { country: 'fr', language: 'en' },
  yoplanning: { country: 'en', language: 'fr' },
} as const;

const sync = async () => await (await house.startBulk()).result();
const asked = async () =>
  (await listOpenCases(house.sql, house.scope)).map(({ kind, subject, linkId }) => ({ kind, subject, linkId }));
const updates = async () => {
  const { yapla, yoplanning } = await house.sandbox.control.counts();
  return { yapla: yapla.updated, yoplanning: yoplanning.updated };
};

describe.each(['flat', 'listed'] as const)('labels (Yapla %s)', (shape) => {
  const start = async () => {
    house = await startPasserelle({
      live: true,
      sandbox: {
        people,
        yapla: { shape, labels: labels.yapla },
        yoplanning: { labels: labels.yoplanning },
      },
      connection: { labels },
    });
    expect(await sync()).toMatchObject({ outcome: 'applied', differences: 0 });
    await untilQuiet(house);
  };

  test('of two languages are no difference, and a changed one is carried over either way', async () => {
    await start();
    const { control } = house.sandbox;
    const { yapla, yoplanning } = await linkedPerson(house);
    await control.edit('yapla', yapla, { country: 'CH', language: 'de' });
    await untilHolds(house, 'yoplanning', yoplanning, { country: 'CH', language: 'de' });
    await untilQuiet(house);
    await control.edit('yoplanning', yoplanning, { country: 'IT', language: 'it' });
    await untilHolds(house, 'yapla', yapla, { country: 'IT', language: 'it' });
    await untilQuiet(house);
    expect(await asked()).toEqual([]);
    await control.resetCounts();
    expect(await sync()).toMatchObject({ outcome: 'applied', differences: 0 });
    expect(await updates()).toEqual({ yapla: 0, yoplanning: 0 });
  });

  test('that the table does not have are one case, which ends once they can be read', async () => {
    await start();
    const { control } = house.sandbox;
    const { linkId, yapla, yoplanning } = await linkedPerson(house);
    const before = (await control.record('yoplanning', yoplanning))!.person.country;
    await control.edit('yapla', yapla, { country: 'Fooland' });
    await until(asked, (cases) => cases.length > 0);
    await untilQuiet(house);
    const question = { kind: 'unreadable', subject: `yapla:${yapla}`, linkId };
    expect(await asked()).toEqual([question]);
    expect(await sync()).toMatchObject({ outcome: 'applied', differences: 0 });
    expect(await asked()).toEqual([question]);
    expect((await control.record('yoplanning', yoplanning))!.person.country).toBe(before);

    await control.edit('yapla', yapla, { country: 'CA' });
    await untilHolds(house, 'yoplanning', yoplanning, { country: 'CA' });
    await untilQuiet(house);
    expect(await asked()).toEqual([]);
  });
});

test('A field that becomes a choice is nobody’s change', async () => {
  // Shown by label, and read as what it is: but written by value, which this account takes as well.
  house = await startPasserelle({ sandbox: { people, yapla: { labels: labels.yapla } } });
  expect(await sync()).toMatchObject({ outcome: 'applied', differences: 0 });
  await house.reconfigure((before) => ({
    ...before,
    fields: {
      ...before.fields,
      country: { ...before.fields['country']!, yapla: { read: 'country', label: 'fr' }, choices: { XX: 'Elbonie' } },
      language: { ...before.fields['language']!, choices: {} },
    },
  }));
  await house.sandbox.control.resetCounts();
  expect(await sync()).toMatchObject({ outcome: 'applied', differences: 0 });
  expect(await updates()).toEqual({ yapla: 0, yoplanning: 0 });
  expect(await asked()).toEqual([]);
});
