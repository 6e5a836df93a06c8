/** The breaker of a budget: when it opens, for whom, how it tries again, and what closes it. */
import { afterEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { breakerSchema, limitsSchema, type BreakerConfig } from '../../src/config/limits.js';
import { createBudget, PermitPostponed, type Budget, type Permit } from '../../src/store/budget.js';
import type { Sql } from '../../src/store/database.js';
import { uniqueName } from '../helpers/servers.js';
import { storeTest } from '../helpers/storeTest.js';

let sql: Sql;
storeTest('breaker test', (store) => ({ sql } = store));
const budgets: Budget[] = [];
afterEach(async () => {
  await Promise.all(budgets.splice(0).map((budget) => budget.end()));
});

const wide = { requestsPerSecond: 1_000, requestsPerDay: null, why: '' };
const hour = 3_600_000;
const slow: BreakerConfig = { failuresInARow: 3, firstPauseMs: hour, longestPauseMs: 4 * hour };

function budgetOf(credential: string, breaker: BreakerConfig, isLimited: boolean, inFlightTimeoutMs = 60_000): Budget {
  const limits = limitsSchema(wide).parse(isLimited ? {} : { requestsPerSecond: null });
  const budget = createBudget({ sql, credential, limits, breaker, inFlightTimeoutMs });
  budgets.push(budget);
  return budget;
}

const ask = (record?: string) => ({ lane: 'live', purpose: 'test', record }) as const;
const answer = (status: number | null) => ({ status, access: 'read', method: 'GET', kind: '/things/{id}' });

async function fails(budget: Budget, record?: string): Promise<number | null> {
  const [permit] = await budget.take(1, ask(record));
  return await failsWith(budget, permit!);
}

async function failsWith(budget: Budget, permit: Permit): Promise<number | null> {
  budget.answered(permit, answer(503));
  const until = await budget.failed(permit.ask.record);
  await budget.flush();
  return until;
}

/** As if so much time had passed. */
async function pass(credential: string, ms: number): Promise<void> {
  await sql`
    update budget set probe_at = probe_at - ${ms}::float8 * interval '1 millisecond',
                      probe_ends_at = probe_ends_at - ${ms}::float8 * interval '1 millisecond'
     where credential = ${credential}`;
}

async function putOff(budget: Budget, record?: string): Promise<number> {
  const error: unknown = await budget.take(1, ask(record)).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(PermitPostponed);
  expect(error).toMatchObject({ blockedBy: 'breaker' });
  return (error as PermitPostponed).retryAtMs - Date.now();
}

describe.each([
  ['with limits', true],
  ['without limits', false],
])('the breaker of a credential %s', (_, isLimited) => {
  test('opens after so many failures in a row, in every process, and gives one probe after ever longer pauses until the server answers', async () => {
    const credential = uniqueName('credential');
    const [here, there] = [1, 2].map(() => budgetOf(credential, slow, isLimited)) as [Budget, Budget];
    expect([await fails(here, 'a'), await fails(there, 'b')]).toEqual([null, null]);
    expect(await fails(here, 'c')).toBeGreaterThan(Date.now() + 0.9 * hour);
    for (const pauseMs of [hour, 2 * hour, 4 * hour, 4 * hour]) {
      for (const budget of [here, there]) expect(await putOff(budget)).toBeGreaterThan(0.9 * pauseMs);
      await pass(credential, pauseMs);
      const [probe] = await there.take(1, ask());
      // Whoever comes meanwhile looks again once it must be known, at the latest.
      for (const budget of [here, there]) {
        const waitMs = await putOff(budget);
        expect(waitMs).toBeGreaterThan(0);
        expect(waitMs).toBeLessThanOrEqual(60_000);
      }
      await failsWith(there, probe!);
    }
    await pass(credential, 4 * hour);
    const [probe] = await here.take(1, ask());
    here.answered(probe!, answer(404));
    await expect(here.take(2, ask())).resolves.toHaveLength(2);
    await expect(there.take(2, ask())).resolves.toHaveLength(2);
    expect(await fails(there, 'a')).toBeNull();
  });

  test('gives another probe when the process with the first one died', async () => {
    const credential = uniqueName('credential');
    const budget = budgetOf(credential, slow, isLimited);
    for (const record of ['a', 'b', 'c']) await fails(budget, record);
    await pass(credential, hour);
    await budget.take(1, ask());
    await putOff(budget);
    await pass(credential, 60_000);
    await expect(budget.take(1, ask())).resolves.toHaveLength(1);
  });

  test('gives its probe to another when whoever had it sends nothing', async () => {
    const credential = uniqueName('credential');
    const budget = budgetOf(credential, slow, isLimited);
    for (const record of ['a', 'b', 'c']) await fails(budget, record);
    await pass(credential, hour);
    for (const permit of await budget.take(2, ask())) budget.release(permit);
    await budget.flush();
    const [probe] = await budget.take(1, ask());
    await putOff(budget);
    await failsWith(budget, probe!);
    expect(await putOff(budget)).toBeGreaterThan(1.9 * hour);
    expect(await putOff(budget)).toBeLessThanOrEqual(2 * hour);
  });

  test('does not open for a record that fails while others pass', async () => {
    const credential = uniqueName('credential');
    const budget = budgetOf(credential, slow, isLimited);
    for (let round = 0; round < 5; round += 1) {
      expect(await fails(budget, 'poisoned')).toBeNull();
      const [permit] = await budget.take(1, ask('other'));
      budget.answered(permit!, answer(200));
      await budget.flush();
    }
  });

  test('that one record opened alone holds that record, and no other', async () => {
    const credential = uniqueName('credential');
    const budget = budgetOf(credential, slow, isLimited);
    for (let round = 0; round < 3; round += 1) await fails(budget, 'poisoned');
    await putOff(budget, 'poisoned');
    await expect(budget.take(1, ask('other'))).resolves.toHaveLength(1);
    await expect(budget.take(1, ask())).resolves.toHaveLength(1);
    // All its failures count as one, once another fails, too.
    expect(await fails(budget, 'other')).toBeNull();
    expect(await fails(budget, 'third')).not.toBeNull();
    await putOff(budget);
  });
});

test('an answer that came before the failures began does not close the breaker', async () => {
  const credential = uniqueName('credential');
  const budget = budgetOf(credential, slow, true);
  const [early] = await budget.take(1, ask());
  for (const record of ['a', 'b', 'c']) await fails(budget, record);
  await sql`select budget_settle(${credential}, ${sql.json([
    { id: early!.id, status: 200, agoMs: 60_000, lateMs: 0 },
  ])}, '[]')`;
  await putOff(budget);
});

/** Of answers that no permit was taken for. */
let id = 0;

/** What the row of failures counts to, by its definition. */
function countOf(row: readonly (string | null)[]): number {
  const [first = null] = row;
  if (first === null) return row.length;
  const alone = row.findIndex((record) => record !== first);
  return alone < 0 ? row.length : row.length - alone + 1;
}

test('whatever fails and is answered in whatever order, it is open exactly while the failures since the last answer count to the limit', async () => {
  const event = fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom('a', 'b', null).map((record) => ({ record })) },
    { weight: 1, arbitrary: fc.constant('answer' as const) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(event, { maxLength: 25 }), fc.integer({ min: 2, max: 6 }), async (events, limit) => {
      const credential = uniqueName('credential');
      const budget = budgetOf(credential, { ...slow, failuresInARow: limit }, true);
      let row: (string | null)[] = [];
      for (const one of events) {
        if (one === 'answer') {
          row = [];
          await sql`select budget_settle(${credential}, ${sql.json([
            { id: --id, status: 200, agoMs: 0, lateMs: 0 },
          ])}, '[]')`;
        } else {
          row.push(one.record);
          const until = await budget.failed(one.record ?? undefined);
          expect(until !== null).toBe(countOf(row) >= limit);
        }
      }
    }),
    { numRuns: 60 },
  );
});

test('pauses never grow shorter nor longer than allowed, and a day of failures costs at most 60 requests as configured by default', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 100_000 }),
      fc.integer({ min: 1, max: 10_000_000 }),
      async (first, longest) => {
        const rows = await sql<{ pause: number }[]>`
        select budget_pause(${first}, ${longest}, n) as pause from generate_series(0, 2000) as n`;
        const pauses = rows.map(({ pause }) => pause);
        expect(pauses[0]).toBe(Math.min(first, longest));
        for (const [n, pause] of pauses.entries()) {
          expect(pause).toBe(n === 0 ? pause : Math.min(2 * pauses[n - 1]!, longest));
        }
      },
    ),
    { numRuns: 10 },
  );
  const { failuresInARow, firstPauseMs, longestPauseMs } = breakerSchema.parse({});
  const [{ probes }] = await sql<[{ probes: number }]>`
    select count(*)::int as probes from (
      select sum(budget_pause(${firstPauseMs}, ${longestPauseMs}, n)) over (order by n) as at from generate_series(0, 2000) as n) as probe
     where at <= 86400000`;
  expect(failuresInARow + probes).toBeLessThanOrEqual(60);
});
