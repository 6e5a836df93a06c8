/** Dozens of random histories on the real servers, all in one house, while workers die and webhooks go astray. */
import { afterEach, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { recordTotals, untilQuiet } from '../../src/cli/recordWorkflows.js';
import { systemNames } from '../../src/core/record.js';
import { Random } from '../../src/sandbox/random.js';
import { Importer } from '../helpers/lives/importer.js';
import { Ledger } from '../helpers/lives/ledger.js';
import { Living, livedFields, lives, type Life } from '../helpers/lives/lives.js';
import { examine, type Examined } from '../helpers/lives/properties.js';
import { importProgress } from '../helpers/wizard.js';
import { MortalWorker } from '../helpers/mortalWorker.js';
import { startPasserelle, type TestPasserelle } from '../helpers/passerelle.js';
import { propertySeed, wholeNumber } from '../helpers/property.js';

const seed = propertySeed();
const long = process.env['PASSERELLE_LONG'] !== undefined;
const histories = (long ? 100 : 30) * wholeNumber('FAST_CHECK_RUNS', 1);
const deaths = 3;

/**
 * `flat`: single members are read, so bodies of events are hints, and stale ones are harmless. `listed`: bodies are all there is between two
 * lists, and a write stands on them. By GraphQL a member is read and written, in another form than that of the list: fewer lives in the quick
 * run, for what is particular to it. By files a person at the wizard lives beside the others, and what no file can carry is a question.
 */
const modes = [
  { shape: 'flat', write: 'rest', histories },
  { shape: 'listed', write: 'rest', histories },
  { shape: 'flat', write: 'graphql', histories: long ? 30 : 5 },
  { shape: 'flat', write: 'files', histories: long ? 30 : 5 },
] as const;

const webhookFaults = {
  drop: 0.05,
  duplicate: 0.2,
  early: 0.2,
  delayed: 0.3,
  delayMs: 50,
  delayJitterMs: 400,
  reorder: { window: 3, waitMs: 60 },
} as const;

let house: TestPasserelle;
let worker: MortalWorker;

afterEach(async () => {
  await worker.kill();
  await house.stop();
});

test.each(modes)(
  `whatever $histories people's histories hold, they end in sync or in a question (seed ${seed}, $shape Yapla by $write)`,
  async ({ shape, write, histories }) => {
    const ledger = new Ledger();
    house = await startPasserelle({
      worker: false,
      sandbox: { yapla: { shape } },
      hooks: ledger.hooks,
      rules: { email: 'yapla', street: 'newest' },
      // Limited, so that every request stands in the log before it is sent, also those that a death cuts off.
      connection: {
        ...(write === 'files' ? { imports: { checkMs: 200 } } : { write }),
        limits: { yapla: { requestsPerSecond: 100_000 }, yoplanning: { requestsPerSecond: 100_000 } },
      },
    });
    worker = new MortalWorker(house);
    const { control } = house.sandbox;
    const drawn = fc.sample(lives, { seed, numRuns: histories });
    const living = drawn.map((life, nth) => new Living(house, ledger, nth, life));

    await worker.start();
    for (const one of living) await one.begin();
    await (await house.startBulk()).result();
    await house.startReceiver();
    await control.setWebhookFaults('yapla', { ...webhookFaults, seed, stale: 0.2, staleVersions: 2 });
    await control.setWebhookFaults('yoplanning', { ...webhookFaults, seed: seed + 1 });
    await control.resetCounts();
    const startedAtMs = Date.now();

    let isOver = false;
    const importer = write === 'files' ? new Importer(house, new Random(seed)) : null;
    const over = Promise.all(living.map((one) => one.goOn())).finally(() => (isOver = true));
    const importing = importer?.goOn(() => isOver);
    const cutOff = await worker.dieAndRiseAgain({ deaths, seed, isOver: () => isOver });
    await over;
    await importing;
    await quiet();
    const cost = await costSince(ledger, startedAtMs, cutOff + (await worker.cutOffTasks()));

    await control.setWebhookFaults('yapla', {});
    await control.setWebhookFaults('yoplanning', {});
    const repair = await (await house.startBulk()).result();
    await quiet();
    if (importer !== null) {
      await importer.finish(quiet);
      expect((await importProgress(house)).totals.confirmed).toBeGreaterThan(0);
      // Who was made by a file has an id since, which the other system is told.
      await (await house.startBulk()).result();
      await quiet();
    }
    const before = await writes();
    const again = await (await house.startBulk()).result();
    await quiet();

    const examined = await examine(house, ledger);
    expect(complaintsOf(examined, drawn)).toEqual([]);
    const wholeRun = { outcome: 'applied', differences: 0 };
    // What a run found that should have found nothing. Names of fields and reasons, no values.
    const found = await itemsOf(again.plan);
    expect(found).toEqual([]);
    expect([repair, again]).toMatchObject([wholeRun, { ...wholeRun, applied: { ended: 0 } }]);
    expect(await writes()).toBe(before);
    const expected = ['conflict', 'doubt', 'removal', ...(write === 'files' ? ['notImported'] : [])];
    expect(Object.keys(examined.openCases).filter((kind) => !expected.includes(kind))).toEqual([]);
    // Few are between a write's GET and its PUT, or what is said about overwriting says nothing.
    if (shape === 'flat') expect(examined.overtaken).toBeLessThan(cost.writes / 10);
    expect(cost.requests).toBeLessThanOrEqual(cost.allowed);
    // No loop: what people did is at least as much as what we wrote.
    expect(cost.writes).toBeLessThanOrEqual(cost.changes);
  },
);

/** What a plan had to do: kinds, links and reasons. */
async function itemsOf(plan: number | null) {
  const rows = await house.sql<{ kind: string; link: string; reasons: unknown; outcome: string | null }[]>`
    select i.decision_kind as kind, i.link_id as link, i.decision -> 'reasons' as reasons, i.outcome
      from plan_item i join plan p on p.id = i.plan_id where p.connection_id = ${house.connectionId} and p.number = ${plan ?? 0} and i.decision_kind <> 'doubt'`;
  return [...rows];
}

const quiet = async () => await untilQuiet(house, house.sandbox.control, 120_000);

async function writes(): Promise<number> {
  const counts = await house.sandbox.control.counts();
  return systemNames.reduce((sum, system) => sum + counts[system].created + counts[system].updated, 0);
}

/** 9: a change costs a GET and a PUT in the other system; each delivery a GET; what was cut off or stale comes once more. */
async function costSince(ledger: Ledger, sinceMs: number, cutOff: number) {
  const [counts, webhooks, totals] = await Promise.all([
    house.sandbox.control.counts(),
    house.sandbox.control.webhooks(),
    recordTotals(house),
  ]);
  const changes = ledger.deskChangesSince(sinceMs);
  const deliveries = webhooks.yapla.delivered + webhooks.yoplanning.delivered;
  const sessions = counts.yapla.byKind.session + counts.yapla.byKind.schema;
  // What a file brought is looked up in the list.
  const pages = house.connection.yapla.write.mode === 'workbook' ? counts.yapla.byKind.list : 0;
  return {
    changes,
    deliveries,
    stale: totals.stale,
    requests: counts.yapla.requests + counts.yoplanning.requests - sessions - pages,
    allowed: 2 * changes + deliveries + 2 * cutOff + 2 * totals.stale,
    writes: await writes(),
  };
}

/** What is broken, with the life that broke it: the smallest history that shows it. */
function complaintsOf({ broken }: Examined, drawn: readonly Life[]): unknown[] {
  return broken.map(({ life, what }) => ({ seed, what, life, history: drawn[life] ?? null, of: livedFields }));
}
