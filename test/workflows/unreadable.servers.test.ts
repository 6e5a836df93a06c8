/** One bad record is one case: everybody else goes on, and it costs next to nothing until something about it changes. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { listOpenCases } from '../../src/store/cases.js';
import { linkedPerson, untilHolds } from '../helpers/live.js';
import { startPasserelle, type TestPasserelle } from '../helpers/passerelle.js';

const people = { seed: 8, yapla: 3, yoplanning: 3, shared: 6, differing: 0 };

let house: TestPasserelle;
afterEach(async () => await house.stop());

/** What the API of the system would never take, and holds all the same. */
const spoil = async (id: string) => await house.sandbox.control.edit('yoplanning', id, {}, { city: true });
const mend = async (id: string) => await house.sandbox.control.edit('yoplanning', id, {}, { city: 'Brest' });
const sync = async () => await (await house.startBulk()).result();
const asked = async () =>
  (await listOpenCases(house.sql, house.scope)).map(({ kind, subject, linkId }) => ({ kind, subject, linkId }));
const changesOf = async () => {
  const { yapla, yoplanning } = await house.sandbox.control.counts();
  return [yapla, yoplanning].map(({ created, updated, removed }) => ({ created, updated, removed }));
};
/** Somebody whom only Yoplanning knows. */
const alone = async () => {
  const known = await house.sandbox.control.truth();
  return known.find(({ kind }) => kind === 'yoplanning')!.ids.yoplanning!;
};

describe('a bulk sync that meets a record which cannot be read', () => {
  test('carries everybody else over, makes nobody of it, and does so once it can be read', async () => {
    house = await startPasserelle({ sandbox: { people } });
    const bad = await alone();
    await spoil(bad);
    expect(await sync()).toMatchObject({ outcome: 'applied', differences: 0 });
    expect(await asked()).toEqual([{ kind: 'unreadable', subject: `yoplanning:${bad}`, linkId: null }]);
    const { control } = house.sandbox;
    expect(await control.ids('yapla')).toHaveLength(11);
    expect(await control.ids('yoplanning')).toHaveLength(12);

    const before = await changesOf();
    expect(await sync()).toMatchObject({ outcome: 'applied', applied: { ended: 0 } });
    expect(await changesOf()).toEqual(before);

    await mend(bad);
    expect(await sync()).toMatchObject({ outcome: 'applied', differences: 0 });
    expect(await asked()).toEqual([]);
    expect(await control.ids('yapla')).toHaveLength(12);
  });

  test('holds back its link: it is neither written nor taken as gone, and goes on where it was', async () => {
    house = await startPasserelle({ sandbox: { people } });
    await sync();
    const { linkId, yapla, yoplanning } = await linkedPerson(house);
    await spoil(yoplanning);
    await house.sandbox.control.edit('yapla', yapla, { lastName: 'Nouveau' });
    await house.sandbox.control.resetCounts();
    for (const _ of ['the first night', 'the second']) {
      expect(await sync()).toMatchObject({ outcome: 'applied', differences: 0, applied: { ended: 0 } });
      expect(await asked()).toEqual([{ kind: 'unreadable', subject: `yoplanning:${yoplanning}`, linkId }]);
    }
    const counts = await house.sandbox.control.counts();
    expect(counts.yoplanning.byKind.read).toBe(0);

    await mend(yoplanning);
    expect(await sync()).toMatchObject({ outcome: 'applied', differences: 0 });
    expect(await asked()).toEqual([]);
    await untilHolds(house, 'yoplanning', yoplanning, { lastName: 'Nouveau' });
    await untilHolds(house, 'yapla', yapla, { city: 'Brest' });
  });
});
