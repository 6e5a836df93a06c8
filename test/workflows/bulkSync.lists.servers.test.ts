/** Lists of Yapla that state no total, and lists that reorder themselves: each is read to its end, and nobody is lost on the way. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { expectNoTwin } from '../helpers/books.js';
import { linkedPerson } from '../helpers/live.js';
import { neighbours } from '../helpers/neighbours.js';
import type { TestPasserelle } from '../helpers/passerelle.js';

const startPasserelle = neighbours();

let house: TestPasserelle;
afterEach(async () => await house.stop());

const people = { seed: 61, yapla: 3, yoplanning: 2, shared: 38, differing: 0 };
const sync = async () => await (await house.startBulk()).result();
/** Of the newest scan of a system. */
const lastScan = async (system: 'yapla' | 'yoplanning') => {
  const [scan] = await house.sql<{ pass: number; pages: number; stated: number | null }[]>`
    select pass, pages, stated_count as stated from scan
     where connection_id = ${house.connectionId} and system = ${system} order by id desc limit 1`;
  return scan!;
};
const cases = async () => {
  const rows = await house.sql<{ code: string; subject: string; proof: string | null }[]>`
    select code, subject, details ->> 'proof' as proof from cases
     where connection_id = ${house.connectionId} and status = 'open' order by id`;
  return [...rows];
};

describe.each([
  ['flat', 'lastPage', 'notFound', 1],
  ['nested', 'more', 'notFound', 2],
  ['listed', 'nothing', 'notListed', 2],
] as const)('a list of the %s shape whose pages say: %s', (shape, listEnd, proof, requests) => {
  test('is synced as any other; cut short once it removes nobody, and who is gone is missed by two readings', async () => {
    house = await startPasserelle({ pageSize: 20, sandbox: { people, yapla: { shape, listEnd } } });
    const { control } = house.sandbox;
    expect(await sync()).toMatchObject({ outcome: 'applied', differences: 0 });
    await expectNoTwin(house);
    expect(await sync()).toMatchObject({ outcome: 'applied', applied: { ended: 0 } });
    // Nobody is missing: one reading is enough.
    expect(await lastScan('yapla')).toMatchObject({ pass: 1, stated: null });

    await control.resetCounts();
    await control.addFault({ system: 'yapla', kind: 'list', times: requests, action: { do: 'shorten', to: 15 } });
    expect(await sync()).toMatchObject({ outcome: 'applied', applied: { ended: 0 } });
    expect(await cases()).toEqual([]);
    expect(await lastScan('yapla')).toMatchObject({ pass: 2 });
    expect((await control.counts()).yapla.byKind.read).toBe(0);

    const { yapla } = await linkedPerson(house);
    await control.remove('yapla', yapla);
    expect(await sync()).toMatchObject({ outcome: 'applied', differences: 0 });
    expect(await cases()).toEqual([{ code: 'removal', subject: `yapla:${yapla}`, proof }]);
    expect(await lastScan('yapla')).toMatchObject({ pass: 2 });
  });
});

/** Somebody, or we, write to some record before each of the first pages is answered. */
const touched = (system: 'yapla' | 'yoplanning') =>
  ({ system, kind: 'list', times: 4, action: { do: 'touch', records: 2 } }) as const;
const unlimited = { limits: { requestsPerSecond: null, requestsPerDay: null } };

/** Both systems list the latest change first, unless they are asked for the order of ids and know the word. */
const moving = {
  yoplanning: async (honours: boolean) => {
    house = await startPasserelle({
      pageSize: 10,
      sandbox: {
        people,
        faults: [touched('yoplanning')],
        yoplanning: { listOrder: 'modified', orderings: honours ? ['id'] : [], ...unlimited },
      },
    });
  },
  yapla: async (honours: boolean) => {
    const order = { parameter: 'sort', value: 'id' };
    house = await startPasserelle({
      pageSize: 10,
      sandbox: {
        people,
        faults: [touched('yapla')],
        yapla: { listOrder: 'modified', orderedBy: honours ? order : null },
        yoplanning: unlimited,
      },
    });
    await house.reconfigure(({ yapla, ...rest }) => ({
      ...rest,
      yapla: { ...yapla, read: { ...yapla.read, ordering: order } },
    }));
  },
};

describe.each([
  // Records on pages of ten, one of which overlaps; by page numbers, pages that hold it are smaller.
  ['yoplanning', { pass: 1, pages: 5, stated: 40 }],
  ['yapla', { pass: 1, pages: 6, stated: 41 }],
] as const)('a list of %s in which each write moves its record to the front', (system, atRest) => {
  const begin = async (honours: boolean) => {
    await moving[system](honours);
    expect(await sync()).toMatchObject({ outcome: 'applied', differences: 0 });
    await expectNoTwin(house);
    expect(await cases()).toEqual([]);
    return await lastScan(system);
  };

  test('does not move where it honours the order of ids that it is asked for: one reading is enough', async () => {
    expect(await begin(true)).toEqual(atRest);
  });

  test('completes all the same where it honours none, by being read again', async () => {
    const { pass, stated } = await begin(false);
    expect(stated).toBe(atRest.stated);
    expect(pass).toBeGreaterThan(1);
  });
});
