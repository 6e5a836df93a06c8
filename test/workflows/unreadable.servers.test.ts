/** One bad record is one case: everybody else goes on, and it costs next to nothing until something about it changes. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { listOpenCases } from '../../src/store/cases.js';
import { linkedPerson, until, untilHolds, untilQuiet } from '../helpers/live.js';
import { approveSignal, progressQuery } from '../../workflows/bulkSync.messages.js';
import { neighbours } from '../helpers/neighbours.js';
import type { TestPasserelle } from '../helpers/passerelle.js';

const startPasserelle = neighbours();

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

  test.each(['flat', 'nested'] as const)(
    'of Yapla goes on with everybody else, and with that member once it can be read (%s Yapla)',
    async (shape) => {
      house = await startPasserelle({ sandbox: { people, yapla: { shape } } });
      const { control } = house.sandbox;
      const place = shape === 'flat' ? 'city' : 'coordonnees.adresse.ville';
      const known = await control.truth();
      const bad = known.find(({ kind }) => kind === 'yapla')!.ids.yapla!;
      await control.edit('yapla', bad, {}, { [place]: { of: 'nobody' } });
      expect(await sync()).toMatchObject({ outcome: 'applied', differences: 0 });
      expect(await asked()).toEqual([{ kind: 'unreadable', subject: `yapla:${bad}`, linkId: null }]);
      expect(await control.ids('yoplanning')).toHaveLength(11);
      await control.edit('yapla', bad, {}, { [place]: null });
      expect(await sync()).toMatchObject({ outcome: 'applied', differences: 0 });
      expect(await asked()).toEqual([]);
      expect(await control.ids('yoplanning')).toHaveLength(12);
    },
  );

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

describe('a record that turns out to be unreadable', () => {
  /** A person of both systems, while live work runs; what is counted begins now. */
  const linkedLive = async () => {
    house = await startPasserelle({ sandbox: { people }, live: true });
    await sync();
    await untilQuiet(house);
    const { control } = house.sandbox;
    const person = await linkedPerson(house);
    await control.resetCounts();
    return { ...person, control };
  };
  const readingFails = <Action>(record: string, action: Action) =>
    ({ system: 'yoplanning', kind: 'read', record, action }) as const;

  test('when a plan is carried out is one case, and the rest of the plan is carried out', async () => {
    house = await startPasserelle({ sandbox: { people } });
    await sync();
    const { linkId, yapla, yoplanning } = await linkedPerson(house);
    const { control } = house.sandbox;
    await control.edit('yapla', yapla, { lastName: 'Nouveau' });
    const newcomer = await control.add('yapla', {
      firstName: 'Odile',
      lastName: 'Le Goff',
      email: 'odile@example.org',
    });
    const handle = await house.startBulk({ autoApprove: false });
    const { plan } = await until(
      async () => await handle.query(progressQuery),
      ({ phase }) => phase === 'waitingForApproval',
    );
    await spoil(yoplanning);
    await control.resetCounts();
    await handle.signal(approveSignal, { plan: plan!.number });
    expect(await handle.result()).toMatchObject({ outcome: 'applied', differences: 0 });
    await untilQuiet(house);
    expect(await asked()).toEqual([{ kind: 'unreadable', subject: `yoplanning:${yoplanning}`, linkId }]);
    const { yoplanning: counts } = await control.counts();
    expect(counts).toMatchObject({ created: 1, updated: 0 });
    expect(counts.byKind.read).toBeLessThanOrEqual(2);
    expect((await control.records('yoplanning')).some(({ person }) => person.firstName === 'Odile')).toBe(true);
    expect(newcomer).not.toBe(yapla);
  });

  test('because its answers are no records at all is one case live, for at most three requests, until something changes', async () => {
    const { linkId, yapla, yoplanning, control } = await linkedLive();
    const fault = await control.addFault(readingFails(yoplanning, { do: 'malformed' }));
    await control.edit('yoplanning', yoplanning, { city: 'Brest' });
    await until(asked, (cases) => cases.length === 1);
    expect(await asked()).toEqual([{ kind: 'unreadable', subject: `yoplanning:${yoplanning}`, linkId }]);
    await untilQuiet(house);
    expect((await control.counts()).yoplanning.byKind.read).toBe(3);

    await control.removeFault(fault);
    await control.edit('yoplanning', yoplanning, { postalCode: '29200' });
    await untilHolds(house, 'yapla', yapla, { city: 'Brest', postalCode: '29200' });
    await untilQuiet(house);
    expect(await asked()).toEqual([]);
  });

  test('because its answers are no records at all when it is written is one case, for at most three requests', async () => {
    const { linkId, yapla, yoplanning, control } = await linkedLive();
    const fault = await control.addFault(readingFails(yoplanning, { do: 'malformed' }));
    await control.edit('yapla', yapla, { city: 'Rennes' });
    await until(asked, (cases) => cases.length === 1);
    expect(await asked()).toEqual([{ kind: 'unreadable', subject: `yoplanning:${yoplanning}`, linkId }]);
    await untilQuiet(house);
    expect((await control.counts()).yoplanning.requests).toBe(3);

    await control.removeFault(fault);
    expect(await sync()).toMatchObject({ outcome: 'applied', differences: 0 });
    await untilHolds(house, 'yoplanning', yoplanning, { city: 'Rennes' });
    expect(await asked()).toEqual([]);
  });

  test('live is one case for at most three requests, whatever else changes, and goes on by itself once it can be read', async () => {
    const { linkId, yapla, yoplanning, control } = await linkedLive();
    await spoil(yoplanning);
    await until(asked, (cases) => cases.length === 1);
    expect(await asked()).toEqual([{ kind: 'unreadable', subject: `yoplanning:${yoplanning}`, linkId }]);
    await control.edit('yapla', yapla, { lastName: 'Nouveau' });
    await untilQuiet(house);
    const { yoplanning: counts } = await control.counts();
    expect(counts.updated).toBe(0);
    expect(counts.byKind.read).toBeLessThanOrEqual(3);
    expect(await asked()).toHaveLength(1);

    await mend(yoplanning);
    await untilHolds(house, 'yoplanning', yoplanning, { lastName: 'Nouveau' });
    await untilHolds(house, 'yapla', yapla, { city: 'Brest' });
    await untilQuiet(house);
    expect(await asked()).toEqual([]);
  });

  test('because the server fails at it, and at nobody else, is one case live, and costs nothing more until something changes', async () => {
    const { linkId, yapla, yoplanning, control } = await linkedLive();
    const [other] = await house.sql<{ yapla: string; yoplanning: string }[]>`
      select yapla_id as yapla, yoplanning_id as yoplanning from link
       where yapla_id is not null and yoplanning_id is not null and link_id <> ${linkId}`;
    const fault = await control.addFault(readingFails(yoplanning, { do: 'status', status: 500 }));
    await control.edit('yoplanning', yoplanning, { city: 'Brest' });
    // Somebody else goes on being edited, and carried over.
    let nth = 0;
    const meanwhile = async () => {
      const city = `Ville ${(nth += 1)}`;
      await control.edit('yoplanning', other!.yoplanning, { city });
      await untilHolds(house, 'yapla', other!.yapla, { city });
      return await asked();
    };
    await until(meanwhile, (cases) => cases.length > 0, 60_000);
    expect(await asked()).toEqual([{ kind: 'unreadable', subject: `yoplanning:${yoplanning}`, linkId }]);
    await untilQuiet(house);
    const failed = async () =>
      (await house.sql`select 1 from request_log where record = ${yoplanning} and status = 500`).length;
    const before = await failed();
    expect(before).toBeLessThanOrEqual(2 * house.connection.live.maxAttempts);

    await control.removeFault(fault);
    await control.edit('yoplanning', yoplanning, { city: 'Quimper' });
    await untilHolds(house, 'yapla', yapla, { city: 'Quimper' });
    await untilQuiet(house);
    expect(await asked()).toEqual([]);
    expect(await failed()).toBe(before);
  });
});
