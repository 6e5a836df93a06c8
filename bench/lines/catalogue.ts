/** How old the mirror of a large catalogue gets with so many requests a day. The days are the mirror's: its clock is given. */
import { openConnection } from '../../src/connection.js';
import { dayMs, oldestMs, turnMs } from '../../src/core/events/catalogue.js';
import { configSchema } from '../../src/config/schema.js';
import { personsOf } from '../../src/core/record.js';
import { eventsOf } from '../../src/link/bookings/open.js';
import { mirrorTurn } from '../../src/link/catalogue.js';
import { startSandboxProcess } from '../../src/sandbox/child.js';
import { sandboxConnection } from '../../src/sandbox/connections.js';
import { ensureConnection } from '../../src/store/connections.js';
import { mirrorProgress } from '../../src/store/catalogue.js';
import { lineOf, type BenchLine } from '../results.js';
import { quantile } from '../senders.js';
import { unlimited, type Stage } from '../stage.js';

export interface CatalogueOptions {
  readonly products: number;
  readonly sessions: number;
  readonly requestsPerDay: number;
  /** Days of the mirror before its ages count, and those in which they do. */
  readonly warmUpDays: number;
  readonly days: number;
}

/** Sessions of a product that begin within that time are what people look for. */
const soonMs = 2 * dayMs;

const hour = 3_600_000;

export async function catalogueLine(
  stage: Stage,
  { products, sessions, requestsPerDay, warmUpDays, days }: CatalogueOptions,
): Promise<BenchLine> {
  const shownDays = 90;
  const sandbox = await startSandboxProcess({
    people: { yapla: 0, yoplanning: 0, shared: 0, differing: 0 },
    yoplanning: { limits: unlimited, bookings: { catalogue: { products, sessions, days: shownDays } } },
  });
  const connectionId = `catalogue-${stage.run}`;
  const config = configSchema.parse({
    database: { url: stage.databaseUrl },
    connections: {
      [connectionId]: sandboxConnection(sandbox.addresses, {
        events: true,
        limits: { yapla: unlimited, yoplanning: unlimited },
        settings: { events: { catalogue: { requestsPerDay, days: shownDays } } },
      }),
    },
  }).connections[connectionId]!;
  await ensureConnection(stage.sql, connectionId);
  const open = await openConnection(stage.sql, personsOf(connectionId), config);
  try {
    const catalogue = config.events!.catalogue!;
    const events = eventsOf(open);
    const began = Date.now();
    const sent: number[] = [];
    const oldest: number[] = [];
    const soon: number[] = [];
    const all: number[] = [];
    let mostInDay = 0;
    let nextLookMs = began + warmUpDays * dayMs;
    for (let nowMs = began; nowMs < began + (warmUpDays + days) * dayMs; nowMs += turnMs(catalogue)) {
      const recent = sent.filter((one) => one > nowMs - dayMs).length;
      const { requests } = await mirrorTurn({
        sql: stage.sql,
        events,
        config: catalogue,
        now: () => nowMs,
        inDay: () => Promise.resolve(recent),
      });
      for (let n = 0; n < requests; n += 1) sent.push(nowMs);
      mostInDay = Math.max(mostInDay, recent + requests);
      if (nowMs < nextLookMs) continue;
      nextLookMs += hour;
      const progress = await mirrorProgress(stage.sql, events.scope, nowMs);
      const ages = progress.products.map(({ readAtMs }) => (readAtMs === null ? Infinity : nowMs - readAtMs));
      oldest.push(Math.max(...ages));
      all.push(...ages);
      for (const [nth, { nextStartMs }] of progress.products.entries())
        if (nextStartMs !== null && nextStartMs - nowMs < soonMs) soon.push(ages[nth]!);
    }
    const [row] = await stage.sql<{ products: number; sessions: number }[]>`
      select (select count(*)::int from catalogue_product where connection_id = ${connectionId}) as products,
             (select count(*)::int from catalogue_session where connection_id = ${connectionId}) as sessions`;
    const counted = (await sandbox.control.counts()).yoplanning.requests;
    const inDays = (ms: number) => (ms / dayMs).toFixed(1);
    const size = { listPages: Math.ceil(products / 100), sessionPages: Array.from({ length: products }, () => 1) };
    return lineOf({
      line: `catalogue of ${products} products, ${sessions} sessions, oldest reading`,
      value: Math.max(...oldest) / dayMs,
      unit: 'days',
      // With nothing but these requests, each product's sessions are one page.
      floor: products / requestsPerDay,
      goal: 'ratio <= 2.5',
      holds: mostInDay <= requestsPerDay && counted === sent.length && row!.products === products && row!.sessions > 0,
      note:
        `${requestsPerDay} requests a day, at most ${mostInDay} in any 24 hours, over ${warmUpDays + days} days by the mirror's clock; ${row!.products} products and ${row!.sessions} sessions known; ` +
        `a reading is ${inDays(quantile(all, 0.5))} days old in the middle, of products with a session within two days ${soon.length === 0 ? 'none' : inDays(quantile(soon, 0.5))}; promised: ${inDays(oldestMs(size, catalogue))} days at most`,
    });
  } finally {
    await open.close();
    await sandbox.stop();
  }
}
