/** Webhooks that come before the connection's first plan was approved. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { approveSignal, progressQuery } from '../../workflows/bulkSync.messages.js';
import { expectNoTwin, expectProven } from '../helpers/books.js';
import { recordResult, until, untilHolds, untilQuiet } from '../helpers/live.js';
import { neighbours } from '../helpers/neighbours.js';
import type { TestPasserelle } from '../helpers/passerelle.js';

const startPasserelle = neighbours();

let house: TestPasserelle;
afterEach(async () => await house.stop());

const nobodyYet = async () => {
  const { yapla, yoplanning } = await house.sandbox.control.counts();
  expect({ yapla: yapla.created + yapla.updated, yoplanning: yoplanning.created + yoplanning.updated }).toEqual({
    yapla: 0,
    yoplanning: 0,
  });
};

/** A connection of which nothing is known yet, whose webhooks are taken. */
async function start(): Promise<void> {
  const people = { seed: 21, yapla: 2, yoplanning: 2, shared: 4, differing: 0 };
  house = await startPasserelle({ live: true, sandbox: { people } });
}

describe('an edit that comes before the lists were read', () => {
  test('makes no twin of a person who is there but was not seen yet, and the first sync carries it over', async () => {
    await start();
    const shared = (await house.sandbox.control.truth()).find(({ ids }) => ids.yapla && ids.yoplanning)!;
    await house.sandbox.control.edit('yapla', shared.ids.yapla!, { city: 'Quimper' });
    const newcomer = await house.sandbox.control.add('yapla', { firstName: 'Odile', lastName: 'Le Goff' });
    await untilQuiet(house);
    expect(await recordResult(house, `yapla:${newcomer}`)).toMatchObject({ lastOutcome: 'early' });
    await nobodyYet();

    expect(await (await house.startBulk()).result()).toMatchObject({ outcome: 'applied' });
    await untilQuiet(house);
    await untilHolds(house, 'yoplanning', shared.ids.yoplanning!, { city: 'Quimper' });
    await expectNoTwin(house);
    // What single creations could not say yet is filled in: the other system's ids.
    await (await house.startBulk()).result();
    await expectProven(house);
  });
});

describe('while the first plan waits for its approval', () => {
  test('nothing is written, and once it is approved what came meanwhile is carried over', async () => {
    await start();
    const { control } = house.sandbox;
    const shared = (await control.truth()).find(({ ids }) => ids.yapla && ids.yoplanning)!;
    const leaver = (await control.truth()).find(({ ids }) => !ids.yapla && ids.yoplanning)!;
    const handle = await house.startBulk({ autoApprove: false });
    const { plan } = await until(
      async () => await handle.query(progressQuery),
      ({ phase }) => phase === 'waitingForApproval',
    );
    // Somebody whom the plan links without a write, somebody whom it creates, and somebody whom it does not know.
    await control.edit('yoplanning', shared.ids.yoplanning!, { city: 'Quimper' });
    await control.remove('yoplanning', leaver.ids.yoplanning!);
    const newcomer = await control.add('yapla', { firstName: 'Odile', lastName: 'Le Goff' });
    await untilQuiet(house);
    await nobodyYet();

    await handle.signal(approveSignal, { plan: plan!.number });
    expect(await handle.result()).toMatchObject({ outcome: 'applied' });
    await untilQuiet(house);
    await untilHolds(house, 'yapla', shared.ids.yapla!, { city: 'Quimper' });
    const [link] = await house.sql<{ yoplanning: string | null }[]>`
      select yoplanning_id as yoplanning from link where connection_id = ${house.connectionId} and yapla_id = ${newcomer}`;
    expect(link!.yoplanning).not.toBeNull();
    await expectNoTwin(house);
    // What single creations could not say yet is filled in: the other system's ids.
    await (await house.startBulk()).result();
    await expectProven(house);
  });
});
