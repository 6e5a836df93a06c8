/** Somebody who is removed from one system and entered there again is the same person: the same link, and nobody made anew. */
import { afterEach, expect, test } from '@jest/globals';
import { countOpenCases } from '../../src/store/cases.js';
import { linkedPerson, until, untilQuiet } from '../helpers/live.js';
import { neighbours } from '../helpers/neighbours.js';
import type { TestPasserelle } from '../helpers/passerelle.js';

const startPasserelle = neighbours();

const people = { seed: 17, yapla: 0, yoplanning: 0, shared: 3, differing: 0 };

let house: TestPasserelle;
afterEach(async () => await house.stop());

async function start(): Promise<Awaited<ReturnType<typeof linkedPerson>>> {
  house = await startPasserelle({ sandbox: { people } });
  await sync();
  await house.sandbox.control.resetCounts();
  return await linkedPerson(house);
}
const sync = async () => await (await house.startBulk()).result();
const cases = async () => await countOpenCases(house.sql, house.scope);
const idsOf = async (linkId: string) => {
  const [row] = await house.sql<{ yapla: string; yoplanning: string }[]>`
    select yapla_id as yapla, yoplanning_id as yoplanning from link
     where connection_id = ${house.connectionId} and link_id = ${linkId}`;
  return row!;
};
const linksInAll = async () => {
  const [row] = await house.sql<{ n: number }[]>`
    select count(*)::int as n from link where connection_id = ${house.connectionId}`;
  return row!.n;
};
const made = async () => {
  const { yapla, yoplanning } = await house.sandbox.control.counts();
  return yapla.created + yoplanning.created;
};
const personOf = async (id: string) => (await house.sandbox.control.record('yoplanning', id))!.person;

test('told by webhooks: they take their place again, and the question about the removal ends', async () => {
  const before = await start();
  await house.startReceiver();
  const person = await personOf(before.yoplanning);
  await house.sandbox.control.remove('yoplanning', before.yoplanning);
  await until(cases, (now) => now['removal'] === 1);
  const again = await house.sandbox.control.add('yoplanning', { ...person, city: 'Quimper' });
  await until(
    () => idsOf(before.linkId),
    (now) => now.yoplanning === again,
  );
  await untilQuiet(house);
  expect([await linksInAll(), await made()]).toEqual([3, 0]);
  expect(await cases()).not.toHaveProperty('removal');
});

test('seen in a list only: nobody is planned as a creation while the removal is not proven, and the next sync gives them their place', async () => {
  const before = await start();
  const person = await personOf(before.yoplanning);
  await house.sandbox.control.remove('yoplanning', before.yoplanning);
  const again = await house.sandbox.control.add('yoplanning', person);
  await sync();
  expect(await made()).toBe(0);
  await sync();
  expect([(await idsOf(before.linkId)).yoplanning, await linksInAll(), await made()]).toEqual([again, 3, 0]);
  expect(await cases()).not.toHaveProperty('removal');
});
