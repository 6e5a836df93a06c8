/** Yapla accounts in which no member can be read by itself, and whose webhooks do not show members as its API does: the list is read. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { request } from 'undici';
import { listOpenCases } from '../../src/store/cases.js';
import { sandboxWebhookUrl } from '../../src/sandbox/connections.js';
import { expectNoTwin, expectProven } from '../helpers/books.js';
import { linkedPerson, until, untilHolds, untilQuiet } from '../helpers/live.js';
import { neighbours } from '../helpers/neighbours.js';
import type { PasserelleOptions, TestPasserelle } from '../helpers/passerelle.js';

const startPasserelle = neighbours();

let house: TestPasserelle;
afterEach(async () => await house.stop());

type Webhooks = NonNullable<NonNullable<NonNullable<PasserelleOptions['connection']>['settings']>['webhooks']>['yapla'];
const secrets = {
  yapla: { secret: 'sandbox-yapla-webhook-secret' },
  yoplanning: { secret: 'sandbox-yoplanning-webhook-secret' },
};
/** Where the `listed` shape's webhooks have the member and its id, and nothing about its fields. */
const unmapped: Webhooks = {
  event: { path: 'action', created: ['Create a member'], updated: ['Edit a member'] },
  member: 'data.fiche',
  id: 'no',
};

const people = { seed: 71, yapla: 0, yoplanning: 0, shared: 60, differing: 0 };
/** What one reading of the list costs, with pages of 20 of which one record overlaps. */
const pages = 4;

async function begin(webhooks: Webhooks, live: object = {}, yapla: object = { shape: 'listed' }): Promise<void> {
  house = await startPasserelle({
    pageSize: 20,
    sandbox: { people, yapla },
    connection: {
      rule: 'yapla',
      settings: { live, webhooks: { ...secrets, yapla: { ...secrets.yapla, ...webhooks } } },
    },
  });
  expect(await (await house.startBulk()).result()).toMatchObject({ outcome: 'applied', differences: 0 });
  await house.startReceiver();
  await house.sandbox.control.resetCounts();
}

/** As Yapla would, or anyone who has the address. */
async function deliver(body: object): Promise<void> {
  const receiver = await house.startReceiver();
  const answer = await request(sandboxWebhookUrl(receiver.address, house.connectionId, 'yapla'), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(answer.statusCode).toBe(202);
  await answer.body.dump();
}

const requests = async () => {
  const { list, read } = (await house.sandbox.control.counts()).yapla.byKind;
  return { list, read };
};
const cases = async () => (await listOpenCases(house.sql, house.scope)).map(({ kind, subject }) => ({ kind, subject }));
const counterparts = async () =>
  new Map(
    (
      await house.sql<{ yapla: string; yoplanning: string }[]>`
        select yapla_id as yapla, yoplanning_id as yoplanning from link where connection_id = ${house.connectionId}`
    ).map(({ yapla, yoplanning }) => [yapla, yoplanning]),
  );

describe('webhooks with names of their own that nobody configured', () => {
  test('carry a change over all the same, for no more than the pages of the list', async () => {
    await begin(unmapped);
    const { control } = house.sandbox;
    const { yapla, yoplanning } = await linkedPerson(house);
    await control.edit('yapla', yapla, { city: 'Rennes', lastName: 'Kervella' });
    await untilHolds(house, 'yoplanning', yoplanning, { city: 'Rennes', lastName: 'Kervella' });
    await untilQuiet(house);
    const { list, read } = await requests();
    expect(list).toBeGreaterThan(0);
    expect(list).toBeLessThanOrEqual(pages);
    expect(read).toBe(0);
    expect(await cases()).toEqual([]);
    await expectProven(house);
  });

  test('of fifty members at once cost one reading of the list', async () => {
    // Whoever missed the one reading would have to wait for longer than the test does.
    await begin(unmapped, { listGatherMs: 2_500, listIntervalMs: 600_000 });
    const { control } = house.sandbox;
    const of = await counterparts();
    const edited = [...of].slice(0, 50);
    await Promise.all(edited.map(([yapla], n) => control.edit('yapla', yapla, { city: `Ville ${n}` })));
    for (const [n, [, yoplanning]] of edited.entries()) {
      await untilHolds(house, 'yoplanning', yoplanning, { city: `Ville ${n}` });
    }
    await untilQuiet(house);
    const { list, read } = await requests();
    expect(list).toBeLessThanOrEqual(pages);
    expect(read).toBe(0);
    expect(await cases()).toEqual([]);
  });

  test('of a newcomer have it made in the other system with all that the list shows', async () => {
    await begin(unmapped);
    const { control } = house.sandbox;
    const odile = { firstName: 'Odile', lastName: 'Le Goff', email: 'odile@example.org', city: 'Quimper' };
    const newcomer = await control.add('yapla', odile);
    const created = await until(
      async () => (await counterparts()).get(newcomer) ?? null,
      (id) => id !== null,
    );
    await untilHolds(house, 'yoplanning', created!, odile);
    await untilQuiet(house);
    expect((await requests()).list).toBeLessThanOrEqual(pages);
    await expectNoTwin(house);
  });

  test('of our own writes are read in the list, too, and found to be echoes', async () => {
    await begin(unmapped);
    const { control } = house.sandbox;
    const { yapla, yoplanning } = await linkedPerson(house);
    await control.edit('yoplanning', yoplanning, { city: 'Brest' });
    await untilHolds(house, 'yapla', yapla, { city: 'Brest' });
    await untilQuiet(house);
    expect((await requests()).list).toBeLessThanOrEqual(pages);
    expect(await cases()).toEqual([]);
    await expectProven(house);
  });
});

describe('webhooks that show a member as the API does', () => {
  const asListed = { shape: 'flat', singleReads: 'noAddress' };
  const noSingleReads = async (webhooks: Webhooks) => {
    await begin(webhooks, {}, asListed);
    await house.reconfigure((before) => ({
      ...before,
      yapla: { ...before.yapla, write: { mode: 'none' }, read: { ...before.yapla.read, memberPath: null } },
    }));
  };

  test('cost no request at all', async () => {
    await noSingleReads({});
    const { control } = house.sandbox;
    const { yapla, yoplanning } = await linkedPerson(house);
    await control.edit('yapla', yapla, { city: 'Rennes' });
    await untilHolds(house, 'yoplanning', yoplanning, { city: 'Rennes' });
    await untilQuiet(house);
    expect(await requests()).toEqual({ list: 0, read: 0 });
  });

  test('are not believed where the configuration says so: a forged one changes nobody', async () => {
    await noSingleReads({ believe: 'nothing' });
    const { control } = house.sandbox;
    const { yapla, yoplanning } = await linkedPerson(house);
    const { document } = (await control.record('yapla', yapla))!;
    const { person } = (await control.record('yoplanning', yoplanning))!;
    await deliver({
      event: 'member.updated',
      data: { ...document, last_name: 'Forged', updated_at: '2099-01-01 00:00:00' },
    });
    await until(requests, ({ list }) => list > 0);
    await untilQuiet(house);
    expect((await control.record('yoplanning', yoplanning))!.person).toEqual(person);
    await control.edit('yapla', yapla, { city: 'Rennes' });
    await untilHolds(house, 'yoplanning', yoplanning, { city: 'Rennes', lastName: person.lastName });
  });

  test('in part are believed in that part where the configuration says so, and the rest stays as it is known', async () => {
    await noSingleReads({ believe: 'part' });
    const { control } = house.sandbox;
    const { yapla, yoplanning } = await linkedPerson(house);
    const { person } = (await control.record('yoplanning', yoplanning))!;
    await deliver({ event: 'member.updated', data: { id: Number(yapla), city: 'Rennes' } });
    await untilHolds(house, 'yoplanning', yoplanning, { city: 'Rennes' });
    await untilQuiet(house);
    expect((await control.record('yoplanning', yoplanning))!.person).toEqual({ ...person, city: 'Rennes' });
    expect(await requests()).toEqual({ list: 0, read: 0 });
    expect(await cases()).toEqual([]);
  });

  test('and cannot be read, as the list cannot, are one question, which ends once they can', async () => {
    await noSingleReads({});
    const { control } = house.sandbox;
    const { yapla, yoplanning } = await linkedPerson(house);
    await control.edit('yapla', yapla, { lastName: 'Kervella' }, { city: true });
    await until(cases, (open) => open.length === 1);
    await untilQuiet(house);
    expect(await cases()).toEqual([{ kind: 'unreadable', subject: `yapla:${yapla}` }]);
    expect((await requests()).list).toBeLessThanOrEqual(pages);
    expect((await control.record('yoplanning', yoplanning))!.person.lastName).not.toBe('Kervella');

    await control.edit('yapla', yapla, { city: 'Rennes' }, { city: null });
    await untilHolds(house, 'yoplanning', yoplanning, { lastName: 'Kervella', city: 'Rennes' });
    await untilQuiet(house);
    expect(await cases()).toEqual([]);
  });
});
