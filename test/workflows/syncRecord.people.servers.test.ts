/** Who is who, when people are seen one by one. */
import { afterEach, describe, expect, test } from '@jest/globals';
import type { NewPerson } from '../../src/sandbox/person.js';
import { countOpenCases } from '../../src/store/cases.js';
import { until, untilHolds, untilQuiet } from '../helpers/live.js';
import { neighbours } from '../helpers/neighbours.js';
import type { PasserelleOptions, TestPasserelle } from '../helpers/passerelle.js';

const startPasserelle = neighbours();

const people = { seed: 13, yapla: 1, yoplanning: 1, shared: 2, differing: 0 };
const odile: NewPerson = { firstName: 'Odile', lastName: 'Le Goff', email: 'odile@example.org', city: 'Brest' };

let house: TestPasserelle;
afterEach(async () => await house.stop());

async function start(options: PasserelleOptions = {}): Promise<void> {
  house = await startPasserelle({ sandbox: { people }, ...options });
  await (await house.startBulk()).result();
  await house.startReceiver();
  await house.sandbox.control.resetCounts();
}

const links = async () =>
  await house.sql<{ linkId: string; yapla: string | null; yoplanning: string | null }[]>`
  select link_id as "linkId", yapla_id as yapla, yoplanning_id as yoplanning from link
   where connection_id = ${house.connectionId}`;

const inBoth = (all: readonly { readonly yapla?: string | null; readonly yoplanning?: string | null }[]) =>
  all.map(({ yapla, yoplanning }) => `${yapla} ${yoplanning}`).sort();

const created = async () => {
  const { yapla, yoplanning } = await house.sandbox.control.counts();
  return { yapla: yapla.created, yoplanning: yoplanning.created };
};

describe('one person entered in both systems at once', () => {
  test('gets one link, or becomes a doubt where a creation was on its way already; and is never made a third time', async () => {
    await start();
    const [yapla, yoplanning] = await Promise.all([
      house.sandbox.control.add('yapla', odile),
      house.sandbox.control.add('yoplanning', { ...odile, city: null }),
    ]);
    await until(links, (now) => now.some((one) => one.yapla === yapla || one.yoplanning === yoplanning));
    await untilQuiet(house);
    const { yapla: inYapla, yoplanning: inYoplanning } = await created();
    const doubts = (await countOpenCases(house.sql, house.scope))['doubt'] ?? 0;
    expect(inYapla + inYoplanning).toBe(doubts);
    const theirs = (await links()).filter((one) => one.yapla === yapla || one.yoplanning === yoplanning);
    expect(theirs).toHaveLength(1);
    if (doubts === 0) expect(theirs[0]).toMatchObject({ yapla, yoplanning });
  });

  test('is one person, whoever was first and whoever else is entered meanwhile: nobody becomes twins', async () => {
    await start();
    const everybody = Array.from({ length: 10 }, (_, nth): NewPerson => {
      const name = [...`${nth}`.padStart(2, '0')].map((digit) => 'bcdfghjklm'.charAt(Number(digit)) + 'a').join('');
      return { firstName: 'Odile', lastName: `Le ${name}goff`, email: `${name}@example.org`, city: 'Brest' };
    });
    const enter = async (person: NewPerson, nth: number) => {
      const [first, second] = nth % 2 === 0 ? (['yapla', 'yoplanning'] as const) : (['yoplanning', 'yapla'] as const);
      const ids = { [first]: await house.sandbox.control.add(first, person) };
      return { ...ids, [second]: await house.sandbox.control.add(second, person) };
    };
    // The first five one after the other, so that each is alone for a moment; the others all at once.
    const entered: Record<string, string>[] = [];
    for (const [nth, person] of everybody.slice(0, 5).entries()) entered.push(await enter(person, nth));
    entered.push(...(await Promise.all(everybody.slice(5).map(enter))));
    const theirs = async () =>
      (await links()).filter((one) =>
        entered.some(({ yapla, yoplanning }) => one.yapla === yapla || one.yoplanning === yoplanning),
      );
    await until(theirs, (now) => now.length >= 10);
    await untilQuiet(house);
    expect(await created()).toEqual({ yapla: 0, yoplanning: 0 });
    expect(inBoth(await theirs())).toEqual(inBoth(entered));
    expect(await countOpenCases(house.sql, house.scope)).toEqual({});
  });

  test('twice in one system, a moment apart, is a doubt: the second is not made elsewhere', async () => {
    await start();
    const first = await house.sandbox.control.add('yapla', odile);
    await until(links, (now) => now.some((one) => one.yapla === first && one.yoplanning !== null));
    await untilQuiet(house);
    await house.sandbox.control.add('yapla', odile);
    await until(
      async () => await countOpenCases(house.sql, house.scope),
      (open) => open['doubt'] === 1,
    );
    await untilQuiet(house);
    expect(await created()).toEqual({ yapla: 0, yoplanning: 1 });
  });
});

describe('two links of one side', () => {
  test('that turn out to be one person become one, and later events of either id reach it', async () => {
    // Nobody is created, so both wait with one side until an edit shows who they are.
    await start({ connection: { settings: { create: 'none' } } });
    const yoplanning = await house.sandbox.control.add('yoplanning', { ...odile, city: null });
    const yapla = await house.sandbox.control.add('yapla', { firstName: 'O.', lastName: 'Unknown', city: 'Brest' });
    const theirs = async () => (await links()).filter((one) => one.yapla === yapla || one.yoplanning === yoplanning);
    await until(theirs, (now) => now.length === 2);
    await untilQuiet(house);
    await house.sandbox.control.edit('yapla', yapla, {
      firstName: 'Odile',
      lastName: 'Le Goff',
      email: 'odile@example.org',
    });
    await untilHolds(house, 'yoplanning', yoplanning, { city: 'Brest' });
    await untilQuiet(house);
    expect(await theirs()).toEqual([{ linkId: `yoplanning:${yoplanning}`, yapla, yoplanning }]);
    await house.sandbox.control.edit('yoplanning', yoplanning, { city: 'Rennes' });
    await untilHolds(house, 'yapla', yapla, { city: 'Rennes' });
    await house.sandbox.control.edit('yapla', yapla, { city: 'Vannes' });
    await untilHolds(house, 'yoplanning', yoplanning, { city: 'Vannes' });
    await untilQuiet(house);
    expect(await created()).toEqual({ yapla: 0, yoplanning: 0 });
  });
});

describe('a person who may be somebody known', () => {
  test('is a doubt for a person to judge: nothing is linked or created', async () => {
    await start();
    await house.sandbox.control.setWebhookFaults('yoplanning', { drop: 1 });
    const [first, second] = await Promise.all([
      house.sandbox.control.add('yoplanning', odile),
      house.sandbox.control.add('yoplanning', odile),
    ]);
    // A bulk sync that only looks: both are known from the list, and are a question already.
    await (await house.startBulk()).result();
    await house.sandbox.control.resetCounts();
    const yapla = await house.sandbox.control.add('yapla', odile);
    await until(
      async () => await countOpenCases(house.sql, house.scope),
      (open) => (open['doubt'] ?? 0) >= 1,
    );
    await untilQuiet(house);
    expect(
      (await links()).filter((one) => one.yapla === yapla || [first, second].includes(one.yoplanning ?? '')),
    ).toEqual([]);
    expect(await created()).toEqual({ yapla: 0, yoplanning: 0 });
  });
});

describe('a creation whose answer is lost', () => {
  test.each(['yapla', 'yoplanning'] as const)('in %s makes no twin: the new record is recognised', async (system) => {
    await start();
    await house.sandbox.control.addFault({
      system,
      kind: ['create', 'write'],
      times: 1,
      action: { do: 'reset', effect: 'applied' },
    });
    const other = system === 'yapla' ? 'yoplanning' : 'yapla';
    const id = await house.sandbox.control.add(other, odile);
    await until(links, (now) => now.some((one) => one[other] === id && one[system] !== null));
    await untilQuiet(house);
    expect(await created()).toEqual({ [other]: 0, [system]: 1 });
    // What came of it travels like any other change.
    const [link] = (await links()).filter((one) => one[other] === id);
    await house.sandbox.control.edit(other, id, { city: 'Vannes' });
    await untilHolds(house, system, link![system]!, { city: 'Vannes' });
  });

  test.each(['yapla', 'yoplanning'] as const)(
    "in %s, by a server that has names in upper case, is recognised by what was sent: its forms are nobody's change",
    async (system) => {
      await start({ connection: { rule: 'ask' } });
      const kind = ['create' as const, 'write' as const];
      await house.sandbox.control.addFault({
        system,
        kind,
        action: { do: 'rewrite', fields: { firstName: 'upper', lastName: 'upper', city: 'upper' } },
      });
      await house.sandbox.control.addFault({ system, kind, times: 1, action: { do: 'reset', effect: 'applied' } });
      const other = system === 'yapla' ? 'yoplanning' : 'yapla';
      const id = await house.sandbox.control.add(other, odile);
      await until(links, (now) => now.some((one) => one[other] === id && one[system] !== null));
      await untilQuiet(house);
      expect(await created()).toEqual({ [other]: 0, [system]: 1 });
      expect(await countOpenCases(house.sql, house.scope)).toEqual({});
      const [link] = (await links()).filter((one) => one[other] === id);
      await house.sandbox.control.edit(system, link![system]!, { phone: '+33612345678' });
      const { firstName, lastName, city } = odile;
      await untilHolds(house, other, id, { firstName, lastName, city: city!, phone: '+33612345678' });
      await untilQuiet(house);
      expect(await countOpenCases(house.sql, house.scope)).toEqual({});
    },
  );
});
