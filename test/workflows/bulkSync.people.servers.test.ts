/** What a person decides about a plan, and what becomes of what a run leaves behind. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { closeCase } from '../../src/cases/answers.js';
import { countOpenCases, listOpenCases } from '../../src/store/cases.js';
import { approveSignal, cancelSignal, rejectSignal } from '../../workflows/bulkSync.messages.js';
import { expectNoTwin, expectOneWriteEach, expectProven } from '../helpers/books.js';
import { until, untilProgress } from '../helpers/bulkSync.js';
import { neighbours } from '../helpers/neighbours.js';
import type { TestPasserelle } from '../helpers/passerelle.js';

const startPasserelle = neighbours();

const people = { seed: 5, yapla: 8, yoplanning: 6, shared: 6, differing: 4 };

let house: TestPasserelle;
afterEach(async () => await house.stop());

const links = async (state: string) => {
  const [row] = await house.sql<{ n: number }[]>`
    select count(*)::int as n from link where connection_id = ${house.connectionId} and state = ${state}`;
  return row!.n;
};
const written = async () => {
  const { yapla, yoplanning } = await house.sandbox.control.counts();
  return yapla.created + yapla.updated + yoplanning.created + yoplanning.updated;
};

describe('a plan that trips the guard', () => {
  test('waits for a person in spite of autoApprove, takes an approval of its own number only, and is then applied', async () => {
    house = await startPasserelle({
      sandbox: { people },
      connection: { settings: { guard: { maxCreatedShare: 0.1, minPeople: 5 } } },
    });
    const handle = await house.startBulk();
    const waiting = await untilProgress(handle, ({ phase }) => phase === 'waitingForApproval');
    expect(waiting.plan!.guard.map(({ code }) => code)).toContain('tooManyCreated');
    expect(await countOpenCases(house.sql, house.scope)).toHaveProperty('guard');
    await handle.signal(approveSignal, { plan: waiting.plan!.number + 1 });
    expect((await untilProgress(handle, () => true)).decision).toBeNull();
    expect(await written()).toBe(0);
    await handle.signal(approveSignal, { plan: waiting.plan!.number });
    expect(await handle.result()).toMatchObject({ outcome: 'applied', differences: 0 });
    expect(await countOpenCases(house.sql, house.scope)).not.toHaveProperty('guard');
  });
});

describe('a plan that is rejected', () => {
  test('leaves no link behind, writes nothing, and the next one finds the same', async () => {
    house = await startPasserelle({ sandbox: { people }, connection: { settings: { bulk: { autoApprove: false } } } });
    const handle = await house.startBulk();
    const { plan } = await untilProgress(handle, ({ phase }) => phase === 'waitingForApproval');
    expect(await links('proposed')).toBeGreaterThan(0);
    await handle.signal(rejectSignal, { plan: plan!.number });
    await handle.signal(approveSignal, { plan: plan!.number });
    expect(await handle.result()).toMatchObject({ outcome: 'rejected' });
    expect([await links('proposed'), await links('active'), await written()]).toEqual([0, 0, 0]);
    const again = await house.startBulk();
    const next = await untilProgress(again, ({ phase }) => phase === 'waitingForApproval');
    expect(next.plan!.totals).toEqual(plan!.totals);
    await again.signal(cancelSignal);
    await again.result();
  });
});

describe('a conflict that a person must answer', () => {
  test('is asked once, holds no other field back, and is closed when both sides agree again', async () => {
    house = await startPasserelle({
      sandbox: { people: { seed: 3, yapla: 0, yoplanning: 0, shared: 6, differing: 0 } },
      connection: { rule: 'ask' },
    });
    await (await house.startBulk()).result();
    const { control } = house.sandbox;
    const before = await countOpenCases(house.sql, house.scope);
    const [link] = await house.sql<{ linkId: string; yapla: string; yoplanning: string }[]>`
      select link_id as "linkId", yapla_id as yapla, yoplanning_id as yoplanning from link
       where connection_id = ${house.connectionId} and yapla_id is not null and yoplanning_id is not null
         and not exists (select 1 from cases c where c.connection_id = link.connection_id and c.link_id = link.link_id) order by link_id limit 1`;
    await control.edit('yapla', link!.yapla, { city: 'Nantes', street: '1 rue Neuve' });
    await control.edit('yoplanning', link!.yoplanning, { city: 'Brest' });
    expect(await (await house.startBulk()).result()).toMatchObject({ outcome: 'applied', differences: 0 });
    const conflicts = async () =>
      (await listOpenCases(house.sql, house.scope)).filter(
        (one) => one.kind === 'conflict' && one.linkId === link!.linkId,
      );
    expect(await conflicts()).toMatchObject([{ field: 'city' }]);
    expect((await control.record('yoplanning', link!.yoplanning))!.person).toMatchObject({
      city: 'Brest',
      street: '1 rue Neuve',
    });

    const writes = await written();
    expect(await (await house.startBulk()).result()).toMatchObject({ differences: 0, applied: { ended: 0 } });
    expect(await written()).toBe(writes);
    expect(await conflicts()).toHaveLength(1);

    await control.edit('yapla', link!.yapla, { city: 'Brest' });
    await (await house.startBulk()).result();
    expect(await conflicts()).toEqual([]);
    expect(await countOpenCases(house.sql, house.scope)).toEqual(before);
  });
});

test('somebody linked who is entered again, in one system, is a question: not made a second time in the other', async () => {
  house = await startPasserelle({ sandbox: { people: { seed: 3, yapla: 0, yoplanning: 0, shared: 2, differing: 0 } } });
  await (await house.startBulk()).result();
  const { control } = house.sandbox;
  const [known] = await control.records('yapla');
  const [one, another] = [await control.add('yapla', known!.person), await control.add('yapla', known!.person)];
  for (const round of [1, 2]) {
    expect(await (await house.startBulk()).result()).toMatchObject({ outcome: 'applied', differences: 0 });
    const doubts = (await listOpenCases(house.sql, house.scope)).filter(({ kind }) => kind === 'doubt');
    expect([round, ...doubts.map(({ subject }) => subject)]).toEqual([
      round,
      `yapla:${known!.id} yapla:${one} yapla:${another}`,
    ]);
  }
  expect((await control.counts()).yoplanning.created).toBe(0);
  expect(await links('active')).toBe(2);
});

test('whether to create a person is not asked again once somebody said no', async () => {
  house = await startPasserelle({
    sandbox: { people: { seed: 3, yapla: 2, yoplanning: 0, shared: 2, differing: 0 } },
    connection: { settings: { create: 'ask' } },
  });
  const asked = async () => {
    await (await house.startBulk()).result();
    const cases = await listOpenCases(house.sql, house.scope);
    return cases.flatMap(({ kind, subject }) => (kind === 'create' ? [subject] : []));
  };
  const first = await asked();
  expect(first).toHaveLength(2);
  const [one] = await listOpenCases(house.sql, house.scope);
  await closeCase(house.sql, one!.id, 'treasurer', 'a guest');
  expect(await asked()).toEqual(first.slice(1));
});

describe('a run that is cancelled while creations are on their way', () => {
  test.each(['yapla', 'yoplanning'] as const)(
    'leaves no twin in %s: the next run recognises what took effect without an answer',
    async (system) => {
      house = await startPasserelle({
        sandbox: { people: { ...people, differing: 0 } },
        connection: { settings: { bulk: { parallelItems: 2 } } },
      });
      const lost = await house.sandbox.control.addFault({
        system,
        method: system === 'yapla' ? 'POST' : 'PUT',
        kind: ['create', 'write'],
        action: { do: 'reset', effect: 'applied' },
      });
      const handle = await house.startBulk();
      await until(
        () => house.sandbox.control.counts(),
        (counts) => counts[system].created >= 2,
      );
      await handle.signal(cancelSignal);
      expect(await handle.result()).toMatchObject({ outcome: 'cancelled' });
      await house.sandbox.control.removeFault(lost);
      expect(await (await house.startBulk()).result()).toMatchObject({ outcome: 'applied', differences: 0 });
      await expectOneWriteEach(house);
      await expectNoTwin(house);
      await expectProven(house);
    },
  );
});
