/** Single changes from webhook to the other system, on the real servers. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { yaplaShapes } from '../../src/sandbox/options.js';
import { listOpenCases } from '../../src/store/cases.js';
import { linkedPerson, recordResult, recordTotals, untilHolds, untilQuiet } from '../helpers/live.js';
import { neighbours } from '../helpers/neighbours.js';
import type { TestPasserelle } from '../helpers/passerelle.js';

const startPasserelle = neighbours();

const people = { seed: 11, yapla: 3, yoplanning: 3, shared: 4, differing: 0 };

let house: TestPasserelle;
afterEach(async () => await house.stop());

async function linkedHouse(options: Parameters<typeof startPasserelle>[0] = {}): Promise<void> {
  house = await startPasserelle({ sandbox: { people, ...options.sandbox }, ...options });
  await (await house.startBulk()).result();
  await house.startReceiver();
  await house.sandbox.control.resetCounts();
}

describe('an edit', () => {
  test.each(yaplaShapes)('in either system travels once, and its echo stops (%s Yapla)', async (shape) => {
    await linkedHouse({ sandbox: { people, yapla: { shape } } });
    const { linkId, yapla, yoplanning } = await linkedPerson(house);
    await house.sandbox.control.edit('yapla', yapla, { city: 'Rennes' });
    await untilHolds(house, 'yoplanning', yoplanning, { city: 'Rennes' });
    await untilQuiet(house);
    await house.sandbox.control.edit('yoplanning', yoplanning, { city: 'Brest' });
    await untilHolds(house, 'yapla', yapla, { city: 'Brest' });
    await untilQuiet(house);

    expect(await house.sandbox.control.writes('yoplanning')).toEqual({ [yoplanning]: 1 });
    expect(await house.sandbox.control.writes('yapla')).toEqual({ [yapla]: 1 });
    const { counts } = await recordResult(house, linkId);
    expect(counts).toMatchObject({ written: { yapla: 1, yoplanning: 1 }, cases: 0, created: 0 });
    expect(counts.echoes).toBeGreaterThan(0);
  });

  test('of different fields on both sides at once loses neither', async () => {
    await linkedHouse();
    const { yapla, yoplanning } = await linkedPerson(house);
    await Promise.all([
      house.sandbox.control.edit('yapla', yapla, { city: 'Rennes' }),
      house.sandbox.control.edit('yoplanning', yoplanning, { postalCode: '29200' }),
    ]);
    await untilHolds(house, 'yoplanning', yoplanning, { city: 'Rennes', postalCode: '29200' });
    await untilHolds(house, 'yapla', yapla, { city: 'Rennes', postalCode: '29200' });
    await untilQuiet(house);
    expect(await listOpenCases(house.sql, house.scope)).toEqual([]);
  });
});

describe('a person seen for the first time', () => {
  test.each(['yapla', 'yoplanning'] as const)('in %s is created in the other system, once', async (system) => {
    await linkedHouse();
    const other = system === 'yapla' ? 'yoplanning' : 'yapla';
    const id = await house.sandbox.control.add(system, {
      firstName: 'Odile',
      lastName: 'Le Goff',
      email: 'odile@example.org',
    });
    await untilQuiet(house);
    const counts = await house.sandbox.control.counts();
    expect({ [other]: counts[other].created, [system]: counts[system].created }).toEqual({ [other]: 1, [system]: 0 });
    const [link] = await house.sql<{ yapla: string; yoplanning: string; state: string }[]>`
      select yapla_id as yapla, yoplanning_id as yoplanning, state from link
       where connection_id = ${house.connectionId} and ${house.sql(`${system}_id`)} = ${id}`;
    expect(link).toMatchObject({ state: 'active', [system]: id });
    await untilHolds(house, other, link![other], { firstName: 'Odile', email: 'odile@example.org' });
    expect(await recordTotals(house)).toMatchObject({ created: 1, cases: 0, written: { yapla: 0, yoplanning: 0 } });
  });
});
