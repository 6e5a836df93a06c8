/** Yoplanning's vendor warns of answering its webhooks with a PUT: what of its events alone leads to one, and what does not. */
import { afterEach, expect, test } from '@jest/globals';
import { listOpenCases } from '../../src/store/cases.js';
import { until, untilHolds, untilQuiet } from '../helpers/live.js';
import { neighbours } from '../helpers/neighbours.js';
import type { PasserelleOptions, TestPasserelle } from '../helpers/passerelle.js';

const startPasserelle = neighbours();

let house: TestPasserelle;
afterEach(async () => await house.stop());

/** Everybody is linked; Yoplanning repeats each of its webhooks from now on. */
async function start(options: PasserelleOptions): Promise<void> {
  house = await startPasserelle(options);
  await (await house.startBulk()).result();
  await house.startReceiver();
  await house.sandbox.control.setWebhookFaults('yoplanning', { duplicate: 1 });
  await house.sandbox.control.resetCounts();
}

interface Linked {
  readonly linkId: string;
  readonly yapla: string;
  readonly yoplanning: string;
}
const links = async () =>
  await house.sql<Linked[]>`
    select link_id as "linkId", yapla_id as yapla, yoplanning_id as yoplanning from link
     where connection_id = ${house.connectionId} and yapla_id is not null and yoplanning_id is not null order by link_id`;
const puts = async () => await house.sandbox.control.writes('yoplanning');

test('edits in Yoplanning reach Yapla and cause no write to Yoplanning, whatever the rule; a conflict that Yapla wins causes one', async () => {
  await start({
    sandbox: { people: { seed: 24, yapla: 0, yoplanning: 0, shared: 3, differing: 0 } },
    connection: { rule: 'yapla' },
    rules: { city: 'ask', street: 'yoplanning', postalCode: 'newest' },
  });
  const { control } = house.sandbox;
  const [mapped, unmapped, contested] = (await links()) as unknown as [Linked, Linked, Linked];
  const edits = [
    { city: 'Brest' },
    { street: '3 quai de Léon', postalCode: '29200' },
    { lastName: 'Kervella', birthDate: null },
  ];
  for (const changes of edits) {
    await control.edit('yoplanning', mapped.yoplanning, changes);
    await control.edit('yoplanning', unmapped.yoplanning, {}, { notes: `entered ${Object.keys(changes).join()}` });
    await untilHolds(house, 'yapla', mapped.yapla, changes);
    await untilQuiet(house);
  }
  expect(await puts()).toEqual({});
  expect(await control.writes('yapla')).toEqual({ [mapped.yapla]: edits.length });
  const told = (await control.webhooks()).yoplanning;
  expect(told).toMatchObject({ duplicated: told.emitted, delivered: 2 * 2 * edits.length });

  // Yapla's edit is not told of: our own read before the write to Yapla finds it.
  await control.setWebhookFaults('yapla', { drop: 1 });
  await control.edit('yapla', contested.yapla, { lastName: 'Le Goff' });
  await control.edit('yoplanning', contested.yoplanning, { lastName: 'Kermarrec' });
  await untilHolds(house, 'yoplanning', contested.yoplanning, { lastName: 'Le Goff' });
  await untilQuiet(house);
  expect(await puts()).toEqual({ [contested.yoplanning]: 1 });
  expect(await control.writes('yapla')).toEqual({ [mapped.yapla]: edits.length });
  expect(await listOpenCases(house.sql, house.scope)).toEqual([]);
});

test('what Yoplanning never had is not written to it for its own events, but for Yapla’s next', async () => {
  await start({
    sandbox: { people: { seed: 25, yapla: 0, yoplanning: 0, shared: 1, differing: 0 } },
    // So that both wait with one side until the second shows who they are.
    connection: { rule: 'yapla', settings: { create: 'none' } },
  });
  const { control } = house.sandbox;
  const odile = { firstName: 'Odile', lastName: 'Le Goff', email: 'odile@example.org' };
  const yapla = await control.add('yapla', { ...odile, city: 'Brest' });
  await untilQuiet(house);
  const yoplanning = await control.add('yoplanning', odile);
  await until(links, (known) => known.some((one) => one.yapla === yapla && one.yoplanning === yoplanning));
  for (const notes of ['moved', 'has a boat']) {
    await untilQuiet(house);
    await control.edit('yoplanning', yoplanning, {}, { notes });
  }
  await untilQuiet(house);
  expect(await puts()).toEqual({});
  expect((await control.record('yoplanning', yoplanning))!.person.city).toBeNull();

  await control.edit('yapla', yapla, { street: '12 rue des Ajoncs' });
  await untilHolds(house, 'yoplanning', yoplanning, { city: 'Brest', street: '12 rue des Ajoncs' });
  await untilQuiet(house);
  expect(await puts()).toEqual({ [yoplanning]: 1 });
});
