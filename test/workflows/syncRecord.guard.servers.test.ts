/** Live work that would change far too much at once: held by the guard, asked about in one case, and carried out after the answer. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { listOpenCases, type OpenCase } from '../../src/store/cases.js';
import { releaseHold } from '../../src/store/guard.js';
import type { SystemName } from '../../src/core/record.js';
import type { PersonField } from '../../src/sandbox/person.js';
import { recordResult, until, untilHolds, untilQuiet } from '../helpers/live.js';
import { untilProgress } from '../helpers/bulkSync.js';
import { approveSignal } from '../../workflows/bulkSync.messages.js';
import { neighbours } from '../helpers/neighbours.js';
import type { TestPasserelle } from '../helpers/passerelle.js';

const startPasserelle = neighbours();

let house: TestPasserelle;
afterEach(async () => await house.stop());

/** As many of a kind pass within an hour, whatever the share: the people are few, and two hundred of three hundred would be slow. */
const few = (max: number) => ({ maxPerHour: max, maxPerDay: max, maxSharePerHour: 0, maxSharePerDay: 0 });

async function start(people: number, guard: object): Promise<{ yapla: string; yoplanning: string }[]> {
  house = await startPasserelle({
    sandbox: { people: { seed: 31, yapla: 0, yoplanning: 0, shared: people, differing: 0 } },
    connection: { settings: { guard } },
  });
  await (await house.startBulk()).result();
  await house.startReceiver();
  await house.sandbox.control.resetCounts();
  return await house.sql<{ yapla: string; yoplanning: string }[]>`
    select yapla_id as yapla, yoplanning_id as yoplanning from link
     where connection_id = ${house.connectionId} and yapla_id is not null and yoplanning_id is not null order by link_id`;
}

const openCases = async () => await listOpenCases(house.sql, house.scope);

/** Of these records of one system, those that hold nothing in a field. */
async function lacking(system: SystemName, ids: readonly string[], field: PersonField): Promise<number> {
  const records = await Promise.all(ids.map((id) => house.sandbox.control.record(system, id)));
  return records.filter((record) => record!.person[field] === null).length;
}

async function withValue<Link extends { yapla: string }>(links: readonly Link[], field: PersonField): Promise<Link[]> {
  const records = await Promise.all(links.map((one) => house.sandbox.control.record('yapla', one.yapla)));
  return links.filter((_, at) => records[at]!.person[field] !== null);
}

/** What bulk verification finds, after another bulk sync by rule. */
async function runBulk(): Promise<{ differences: number | null; updated: number; created: number }> {
  await house.sandbox.control.resetCounts();
  const { differences } = await (await house.startBulk()).result();
  const { yoplanning } = await house.sandbox.control.counts();
  return { differences, updated: yoplanning.updated, created: yoplanning.created };
}

const answer = async (asked: OpenCase) => await releaseHold(house.sql, asked.id, { take: 'goOn' }, 'tester');

const blankIn = async (links: readonly { yapla: string }[], field: 'phone' | 'email') =>
  await Promise.all(links.map(({ yapla }) => house.sandbox.control.edit('yapla', yapla, { [field]: null })));

describe('phone numbers of most of the club, blanked in one system', () => {
  test('are not blanked in the other without a question, and everything else goes on', async () => {
    const links = await withValue(await start(16, { blanked: few(4) }), 'phone');
    const blanked = links.slice(0, 12);
    const theirs = blanked.map((one) => one.yoplanning);
    await blankIn(blanked, 'phone');
    await untilQuiet(house);
    expect(await lacking('yoplanning', theirs, 'phone')).toBe(4);
    const asked = await openCases();
    expect(asked).toMatchObject([
      { kind: 'massChange', subject: 'live', field: 'blanked/yoplanning', planNumber: null },
    ]);

    // Another field of each of them, the held ones too, and a phone number that changes without being blanked.
    await Promise.all(blanked.map(({ yapla }) => house.sandbox.control.edit('yapla', yapla, { city: 'Quimper' })));
    await house.sandbox.control.edit('yapla', links[12]!.yapla, { phone: '+33 2 98 00 00 01' });
    for (const { yoplanning } of blanked) await untilHolds(house, 'yoplanning', yoplanning, { city: 'Quimper' });
    await untilQuiet(house);
    expect(await lacking('yoplanning', [links[12]!.yoplanning], 'phone')).toBe(0);
    expect(await lacking('yoplanning', theirs, 'phone')).toBe(4);
    expect(await openCases()).toHaveLength(1);
  });

  test('are held by one case only, in which a bulk sync finds them too, and written after the answer', async () => {
    const links = await withValue(await start(16, { blanked: few(3) }), 'phone');
    const blanked = links.slice(0, 10);
    const theirs = blanked.map((one) => one.yoplanning);
    await blankIn(blanked, 'phone');
    await untilQuiet(house);
    expect(await runBulk()).toEqual({ differences: 0, updated: 0, created: 0 });
    expect(await lacking('yoplanning', theirs, 'phone')).toBe(3);

    const [asked] = await openCases();
    expect(await answer(asked!)).toBe(7);
    await until(
      async () => await lacking('yoplanning', theirs, 'phone'),
      (n) => n === 10,
    );
    await untilQuiet(house);
    expect(await openCases()).toEqual([]);

    // The next crossing is a question of its own: as many pass as before, and what the answer let through is not among them.
    const more = await withValue(links.slice(4), 'email');
    await blankIn(more, 'email');
    await untilQuiet(house);
    expect(
      await lacking(
        'yoplanning',
        more.map((one) => one.yoplanning),
        'email',
      ),
    ).toBe(3);
    const [next, ...others] = await openCases();
    expect(next).toMatchObject({ kind: 'massChange', field: 'blanked/yoplanning' });
    expect(next!.id).not.toBe(asked!.id);
    expect(others).toEqual([]);
  });

  test('are written nowhere where somebody put them back before the answer', async () => {
    const links = await withValue(await start(10, { blanked: few(0) }), 'phone');
    const [one] = links;
    const before = (await house.sandbox.control.record('yapla', one!.yapla))!.person.phone;
    await blankIn([one!], 'phone');
    await untilQuiet(house);
    const [asked] = await openCases();
    await house.sandbox.control.edit('yapla', one!.yapla, { phone: before });
    await untilQuiet(house);
    await answer(asked!);
    await untilQuiet(house);
    expect(await house.sandbox.control.writes('yoplanning')).toEqual({});
    expect(await openCases()).toEqual([]);
  });
});

describe('a plan of the rule, after live work of the same day', () => {
  test('waits for a person where both together clear too many values, and is applied once it is approved', async () => {
    const links = await withValue(await start(8, { blanked: few(3) }), 'phone');
    await blankIn(links.slice(0, 2), 'phone');
    for (const { yoplanning } of links.slice(0, 2)) await untilHolds(house, 'yoplanning', yoplanning, { phone: null });
    await untilQuiet(house);
    await house.sandbox.control.setWebhooks('yapla', null);
    await blankIn(links.slice(2, 4), 'phone');
    const handle = await house.startBulk();
    const { plan } = await untilProgress(handle, ({ phase }) => phase === 'waitingForApproval');
    expect(plan!.guard).toMatchObject([{ code: 'tooManyBlanked', system: 'yoplanning', count: 4 }]);
    expect(await openCases()).toMatchObject([{ kind: 'guard', planNumber: plan!.number }]);
    await handle.signal(approveSignal, { plan: plan!.number });
    expect(await handle.result()).toMatchObject({ outcome: 'applied', differences: 0 });
    expect(
      await lacking(
        'yoplanning',
        links.slice(0, 4).map((one) => one.yoplanning),
        'phone',
      ),
    ).toBe(4);
    expect(await openCases()).toEqual([]);
  });
});

describe('people entered in one system, far more than usual', () => {
  test('are created up to the threshold, the rest after the answer, while edits go on', async () => {
    const links = await start(6, { created: few(3) });
    const ids = await Promise.all(
      Array.from({ length: 8 }, (_, n) =>
        house.sandbox.control.add('yapla', {
          firstName: `Prénom${'abcdefgh'[n]}`,
          lastName: `Famille${'hgfedcba'[n]}`,
          email: `person-${n}@example.org`,
        }),
      ),
    );
    await house.sandbox.control.edit('yapla', links[0]!.yapla, { city: 'Lorient' });
    await untilHolds(house, 'yoplanning', links[0]!.yoplanning, { city: 'Lorient' });
    await untilQuiet(house);
    expect((await house.sandbox.control.counts()).yoplanning.created).toBe(3);
    const [asked, ...others] = await openCases();
    expect(asked).toMatchObject({ kind: 'massChange', field: 'created/yoplanning' });
    expect(others).toEqual([]);
    const progress = await Promise.all(ids.map(async (id) => (await recordResult(house, `yapla:${id}`)).lastOutcome));
    expect(progress.filter((outcome) => outcome === 'held')).toHaveLength(5);
    expect(await runBulk()).toEqual({ differences: 0, updated: 0, created: 0 });

    await answer(asked!);
    await until(
      async () => (await house.sandbox.control.counts()).yoplanning.created,
      (n) => n === 5,
    );
    await untilQuiet(house);
    expect(await openCases()).toEqual([]);
  });
});

describe('records changed in one system, far more than usual', () => {
  test('are written up to the threshold, the rest after the answer, while the other direction goes on', async () => {
    const links = await start(10, { changed: few(4) });
    const edited = links.slice(0, 9);
    await Promise.all(edited.map(({ yapla }) => house.sandbox.control.edit('yapla', yapla, { city: 'Vannes' })));
    await house.sandbox.control.edit('yoplanning', links[9]!.yoplanning, { city: 'Auray' });
    await untilHolds(house, 'yapla', links[9]!.yapla, { city: 'Auray' });
    await untilQuiet(house);
    expect(Object.keys(await house.sandbox.control.writes('yoplanning'))).toHaveLength(4);
    const [asked, ...others] = await openCases();
    expect(asked).toMatchObject({ kind: 'massChange', field: 'changed/yoplanning' });
    expect(others).toEqual([]);
    await answer(asked!);
    for (const { yoplanning } of edited) await untilHolds(house, 'yoplanning', yoplanning, { city: 'Vannes' });
    await untilQuiet(house);
    expect(await openCases()).toEqual([]);
  });
});
