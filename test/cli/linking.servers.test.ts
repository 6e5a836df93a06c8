/** `passerelle unlink` and `passerelle link`, on real servers: a sync, and live work, respect what a person said. */
import { expect, test } from '@jest/globals';
import { linkedIds } from '../../src/store/links.js';
import { commandsOn } from '../helpers/commands.js';
import { linkedPerson, until, untilQuiet } from '../helpers/live.js';
import { neighbours } from '../helpers/neighbours.js';
import type { TestPasserelle } from '../helpers/passerelle.js';

const startPasserelle = neighbours();

const people = { seed: 72, yapla: 0, yoplanning: 0, shared: 3, differing: 0 };

let house: TestPasserelle;
const passerelle = commandsOn(() => house);

const pairs = async () =>
  (await linkedIds(house.sql, house.scope)).map(({ yapla, yoplanning }) => `${yapla} ${yoplanning}`);

const writes = async () => {
  const { yapla, yoplanning } = await house.sandbox.control.counts();
  return [yapla, yoplanning].map(({ created, updated }) => created + updated);
};

test('a wrong link is taken apart after both records were shown; no sync makes it again, each gets a counterpart of its own', async () => {
  house = await startPasserelle({ sandbox: { people } });
  await (await house.startBulk()).result();
  const { linkId, yapla, yoplanning } = await linkedPerson(house);
  const [before, written] = [await pairs(), await writes()];
  const { person } = (await house.sandbox.control.record('yapla', yapla))!;

  const asked = await passerelle('unlink', linkId);
  expect(asked).toMatchObject({ status: 2, said: expect.stringContaining('nobody is there to be asked') });
  expect(asked.said).toContain(person.lastName);
  expect(await pairs()).toEqual(before);

  expect(await passerelle('unlink', `yoplanning:${yoplanning}`, '--yes')).toMatchObject({ status: 0 });
  expect(await pairs()).toHaveLength(before.length - 1);
  expect(await writes()).toEqual(written);
  expect(await passerelle('unlink', linkId, '--yes')).toMatchObject({ status: 1 });

  expect(await (await house.startBulk()).result()).toMatchObject({ outcome: 'applied', differences: 0 });
  const after = await pairs();
  expect(after).not.toContain(`${yapla} ${yoplanning}`);
  expect(after.filter((pair) => pair.startsWith(`${yapla} `) || pair.endsWith(` ${yoplanning}`))).toHaveLength(2);
  expect(after).toHaveLength(before.length + 1);
});

test('an event about one of them does not link them again, and a person can: then the next sync carries it over', async () => {
  house = await startPasserelle({ sandbox: { people }, connection: { settings: { create: 'none' } } });
  await (await house.startBulk()).result();
  await house.startReceiver();
  const { linkId, yapla, yoplanning } = await linkedPerson(house);
  const together = `${yapla} ${yoplanning}`;
  expect((await passerelle('unlink', linkId, '--yes')).status).toBe(0);

  await house.sandbox.control.edit('yapla', yapla, { city: 'Douarnenez' });
  await until(
    async () =>
      await house.sql`select 1 from shadow where connection_id = ${house.connectionId} and external_id = ${yapla} and fields->>'city' = 'Douarnenez'`,
    (rows) => rows.length === 1,
  );
  await untilQuiet(house);
  expect(await pairs()).not.toContain(together);
  expect((await house.sandbox.control.record('yoplanning', yoplanning))!.person.city).not.toBe('Douarnenez');

  expect((await passerelle('link', yapla, yoplanning, '--yes', '--by', 'Ann')).status).toBe(0);
  expect(await (await house.startBulk()).result()).toMatchObject({ outcome: 'applied', differences: 0 });
  expect(await pairs()).toContain(together);
  expect((await house.sandbox.control.record('yoplanning', yoplanning))!.person.city).toBe('Douarnenez');
  expect((await passerelle('audit', house.connectionId)).said).toMatch(/unlink .*\n.* link .*by Ann/);
});
