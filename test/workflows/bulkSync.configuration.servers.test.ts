/** A configuration that changes under existing links. */
import { afterEach, expect, test } from '@jest/globals';
import { progressQuery } from '../../workflows/bulkSync.messages.js';
import { listOpenCases } from '../../src/store/cases.js';
import { until } from '../helpers/live.js';
import { neighbours } from '../helpers/neighbours.js';
import type { TestPasserelle } from '../helpers/passerelle.js';

const startPasserelle = neighbours();

let house: TestPasserelle;
afterEach(async () => await house.stop());

const people = { seed: 5, yapla: 0, yoplanning: 0, shared: 8, differing: 0 };
const written = async () => {
  const { yapla, yoplanning } = await house.sandbox.control.counts();
  return yapla.created + yapla.updated + yoplanning.created + yoplanning.updated;
};
const sync = async () => await (await house.startBulk()).result();

test('a field whose place moved is asked about where it differs, and nobody’s record is written', async () => {
  house = await startPasserelle({ sandbox: { people }, connection: { rule: 'yapla' } });
  await sync();
  const before = await written();
  await house.reconfigure((connection) => ({
    ...connection,
    fields: {
      ...connection.fields,
      city: { ...connection.fields['city']!, yapla: connection.fields['postalCode']!.yapla },
    },
  }));
  expect(await sync()).toMatchObject({ outcome: 'applied', differences: 0 });
  expect(await written()).toBe(before);
  const asked = await listOpenCases(house.sql, house.scope);
  expect(asked.filter(({ kind, field }) => kind === 'conflict' && field === 'city').length).toBeGreaterThan(0);
});

test('a field that is normalised otherwise is nobody’s change: nothing is written and nobody is asked', async () => {
  house = await startPasserelle({ sandbox: { people }, connection: { rule: 'ask' } });
  await sync();
  const [before, asked] = [await written(), (await listOpenCases(house.sql, house.scope)).length];
  await house.reconfigure((connection) => ({
    ...connection,
    fields: { ...connection.fields, email: { ...connection.fields['email']!, type: 'text' } },
  }));
  expect(await sync()).toMatchObject({ outcome: 'applied', differences: 0 });
  expect([await written(), (await listOpenCases(house.sql, house.scope)).length]).toEqual([before, asked]);
});

test('a bulk sync that had stopped when its connection was taken out ends as a worker starts, without a word of anybody', async () => {
  house = await startPasserelle({ sandbox: { people: { ...people, yapla: 4 } } });
  await house.sandbox.control.addFault({ system: 'yoplanning', skip: 3, action: { do: 'revoke' } });
  const handle = await house.startBulk();
  await until(
    () => handle.query(progressQuery),
    ({ state }) => state.kind === 'stopped',
  );
  await house.reconfigure(() => undefined);
  expect(await handle.result()).toMatchObject({ outcome: 'notConfigured', differences: null });
});

test('a connection that is taken out of the configuration ends its plan in good order, and goes on where it was once it is back', async () => {
  house = await startPasserelle({ sandbox: { people: { ...people, yapla: 4 } } });
  const { control } = house.sandbox;
  const fault = await control.addFault({ system: 'yoplanning', kind: ['create', 'write'], action: { do: 'reset' } });
  const handle = await house.startBulk();
  const before = house.connection;
  await until(
    () => handle.query(progressQuery),
    ({ phase }) => phase === 'applying',
  );
  await house.reconfigure(() => undefined);
  expect(await handle.result()).toMatchObject({ outcome: 'notConfigured', differences: null });
  const [plan] = await house.sql<{ status: string }[]>`
    select status from plan where connection_id = ${house.connectionId} order by number desc limit 1`;
  expect(plan).toEqual({ status: 'notConfigured' });

  await control.removeFault(fault);
  await house.reconfigure(() => before);
  expect(await sync()).toMatchObject({ outcome: 'applied', differences: 0 });
  expect(await control.ids('yoplanning')).toHaveLength(12);
});
