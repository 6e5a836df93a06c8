/** Yapla accounts in which no member can be read by itself: lists and the bodies of webhooks are all that shows one. */
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from '@jest/globals';
import { parse, stringify } from 'yaml';
import { parseConfig } from '../../src/config/load.js';
import { sandboxCredentials, type SandboxOptions } from '../../src/sandbox/options.js';
import { listOpenCases } from '../../src/store/cases.js';
import { approveSignal, progressQuery } from '../../workflows/bulkSync.messages.js';
import { expectNoTwin, expectProven } from '../helpers/books.js';
import { linkedPerson, recordProgress, until, untilHolds, untilQuiet } from '../helpers/live.js';
import { neighbours } from '../helpers/neighbours.js';
import type { PasserelleOptions, TestPasserelle } from '../helpers/passerelle.js';

const startPasserelle = neighbours();

let house: TestPasserelle;
afterEach(async () => await house.stop());

const exampleFile = new URL('../../passerelle.config.example.yaml', import.meta.url).pathname;

/** The file that is shipped, as it is, but for addresses, the last parts of the webhooks' addresses, and limits. */
const asShipped: PasserelleOptions['configuration'] = (addresses) => {
  const example = parse(readFileSync(exampleFile, 'utf8')) as {
    connections: { club: { yapla: { read: object }; yoplanning: object; webhooks?: object } };
  };
  const { club } = example.connections;
  const limits = { requestsPerSecond: null, requestsPerDay: null };
  club.yapla = { ...club.yapla, read: { ...club.yapla.read, baseUrl: `${addresses.yapla}/api/1.0` } };
  Object.assign(club.yapla, { limits });
  Object.assign(club.yoplanning, { baseUrl: `${addresses.yoplanning}/api/v3.1`, limits });
  club.webhooks = { yapla: { secret: '${YAPLA_SECRET}' }, yoplanning: { secret: '${YOPLANNING_SECRET}' } };
  const environment = {
    YAPLA_API_KEY: sandboxCredentials.yaplaKey,
    YOPLANNING_TOKEN: sandboxCredentials.yoplanningToken,
    YAPLA_SECRET: sandboxCredentials.yaplaWebhookSecret,
    YOPLANNING_SECRET: sandboxCredentials.yoplanningWebhookSecret,
  };
  return parseConfig(stringify(example), exampleFile, environment).config.connections['club']!;
};

const people = { seed: 51, yapla: 3, yoplanning: 2, shared: 4, differing: 0 };
const odile = { firstName: 'Odile', lastName: 'Le Goff', email: 'odile@example.org', city: 'Quimper' };

/** Draws the first plan and approves it, with what happens in between. */
async function firstPlan(meanwhile: () => Promise<void> = () => Promise.resolve()): Promise<void> {
  const handle = await house.startBulk({ autoApprove: false });
  const { plan } = await until(
    async () => await handle.query(progressQuery),
    ({ phase }) => phase === 'waitingForApproval',
  );
  await meanwhile();
  await handle.signal(approveSignal, { plan: plan!.number });
  expect(await handle.result()).toMatchObject({ outcome: 'applied', differences: 0 });
}

async function noReads(): Promise<void> {
  const { yapla } = await house.sandbox.control.counts();
  expect(yapla.byKind.read).toBe(0);
}

const counterpart = async (yapla: string) => {
  const [link] = await house.sql<{ yoplanning: string | null }[]>`
    select yoplanning_id as yoplanning from link where connection_id = ${house.connectionId} and yapla_id = ${yapla}`;
  return link?.yoplanning ?? null;
};

describe('the configuration that is shipped, with an account that only lists its members', () => {
  test.each(['noAddress', 'notAllowed'] as const)(
    'links and creates everybody, and carries single changes and newcomers over (%s)',
    async (singleReads) => {
      const sandbox: SandboxOptions = { people, yapla: { singleReads } };
      house = await startPasserelle({ sandbox, live: true, configuration: asShipped });
      const { control } = house.sandbox;
      await firstPlan();
      await untilQuiet(house);
      await expectNoTwin(house);

      const { yapla, yoplanning } = await linkedPerson(house);
      await control.edit('yapla', yapla, { city: 'Quimper', phone: '+33298000000' });
      await untilHolds(house, 'yoplanning', yoplanning, { city: 'Quimper', phone: '+33298000000' });
      const newcomer = await control.add('yapla', odile);
      const created = await until(
        async () => await counterpart(newcomer),
        (id) => id !== null,
        60_000,
      );
      await untilHolds(house, 'yoplanning', created!, odile);
      await untilQuiet(house);
      await expectNoTwin(house);
      await noReads();
      expect((await house.startBulk().then((one) => one.result())).differences).toBe(0);
    },
  );
});

describe('an account that takes single fields and answers no member', () => {
  const listed = (more: PasserelleOptions = {}) =>
    startPasserelle({ sandbox: { people, yapla: { shape: 'listed' } }, ...more });
  interface Entry {
    readonly field: string;
    readonly old: string | null;
    readonly new: string | null;
  }
  const written = async (id: string) =>
    (await house.sql<Entry[]>`
      select field, old_value as old, new_value as new from journal
       where connection_id = ${house.connectionId} and system = 'yapla' and external_id = ${id} order by id`) as readonly Entry[];
  const stored = async (id: string) => {
    const [row] = await house.sql<{ fields: Record<string, string | null>; document: Record<string, unknown> }[]>`
      select fields, document from shadow
       where connection_id = ${house.connectionId} and system = 'yapla' and external_id = ${id}`;
    return row!;
  };

  test('is kept the same by bulk syncs, and whoever was created is recognised in the list', async () => {
    house = await listed({ connection: { rule: 'yapla' } });
    expect(await (await house.startBulk()).result()).toMatchObject({ outcome: 'applied', differences: 0 });
    await expectNoTwin(house);
    const { control } = house.sandbox;
    const { yapla, yoplanning } = await linkedPerson(house);
    const before = (await control.record('yapla', yapla))!.person;
    await control.edit('yoplanning', yoplanning, { city: 'Brest' });
    expect(await (await house.startBulk()).result()).toMatchObject({ outcome: 'applied', differences: 0 });
    await control.edit('yoplanning', yoplanning, { street: '12 rue des Ajoncs' });
    expect(await (await house.startBulk()).result()).toMatchObject({ outcome: 'applied', differences: 0 });
    const { person } = (await control.record('yapla', yapla))!;
    expect(person).toEqual({ ...before, city: 'Brest', street: '12 rue des Ajoncs' });
    expect(await written(yapla)).toEqual([
      { field: 'city', old: before.city ?? '', new: 'Brest' },
      { field: 'street', old: before.street ?? '', new: '12 rue des Ajoncs' },
    ]);
    await noReads();
    await expectProven(house);
  });

  test('is kept the same by single changes: each write leaves the rest known, and its old value in the journal', async () => {
    house = await listed({ connection: { rule: 'yapla' } });
    await (await house.startBulk()).result();
    await house.startReceiver();
    const { control } = house.sandbox;
    // Whether writes through the API are told of is not public: here they are not, so nothing else shows the member again.
    await control.setWebhookFaults('yapla', { drop: 1 });
    const { yapla, yoplanning } = await linkedPerson(house);
    const before = await stored(yapla);
    const edits = [{ city: 'Brest' }, { street: '12 rue des Ajoncs' }, { city: 'Rennes', postalCode: '35000' }];
    for (const changes of edits) {
      await control.edit('yoplanning', yoplanning, changes);
      await untilHolds(house, 'yapla', yapla, changes);
      await untilQuiet(house);
    }
    expect((await stored(yapla)).fields).toEqual({ ...before.fields, ...Object.assign({}, ...edits) });
    expect(Object.keys((await stored(yapla)).document)).toEqual(Object.keys(before.document));
    expect((await written(yapla)).map(({ field, old }) => [field, old ?? ''])).toEqual([
      ['city', before.document['city']],
      ['street', before.document['address']],
      ['city', 'Brest'],
      ['postalCode', before.document['postal_code']],
    ]);

    await control.setWebhookFaults('yapla', {});
    await control.edit('yapla', yapla, { lastName: 'Kervella', city: null });
    await untilHolds(house, 'yoplanning', yoplanning, { lastName: 'Kervella', city: null, postalCode: '35000' });
    await untilQuiet(house);
    expect(await listOpenCases(house.sql, house.scope)).toEqual([]);
    await noReads();
    await expectProven(house);
  });

  test('keeps what was written when a webhook that was made before the write comes after it', async () => {
    house = await listed({ connection: { rule: 'yapla' } });
    await (await house.startBulk()).result();
    await house.startReceiver();
    const { control } = house.sandbox;
    const { yapla, yoplanning } = await linkedPerson(house);
    const { person } = (await control.record('yapla', yapla))!;
    await control.setWebhookFaults('yapla', { delayed: 1, delayMs: 2_000 });
    await control.edit('yapla', yapla, { city: 'Rennes' });
    await control.edit('yoplanning', yoplanning, { lastName: 'Kervella' });
    await untilHolds(house, 'yapla', yapla, { lastName: 'Kervella' });
    // The first of the two webhooks still shows the old name.
    expect(person.lastName).not.toBe('Kervella');
    await untilHolds(house, 'yoplanning', yoplanning, { city: 'Rennes', lastName: 'Kervella' });
    await untilQuiet(house);
    const rewritten = await house.sql`
      select 1 from journal
       where connection_id = ${house.connectionId} and external_id = ${yoplanning}
         and field = 'lastName' and reason <> 'created'`;
    expect(rewritten.count).toBe(0);
    expect((await control.record('yapla', yapla))!.person).toMatchObject({ city: 'Rennes', lastName: 'Kervella' });

    // Once webhooks have shown what was written, the old name is a change like any other.
    await control.setWebhookFaults('yapla', {});
    await control.edit('yapla', yapla, { lastName: person.lastName });
    await untilHolds(house, 'yoplanning', yoplanning, { lastName: person.lastName });
    await untilQuiet(house);
    await noReads();
  });

  test('says once, when a member is written to, that there is none any more', async () => {
    house = await listed({ connection: { rule: 'yapla' } });
    await (await house.startBulk()).result();
    await house.startReceiver();
    const { control } = house.sandbox;
    const { linkId, yapla, yoplanning } = await linkedPerson(house);
    await control.remove('yapla', yapla);
    await control.resetCounts();
    await control.edit('yoplanning', yoplanning, { city: 'Brest' });
    const cases = async () =>
      (await listOpenCases(house.sql, house.scope)).map(({ kind, subject }) => ({ kind, subject }));
    await until(cases, (open) => open.length > 0);
    await untilQuiet(house);
    await control.edit('yoplanning', yoplanning, { city: 'Rennes' });
    await untilQuiet(house);
    expect(await cases()).toEqual([{ kind: 'removal', subject: `yapla:${yapla}` }]);
    expect((await control.counts()).yapla.byKind.write).toBe(1);
    expect((await recordProgress(house, linkId)).lastOutcome).toBe('removed');
    expect((await control.record('yoplanning', yoplanning))!.person.city).toBe('Rennes');
  });

  test('gets newcomers of the other system once, recognised by their webhook, and gives its own', async () => {
    house = await listed();
    await (await house.startBulk()).result();
    await house.startReceiver();
    const { control } = house.sandbox;
    await control.resetCounts();
    const theirs = await control.add('yoplanning', odile);
    const ours = await control.add('yapla', { ...odile, firstName: 'Alix', email: 'alix@example.org' });
    const created = await until(
      async () => await counterpart(ours),
      (id) => id !== null,
    );
    await untilHolds(house, 'yoplanning', created!, { firstName: 'Alix', city: 'Quimper' });
    const made = await until(
      async () =>
        (
          await house.sql<{ yapla: string | null }[]>`
          select yapla_id as yapla from link where connection_id = ${house.connectionId} and yoplanning_id = ${theirs}`
        )[0]?.yapla ?? null,
      (id) => id !== null,
    );
    await untilHolds(house, 'yapla', made!, odile);
    await untilQuiet(house);
    const counts = await control.counts();
    expect({ yapla: counts.yapla.created, yoplanning: counts.yoplanning.created }).toEqual({ yapla: 1, yoplanning: 1 });
    expect(await listOpenCases(house.sql, house.scope)).toEqual([]);
    await noReads();
    await (await house.startBulk()).result();
    await expectProven(house);
  });
});

describe('a newcomer whose webhook came while the first plan waited for its approval', () => {
  test.each(['flat', 'listed'] as const)('is taken up after it, from what was stored (%s Yapla)', async (shape) => {
    house = await startPasserelle({
      live: true,
      sandbox: { people, yapla: { shape, singleReads: 'noAddress' } },
      ...(shape === 'flat' ? { configuration: asShipped } : { connection: { rule: 'yapla' } }),
    });
    const { control } = house.sandbox;
    let newcomer = '';
    await firstPlan(async () => {
      newcomer = await control.add('yapla', odile);
      await untilQuiet(house);
      expect(await recordProgress(house, `yapla:${newcomer}`)).toMatchObject({ lastOutcome: 'early' });
      expect((await control.counts()).yoplanning.created).toBe(0);
    });
    const created = await until(
      async () => await counterpart(newcomer),
      (id) => id !== null,
    );
    await untilHolds(house, 'yoplanning', created!, odile);
    await untilQuiet(house);
    await noReads();
  });
});
