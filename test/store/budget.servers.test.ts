import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { LimitsConfig } from '../../src/config/limits.js';
import { createBudget, PermitPostponed, PermitsStopped } from '../../src/store/budget.js';
import type { Budget, Lane, Permit } from '../../src/store/budget.js';
import type { LineOptions } from '../../src/store/budgetLine.js';
import { pruneRequestLog } from '../../src/store/budgetState.js';
import { liftStop, type SeenStop, seenStops } from '../../src/store/budgetStops.js';
import { openDatabase } from '../../src/store/database.js';
import type { Sql } from '../../src/store/database.js';
import { freshDatabase, uniqueName } from '../helpers/servers.js';
import type { FreshDatabase } from '../helpers/servers.js';

let database: FreshDatabase;
let sql: Sql;
const budgets: Budget[] = [];

beforeAll(async () => {
  database = await freshDatabase();
  sql = openDatabase(database.url, { maxConnections: 6, applicationName: 'budget test' });
});
afterEach(async () => {
  await Promise.all(budgets.splice(0).map((budget) => budget.end()));
});
afterAll(async () => {
  await sql.end();
  await database.drop();
});

const limits: LimitsConfig = {
  requestsPerSecond: null,
  requestsPerDay: null,
  secondWindowMs: 300,
  dayWindowMs: 60_000,
  liveShare: 0,
  idleShare: 0.5,
  longWaitMs: 2_000,
  passingMs: 120,
  lateArrivalMs: 50,
  maxRetryAfterMs: 90_000_000,
};

function budgetOf(credential: string, changed: Partial<LimitsConfig>, more: Partial<LineOptions> = {}): Budget {
  const budget = createBudget({
    sql,
    credential,
    limits: { ...limits, ...changed },
    inFlightTimeoutMs: 5_000,
    ...more,
  });
  budgets.push(budget);
  return budget;
}

const ask = (lane: Lane = 'bulk', more: { record?: string; signal?: AbortSignal; patienceMs?: number } = {}) => ({
  lane,
  purpose: 'test',
  ...more,
});
const ok = { status: 200, access: 'read', method: 'GET', kind: '/things/{id}' };

async function spend(budget: Budget, n: number, lane: Lane = 'bulk'): Promise<void> {
  for (let i = 0; i < n; i += 1) for (const permit of await budget.take(1, ask(lane))) budget.answered(permit, ok);
  await budget.flush();
}

/** Resolves once the promise is one of those who wait in the database. */
async function waiting(credential: string): Promise<void> {
  for (;;) {
    const rows = await sql`SELECT FROM budget_waiter WHERE credential = ${credential}`;
    if (rows.length > 0) return;
  }
}

describe('a window', () => {
  test('gives up to the limit at once, and the next permit only after an answer and the length of the window', async () => {
    const budget = budgetOf(uniqueName('credential'), { requestsPerSecond: 3 });
    const first = (await Promise.all([1, 2, 3].map(() => budget.take(1, ask())))).flat();
    const [oldest] = first as [Permit];
    const answeredAt = performance.now();
    budget.answered(oldest, ok);
    await budget.take(1, ask());
    expect(performance.now() - answeredAt).toBeGreaterThanOrEqual(limits.secondWindowMs);
  });

  test('is one for all processes', async () => {
    const credential = uniqueName('credential');
    const [one, other] = [1, 2].map(() => budgetOf(credential, { requestsPerDay: 4, dayWindowMs: 60_000 }));
    await spend(one!, 2);
    await spend(other!, 2);
    await expect(one!.take(1, ask())).rejects.toThrow(PermitPostponed);
    await expect(other!.take(1, ask())).rejects.toThrow(PermitPostponed);
  });

  test('is not overrun when many processes ask in the same instant', async () => {
    for (let round = 0; round < 20; round += 1) {
      const credential = uniqueName('credential');
      const many = Array.from({ length: 6 }, () => budgetOf(credential, { requestsPerDay: 2 }));
      const outcomes = await Promise.allSettled(many.map((budget) => budget.take(1, ask())));
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
    }
  });

  test('counts a request whose process died until its time is up', async () => {
    const credential = uniqueName('credential');
    const crashed = budgetOf(credential, { requestsPerSecond: 1 }, { inFlightTimeoutMs: 200 });
    const began = performance.now();
    await crashed.take(1, ask());
    const [permit] = await budgetOf(credential, { requestsPerSecond: 1 }).take(1, ask());
    const waitedMs = performance.now() - began;
    expect(waitedMs).toBeGreaterThanOrEqual(200 + limits.lateArrivalMs + limits.secondWindowMs);
    expect(permit!.remainingMs()).toBeGreaterThan(0);
  });

  test('counts a request that was cut off for as long as it may still arrive', async () => {
    const budget = budgetOf(uniqueName('credential'), { requestsPerSecond: 1, lateArrivalMs: 400 });
    const [permit] = await budget.take(1, ask());
    const cutAt = performance.now();
    budget.answered(permit!, { ...ok, status: null, mayStillArrive: true });
    await budget.take(1, ask());
    expect(performance.now() - cutAt).toBeGreaterThanOrEqual(400 + limits.secondWindowMs);
  });

  test('frees a permit that was not used at once', async () => {
    const budget = budgetOf(uniqueName('credential'), { requestsPerDay: 1 });
    const [unused] = await budget.take(1, ask());
    budget.release(unused!);
    await budget.flush();
    await expect(budget.take(1, ask())).resolves.toHaveLength(1);
    expect((await budget.state()).day.used).toBe(1);
  });

  test('gives those who wait a permit that another one gives back', async () => {
    const credential = uniqueName('credential');
    const budget = budgetOf(credential, { requestsPerSecond: 1, secondWindowMs: 60_000, longWaitMs: 70_000 });
    const [unused] = await budget.take(1, ask());
    const next = budget.take(1, ask());
    await waiting(credential);
    budget.release(unused!);
    await expect(next).resolves.toHaveLength(1);
  });
});

describe('a group', () => {
  test('is given whole or not at all', async () => {
    const budget = budgetOf(uniqueName('credential'), { requestsPerDay: 3 });
    await spend(budget, 2);
    await expect(budget.take(2, ask())).rejects.toThrow(PermitPostponed);
    await expect(budget.take(1, ask())).resolves.toHaveLength(1);
  });

  test('is not starved by single requests of another process that came later', async () => {
    const credential = uniqueName('credential');
    const [pairs, singles] = [1, 2].map(() => budgetOf(credential, { requestsPerSecond: 2 }));
    await spend(singles!, 2);
    const pair = pairs!.take(2, ask());
    await waiting(credential);
    let later = 0;
    const rest = Array.from({ length: 4 }, () =>
      singles!.take(1, ask()).then(([permit]) => {
        later += 1;
        singles!.answered(permit!, ok);
      }),
    );
    const given = await pair;
    expect(later).toBe(0);
    given.forEach((permit) => pairs!.answered(permit, ok));
    await Promise.all(rest);
  });

  test('that cannot use what room there is lets one single request behind it pass, and no more', async () => {
    const credential = uniqueName('credential');
    const budget = budgetOf(credential, { requestsPerSecond: 3 });
    const first = [...(await budget.take(1, ask())), ...(await budget.take(1, ask()))];
    const order: string[] = [];
    const named = (name: string, n: number) => budget.take(n, ask()).then(() => order.push(name));
    const pair = named('pair', 2);
    await waiting(credential);
    const passing = named('passing', 1);
    const staying = named('staying', 1);
    await passing;
    expect(order).toEqual(['passing']);
    first.forEach((permit) => budget.answered(permit, ok));
    await pair;
    expect(order).toEqual(['passing', 'pair']);
    const ended = expect(staying).rejects.toThrow('ended');
    await budget.end();
    await ended;
  });

  test('is not passed by a request of a later lane', async () => {
    const credential = uniqueName('credential');
    const budget = budgetOf(credential, { requestsPerSecond: 2 });
    const [first] = await budget.take(1, ask());
    const order: string[] = [];
    const pair = budget.take(2, ask('bulk')).then((permits) => {
      order.push('pair');
      permits.forEach((permit) => budget.answered(permit, ok));
    });
    await waiting(credential);
    const later = budget.take(1, ask('idle')).then(() => order.push('idle'));
    // A round trip to the database after it was asked for: there was time to let it pass.
    await budget.state();
    budget.answered(first!, ok);
    await Promise.all([pair, later]);
    expect(order).toEqual(['pair', 'idle']);
  });

  test('that no window could ever hold is refused as a mistake', async () => {
    const budget = budgetOf(uniqueName('credential'), { requestsPerSecond: 1 });
    expect(budget.largestGroup('live')).toBe(1);
    await expect(budget.take(2, ask())).rejects.toThrow(RangeError);
  });
});

describe('lanes', () => {
  test('are served in their order, whatever the order of arrival', async () => {
    const credential = uniqueName('credential');
    const budget = budgetOf(credential, { requestsPerSecond: 1, secondWindowMs: 100 });
    const [held] = await budget.take(1, ask());
    const order: Lane[] = [];
    const waits = (['idle', 'bulk', 'live', 'review'] as const).map(async (lane) => {
      const [permit] = await budget.take(1, ask(lane));
      order.push(lane);
      budget.answered(permit!, ok);
    });
    budget.answered(held!, ok);
    await Promise.all(waits);
    expect(order).toEqual(['live', 'review', 'bulk', 'idle']);
  });

  test('hold back the later lanes of other processes too', async () => {
    const credential = uniqueName('credential');
    const [one, other] = [1, 2].map(() => budgetOf(credential, { requestsPerSecond: 1 }));
    const [held] = await one!.take(1, ask());
    const order: string[] = [];
    const bulk = other!.take(1, ask('bulk')).then(([permit]) => {
      order.push('bulk');
      other!.answered(permit!, ok);
    });
    await waiting(credential);
    const live = one!.take(1, ask('live')).then(([permit]) => {
      order.push('live');
      one!.answered(permit!, ok);
    });
    one!.answered(held!, ok);
    await Promise.all([bulk, live]);
    expect(order).toEqual(['live', 'bulk']);
  });

  test('leave the share of the day that only live may use', async () => {
    const budget = budgetOf(uniqueName('credential'), { requestsPerDay: 5, liveShare: 0.4 });
    await spend(budget, 3);
    await expect(budget.take(1, ask('review'))).rejects.toMatchObject({ blockedBy: 'liveShare' });
    await spend(budget, 2, 'live');
    await expect(budget.take(1, ask('live'))).rejects.toMatchObject({ blockedBy: 'day' });
    expect(await budget.state()).toMatchObject({ day: { used: 5, limit: 5 }, dayUsedByOthers: 3 });
  });

  test('do not take from live what live has not used up itself', async () => {
    const budget = budgetOf(uniqueName('credential'), { requestsPerDay: 5, liveShare: 0.4 });
    await spend(budget, 3, 'live');
    await spend(budget, 2);
    await expect(budget.take(1, ask('bulk'))).rejects.toMatchObject({ blockedBy: 'day' });
  });

  test('let a live request pass a bulk request that waits for its share', async () => {
    const credential = uniqueName('credential');
    const budget = budgetOf(credential, { requestsPerDay: 2, liveShare: 0.5, dayWindowMs: 60_000, longWaitMs: 70_000 });
    await spend(budget, 1);
    const abort = new AbortController();
    const bulk = budget.take(1, ask('bulk', { signal: abort.signal }));
    await waiting(credential);
    await expect(budget.take(1, ask('live'))).resolves.toHaveLength(1);
    abort.abort(new Error('enough'));
    await expect(bulk).rejects.toThrow('enough');
  });

  test('that are outranked for long are put off', async () => {
    const credential = uniqueName('credential');
    const budget = budgetOf(credential, { requestsPerSecond: 1, secondWindowMs: 40, longWaitMs: 200 });
    let over = false;
    const live = Array.from({ length: 3 }, async () => {
      while (!over) for (const permit of await budget.take(1, ask('live'))) budget.answered(permit, ok);
    });
    await expect(budget.take(1, ask('idle'))).rejects.toMatchObject({ blockedBy: 'lane' });
    over = true;
    await Promise.all(live);
  });
});

describe('long waits', () => {
  test('are refused with the time at which to ask again', async () => {
    const budget = budgetOf(uniqueName('credential'), { requestsPerDay: 1, dayWindowMs: 30_000 });
    await spend(budget, 1);
    const refusal = await budget.take(1, ask()).catch((error: unknown) => error as PermitPostponed);
    expect(refusal).toBeInstanceOf(PermitPostponed);
    const inMs = (refusal as PermitPostponed).retryAtMs - Date.now();
    expect(inMs).toBeGreaterThan(20_000);
    expect(inMs).toBeLessThanOrEqual(30_000);
    expect((await budget.state()).day.nextFreeAtMs! - Date.now()).toBeGreaterThan(20_000);
  });

  test('end with the patience of whoever asks, and whoever has more goes on', async () => {
    const budget = budgetOf(uniqueName('credential'), { requestsPerSecond: 1, secondWindowMs: 1_500 });
    const [first] = await budget.take(1, ask('live', { patienceMs: 10_000 }));
    const hurried = budget.take(1, ask('live', { patienceMs: 50 }));
    const patient = budget.take(1, ask('live', { patienceMs: 60_000 }));
    await expect(hurried).rejects.toThrow(PermitPostponed);
    budget.answered(first!, ok);
    expect(await patient).toHaveLength(1);
  });

  test('end with the signal', async () => {
    const credential = uniqueName('credential');
    const budget = budgetOf(credential, { requestsPerSecond: 1, secondWindowMs: 1_500 });
    await budget.take(1, ask());
    const abort = new AbortController();
    const next = budget.take(1, ask('live', { signal: abort.signal }));
    await waiting(credential);
    abort.abort(new Error('cancelled'));
    await expect(next).rejects.toThrow('cancelled');
    await expect(budget.take(1, ask('live', { signal: abort.signal }))).rejects.toThrow('cancelled');
  });

  test('end with the budget, and whoever was first in line is forgotten', async () => {
    const credential = uniqueName('credential');
    const budget = budgetOf(credential, { requestsPerSecond: 1, secondWindowMs: 1_500 });
    await budget.take(1, ask());
    const next = budget.take(1, ask());
    const refused = expect(next).rejects.toThrow('ended');
    await waiting(credential);
    await budget.end();
    await refused;
    expect(await sql`SELECT FROM budget_waiter WHERE credential = ${credential}`).toHaveLength(0);
  });
});

describe.each([
  ['with limits', { requestsPerSecond: 100 }],
  ['without limits', {}],
])('a credential %s', (_, changed) => {
  test('that is stopped gives no permit in any process until it is resumed', async () => {
    const credential = uniqueName('credential');
    const [one, other] = [1, 2].map(() => budgetOf(credential, changed));
    await one!.stop('401 on GET /things');
    await one!.stop('something later');
    for (const budget of [one!, other!]) {
      await expect(budget.take(1, ask())).rejects.toThrow(PermitsStopped);
      await expect(budget.take(1, ask())).rejects.toMatchObject({ reason: '401 on GET /things' });
    }
    expect((await other!.state()).stoppedReason).toBe('401 on GET /things');
    await other!.resume(Date.now() + 1);
    await expect(other!.take(1, ask())).resolves.toHaveLength(1);
    expect((await one!.state()).stoppedAtMs).toBeNull();
  });

  test('of which writes are stopped gives permits to those who read, wherever they stand in line, and none to those who write', async () => {
    const credential = uniqueName('credential');
    const [one, other] = [1, 2].map(() => budgetOf(credential, changed));
    await one!.stop('403 on PUT /things/1', 'writes');
    for (const budget of [one!, other!]) {
      const ends = await Promise.allSettled([
        budget.take(2, { ...ask(), writes: true }),
        budget.take(1, ask()),
        budget.take(1, { ...ask(), writes: true }),
        budget.take(1, ask()),
      ]);
      expect(ends.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected', 'fulfilled']);
      for (const end of ends) {
        if (end.status === 'rejected')
          expect(end.reason).toMatchObject({ stopped: 'writes', reason: '403 on PUT /things/1' });
      }
    }
    expect(await one!.state()).toMatchObject({ stoppedReason: null, writesStoppedReason: '403 on PUT /things/1' });
    await one!.resume(Date.now() + 1);
    await expect(other!.take(1, { ...ask(), writes: true })).resolves.toHaveLength(1);
  });

  test('that is stopped whole and for writes is let go on by two words', async () => {
    const credential = uniqueName('credential');
    const budget = budgetOf(credential, changed);
    await budget.stop('403 on PUT /things/1', 'writes');
    await budget.stop('401 on GET /things');
    const stops = await seenStops(sql, credential);
    expect(stops.map(({ stopped, reason }) => [stopped, reason])).toEqual([
      ['all', '401 on GET /things'],
      ['writes', '403 on PUT /things/1'],
    ]);
    await expect(liftStop(sql, credential, stops[0]!)).resolves.toBe(true);
    await expect(budget.take(1, ask())).resolves.toHaveLength(1);
    await expect(budget.take(1, { ...ask(), writes: true })).rejects.toThrow(PermitsStopped);
    await expect(liftStop(sql, credential, stops[1]!)).resolves.toBe(true);
    await expect(budget.take(1, { ...ask(), writes: true })).resolves.toHaveLength(1);
    expect(await seenStops(sql, credential)).toEqual([]);
  });

  test('that another process lets go on gives a permit to whoever asks then, though the stop was just met', async () => {
    const credential = uniqueName('credential');
    const [here, there] = [1, 2].map(() => budgetOf(credential, changed));
    await here!.stop('401 on GET /things');
    await expect(here!.take(1, ask())).rejects.toThrow(PermitsStopped);
    await there!.resume(Date.now() + 1);
    await expect(here!.take(1, ask())).resolves.toHaveLength(1);
  });

  test('that a person lets go on stays closed until the time that the server named', async () => {
    const credential = uniqueName('credential');
    const budget = budgetOf(credential, changed);
    await budget.close(86_368_000, '429');
    await budget.stop('401 on GET /things');
    await budget.resume(Date.now() + 1);
    await expect(budget.take(1, ask())).rejects.toMatchObject({ blockedBy: 'closed' });
  });

  test('that was stopped again since a person looked stays stopped', async () => {
    const credential = uniqueName('credential');
    const budget = budgetOf(credential, changed);
    await budget.stop('401 on GET /things');
    const [seen] = (await seenStops(sql, credential)) as [SeenStop];
    await expect(liftStop(sql, credential, seen)).resolves.toBe(true);
    await budget.stop('403 on GET /things');
    await expect(liftStop(sql, credential, seen)).resolves.toBe(false);
    await budget.resume(Date.parse(seen.at));
    await expect(budget.take(1, ask())).rejects.toMatchObject({ reason: '403 on GET /things' });
  });

  test('that the server throttled gives no permit in any process for at least a second', async () => {
    const credential = uniqueName('credential');
    const [one, other] = [1, 2].map(() => budgetOf(credential, changed));
    const closedAt = performance.now();
    await one!.close(5, '429');
    expect((await other!.state()).closedUntilMs).not.toBeNull();
    await Promise.all([one!.take(1, ask()), other!.take(1, ask())]);
    expect(performance.now() - closedAt).toBeGreaterThanOrEqual(1_000);
  });

  test('that the server throttled for long is put off', async () => {
    const budget = budgetOf(uniqueName('credential'), changed);
    await budget.close(86_368_000, '429');
    const refusal = budget.take(1, ask());
    await expect(refusal).rejects.toThrow(PermitPostponed);
    await expect(refusal).rejects.toMatchObject({ blockedBy: 'closed' });
  });

  test('has each request in the log, with who asked and how it ended', async () => {
    const credential = uniqueName('credential');
    const budget = budgetOf(credential, changed);
    const [permit] = await budget.take(1, ask('review', { record: 'yapla:1042' }));
    budget.answered(permit!, { status: 201, access: 'update', method: 'PUT', kind: '/things/{id}' });
    await budget.flush();
    const rows = await sql`
      SELECT id, lane, purpose, record, method, access, kind, status, answered_at >= sent_at AS ordered
        FROM request_log WHERE credential = ${credential}`;
    expect([...rows]).toEqual([
      {
        id: permit!.id,
        lane: 'review',
        purpose: 'test',
        record: 'yapla:1042',
        method: 'PUT',
        access: 'update',
        kind: '/things/{id}',
        status: 201,
        ordered: true,
      },
    ]);
  });
});

test('many takes at once each get their own permit, with and without limits', async () => {
  for (const changed of [{ requestsPerSecond: 500 }, {}]) {
    const credential = uniqueName('credential');
    const budget = budgetOf(credential, changed);
    const permits = (await Promise.all(Array.from({ length: 200 }, () => budget.take(2, ask())))).flat();
    permits.forEach((permit) => budget.answered(permit, ok));
    await budget.flush();
    expect(new Set(permits.map((permit) => permit.id)).size).toBe(400);
    const [row] = await sql<[{ n: number }]>`
      SELECT count(*) AS n FROM request_log WHERE credential = ${credential} AND answered_at IS NOT NULL`;
    expect(row.n).toBe(400);
  }
});

test('an answer reported while the database is away is recorded when it is back', async () => {
  const credential = uniqueName('credential');
  const own = openDatabase(database.url, { maxConnections: 2, applicationName: 'budget test, cut off' });
  const budget = budgetOf(credential, { requestsPerSecond: 10 }, { sql: own });
  const [permit] = await budget.take(1, ask());
  await sql`ALTER FUNCTION budget_settle RENAME TO budget_settle_away`;
  budget.answered(permit!, ok);
  await budget.flush();
  await sql`ALTER FUNCTION budget_settle_away RENAME TO budget_settle`;
  await budget.flush();
  const [row] = await sql`SELECT status FROM request_log WHERE id = ${permit!.id}`;
  expect(row).toEqual({ status: 200 });
  await budget.end();
  await own.end();
});

test('pruning forgets only requests that stopped counting long ago', async () => {
  const credential = uniqueName('credential');
  const budget = budgetOf(credential, { requestsPerDay: 10 });
  await spend(budget, 2);
  await sql`UPDATE request_log SET counts_from = counts_from - interval '2 days'
             WHERE id = (SELECT min(id) FROM request_log WHERE credential = ${credential})`;
  await pruneRequestLog(sql, 86_400_000);
  expect(await sql`SELECT FROM request_log WHERE credential = ${credential}`).toHaveLength(1);
});
