/** The rule `newest`, where what moved a record's modification time was not the field that both systems changed. */
import { afterEach, expect, test } from '@jest/globals';
import { countOpenCases } from '../../src/store/cases.js';
import { approveSignal, rejectSignal } from '../../workflows/bulkSync.messages.js';
import { untilProgress } from '../helpers/bulkSync.js';
import { linkedPerson } from '../helpers/live.js';
import { neighbours } from '../helpers/neighbours.js';
import type { TestPasserelle } from '../helpers/passerelle.js';

const startPasserelle = neighbours();

const people = { seed: 3, yapla: 0, yoplanning: 0, shared: 1, differing: 0 };

let house: TestPasserelle;
afterEach(async () => await house.stop());

const cities = async ({ yapla, yoplanning }: { yapla: string; yoplanning: string }) => {
  const { control } = house.sandbox;
  const records = await Promise.all([control.record('yapla', yapla), control.record('yoplanning', yoplanning)]);
  return records.map((record) => record!.person.city);
};

test('our own write of one field makes no other field newer: what a person enters elsewhere meanwhile wins', async () => {
  let edit: (() => void) | null = null;
  house = await startPasserelle({
    sandbox: { people },
    connection: { rule: 'newest' },
    hooks: {
      onChange: ({ system, by }) => {
        if (system !== 'yapla' || by !== 'api') return;
        // Ours has just arrived in Yapla, and made its record the one that was modified last.
        edit?.();
        edit = null;
      },
    },
  });
  await (await house.startBulk()).result();
  const person = await linkedPerson(house);
  const { control } = house.sandbox;
  await control.edit('yapla', person.yapla, { city: 'Nantes' });
  await control.edit('yoplanning', person.yoplanning, { street: '7 rue du Port' });
  const edited: Promise<unknown>[] = [];
  edit = () => edited.push(control.edit('yoplanning', person.yoplanning, { city: 'Rennes' }));
  expect(await (await house.startBulk()).result()).toMatchObject({ outcome: 'applied' });
  expect(edited).toHaveLength(1);
  // The plan was about another city: what changed meanwhile is the next run's, or live work's.
  expect(await (await house.startBulk()).result()).toMatchObject({ outcome: 'applied', differences: 0 });
  expect(await cities(person)).toEqual(['Rennes', 'Rennes']);
  expect(await countOpenCases(house.sql, house.scope)).toEqual({});
});

test('a field keeps the time at which it was first seen, however often its record is modified afterwards', async () => {
  house = await startPasserelle({
    sandbox: { people },
    connection: { rule: 'newest', settings: { bulk: { autoApprove: false } } },
  });
  const run = async (signal: typeof approveSignal) => {
    const handle = await house.startBulk();
    const { plan } = await untilProgress(handle, ({ phase }) => phase === 'waitingForApproval');
    await handle.signal(signal, { plan: plan!.number });
    await handle.result();
  };
  await run(approveSignal);
  const person = await linkedPerson(house);
  const { control } = house.sandbox;
  await control.edit('yapla', person.yapla, { city: 'Nantes' });
  await run(rejectSignal);
  await control.edit('yoplanning', person.yoplanning, { city: 'Rennes' });
  await run(rejectSignal);
  await control.edit('yapla', person.yapla, { street: '7 rue du Port' });
  await run(approveSignal);
  expect(await cities(person)).toEqual(['Rennes', 'Rennes']);
  expect(await countOpenCases(house.sql, house.scope)).toEqual({});
});
