/**
 * The one promise of the budget: whatever workers, delays and crashes do, the server never sees more requests within a window than
 * the limit. The server is played by a list of arrival times; each request reaches it somewhere between its sending and its
 * answer, or after it was cut off.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { setTimeout as delay } from 'node:timers/promises';
import type { LimitsConfig } from '../../src/config/limits.js';
import { createBudget, lanes, PermitPostponed } from '../../src/store/budget.js';
import type { Budget, Permit } from '../../src/store/budget.js';
import { openDatabase } from '../../src/store/database.js';
import type { Sql } from '../../src/store/database.js';
import { checkProperty } from '../helpers/property.js';
import { freshDatabase, uniqueName } from '../helpers/servers.js';
import type { FreshDatabase } from '../helpers/servers.js';

let database: FreshDatabase;
let sql: Sql;

beforeAll(async () => {
  database = await freshDatabase();
  sql = openDatabase(database.url, { maxConnections: 8, applicationName: 'budget property' });
});
afterAll(async () => {
  await sql.end();
  await database.drop();
});

const inFlightTimeoutMs = 60;
const limits: LimitsConfig = {
  requestsPerSecond: 3,
  requestsPerDay: 9,
  secondWindowMs: 50,
  dayWindowMs: 350,
  liveShare: 0.2,
  idleShare: 0.5,
  longWaitMs: 250,
  passingMs: 120,
  lateArrivalMs: 30,
  maxRetryAfterMs: 90_000_000,
};

/** One request: how long it takes there and back, and whether it is cut off (it may arrive all the same, so much later). */
const requestArbitrary = fc.record({
  thereMs: fc.integer({ min: 0, max: 30 }),
  backMs: fc.integer({ min: 0, max: 20 }),
  cutOff: fc.option(fc.integer({ min: 0, max: limits.lateArrivalMs - 5 }), { freq: 5 }),
});
/** One thing that a worker does: ask for one permit or two, and use each; `unused` gives the last one back. */
const stepArbitrary = fc.record({
  lane: fc.constantFrom(...lanes),
  requests: fc.array(requestArbitrary, { minLength: 1, maxLength: 2 }),
  unused: fc.boolean(),
});
const processArbitrary = fc.record({
  startsAfterMs: fc.integer({ min: 0, max: 60 }),
  /** Dies in the middle: what it has sent goes on, nothing is reported any more, and a new one takes its place. */
  diesAfterMs: fc.option(fc.integer({ min: 20, max: 300 }), { freq: 2 }),
  workers: fc.array(fc.array(stepArbitrary, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 4 }),
});
type Request = typeof requestArbitrary extends fc.Arbitrary<infer T> ? T : never;
type Step = typeof stepArbitrary extends fc.Arbitrary<infer T> ? T : never;
type Process = typeof processArbitrary extends fc.Arbitrary<infer T> ? T : never;

interface Alive {
  readonly budget: Budget;
  isDead(): boolean;
  die(): void;
}

const log = { access: 'read', method: 'GET', kind: '/things' };

class World {
  readonly arrivals: number[] = [];
  readonly #credential = uniqueName('credential');
  readonly #budgets: Budget[] = [];

  async run(processes: readonly Process[]): Promise<void> {
    await Promise.all(processes.map((process) => this.#process(process)));
    await Promise.all(this.#budgets.map((budget) => budget.end()));
  }

  async #process({ startsAfterMs, diesAfterMs, workers }: Process): Promise<void> {
    await delay(startsAfterMs);
    const born = this.#born();
    const death = diesAfterMs === null ? null : delay(diesAfterMs).then(() => born.die());
    const rest = await Promise.all(workers.map((steps) => this.#work(born, steps)));
    await death;
    // Restarted, with what was left to do.
    if (rest.some((steps) => steps.length > 0)) {
      const again = this.#born();
      await Promise.all(rest.map((steps) => this.#work(again, steps)));
    }
  }

  #born(): Alive {
    const budget = createBudget({ sql, credential: this.#credential, limits, inFlightTimeoutMs });
    this.#budgets.push(budget);
    let dead = false;
    return { budget, isDead: () => dead, die: () => void (dead = true) };
  }

  /** @returns the steps that were not done, because the process died */
  async #work(process: Alive, steps: readonly Step[]): Promise<readonly Step[]> {
    for (const [index, step] of steps.entries()) {
      const permits = await this.#take(process, step);
      if (permits === null) return steps.slice(index);
      for (const [place, permit] of permits.entries()) {
        if (step.unused && place > 0) process.budget.release(permit);
        else await this.#send(process, permit, step.requests[place]!);
      }
    }
    return [];
  }

  async #take(process: Alive, step: Step): Promise<Permit[] | null> {
    while (!process.isDead()) {
      try {
        const { lane } = step;
        const permits = await process.budget.take(step.requests.length, { lane, purpose: 'property' });
        return process.isDead() ? null : permits;
      } catch (error) {
        if (!(error instanceof PermitPostponed)) throw error;
        await delay(Math.max(0, error.retryAtMs - Date.now()));
      }
    }
    return null;
  }

  async #send(process: Alive, permit: Permit, request: Request): Promise<void> {
    // As the http client does: nothing is sent on a permit when its time is up.
    if (process.isDead() || permit.remainingMs() <= 0) {
      if (!process.isDead()) process.budget.release(permit);
      return;
    }
    await delay(request.thereMs);
    if (request.cutOff !== null || permit.remainingMs() <= 0) {
      const cutAt = performance.now();
      if (!process.isDead()) process.budget.answered(permit, { ...log, status: null, mayStillArrive: true });
      await delay(request.cutOff ?? 0);
      // This machine's own delays do not count as the network's.
      if (performance.now() - cutAt < limits.lateArrivalMs) this.arrivals.push(performance.now());
      return;
    }
    this.arrivals.push(performance.now());
    await delay(request.backMs);
    if (!process.isDead()) process.budget.answered(permit, { ...log, status: 200 });
  }
}

/** The most arrivals in any sliding window: as the server counts, an arrival exactly one window old is out. */
function mostWithin(arrivals: readonly number[], windowMs: number): number {
  const sorted = [...arrivals].sort((a, b) => a - b);
  let first = 0;
  return sorted.reduce((most, arrival, last) => {
    while (arrival - sorted[first]! >= windowMs) first += 1;
    return Math.max(most, last - first + 1);
  }, 0);
}

test('no interleaving of workers, delays and crashes shows the server more than the limit in a window', async () => {
  let sent = 0;
  let fullest = 0;
  await checkProperty(
    fc.asyncProperty(fc.array(processArbitrary, { minLength: 2, maxLength: 4 }), async (processes) => {
      const world = new World();
      await world.run(processes);
      expect(mostWithin(world.arrivals, limits.secondWindowMs)).toBeLessThanOrEqual(limits.requestsPerSecond!);
      expect(mostWithin(world.arrivals, limits.dayWindowMs)).toBeLessThanOrEqual(limits.requestsPerDay!);
      sent += world.arrivals.length;
      fullest = Math.max(fullest, mostWithin(world.arrivals, limits.dayWindowMs));
    }),
    { numRuns: 8 },
  );
  // The property is not true for want of requests.
  expect(sent).toBeGreaterThan(50);
  expect(fullest).toBeGreaterThan(limits.requestsPerDay! / 2);
}, 120_000);
