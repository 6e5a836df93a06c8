import { afterEach, describe, expect, test } from '@jest/globals';
import { yaplaShapes } from '../../src/sandbox/options.js';
import { expectProven } from '../helpers/books.js';
import { neighbours } from '../helpers/neighbours.js';
import type { TestPasserelle } from '../helpers/passerelle.js';

const startPasserelle = neighbours();

const people = {
  seed: 11,
  yapla: 12,
  yoplanning: 8,
  shared: 25,
  differing: 10,
  duplicates: { yapla: 1, yoplanning: 1 },
};

describe.each(yaplaShapes)('a bulk sync with the %s Yapla', (shape) => {
  let house: TestPasserelle;
  afterEach(async () => await house.stop());

  test('makes both sides agree, links nobody to somebody else, and its second run writes nothing', async () => {
    house = await startPasserelle({ sandbox: { people, yapla: { shape } } });
    const first = await (await house.startBulk()).result();
    expect(first).toMatchObject({ outcome: 'applied', plan: 1, differences: 0 });

    await expectProven(house);
  });
});

describe('references', () => {
  let house: TestPasserelle;
  afterEach(async () => await house.stop());
  const people = { seed: 14, yapla: 2, yoplanning: 3, shared: 12, differing: 4 };

  test('are stored after the sync in every linked client that carries none, and cost nothing the second time', async () => {
    house = await startPasserelle({ sandbox: { people } });
    await (await house.startBulk()).result();
    const clients = await house.sandbox.control.records('yoplanning');
    expect(clients.filter((client) => client.document['external_reference'] === null)).toEqual([]);
    await expectProven(house);
  });

  test('wait for another day where the quota has nothing left over', async () => {
    const limits = { requestsPerDay: 40 };
    house = await startPasserelle({
      sandbox: { people, yoplanning: { limits } },
      connection: { limits: { yoplanning: { ...limits, liveShare: 0, idleShare: 0.25 } } },
    });
    expect(await (await house.startBulk()).result()).toMatchObject({ outcome: 'applied', differences: 0 });
    const clients = await house.sandbox.control.records('yoplanning');
    expect(clients.filter((client) => client.document['external_reference'] === null).length).toBeGreaterThan(0);
    expect((await house.sandbox.control.counts()).yoplanning.counted).toBeLessThanOrEqual(20);
  });
});

describe('a long bulk sync', () => {
  let house: TestPasserelle;
  afterEach(async () => await house.stop());

  test('continues as new with its scans, its plan and its counters, and loses nothing on the way', async () => {
    // Pages of two records advance by one, so a few dozen people make a history of hundreds of events.
    const people = { seed: 12, yapla: 3, shared: 60 };
    const connection = { settings: { bulk: { maxHistoryEvents: 200, pagesPerStep: 1 } } };
    house = await startPasserelle({ pageSize: 2, sandbox: { people, yapla: { shape: 'nested' } }, connection });
    const handle = await house.startBulk();
    const result = await handle.result();
    expect(result).toMatchObject({
      outcome: 'applied',
      plan: 1,
      differences: 0,
      applied: { ended: 3, outcomes: { created: 3 } },
    });
    expect((await handle.describe()).runId).not.toBe(handle.firstExecutionRunId);
    const rows =
      await house.sql`select system, status, seen from scan where connection_id = ${house.connectionId} order by system`;
    expect([...rows]).toEqual([
      { system: 'yapla', status: 'complete', seen: 63 },
      { system: 'yoplanning', status: 'complete', seen: 60 },
    ]);
  });
});
