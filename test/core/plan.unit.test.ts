import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decide, type Side } from '../../src/core/decide.js';
import {
  addDecision,
  addDoubts,
  closeTotals,
  emptyTotals,
  finishAt,
  lowerBound,
  planCost,
  type PlanTotals,
  type SystemPace,
} from '../../src/core/plan.js';
import type { FieldHashes, SystemName } from '../../src/core/record.js';
import { checkProperty } from '../helpers/property.js';

const there = (hashes: FieldHashes): Side => ({ hashes, times: {} });
const fields = ['a', 'b'].map((name) => ({ name, type: 'text', rule: 'ask', direction: 'both' }) as const);
const decideOn = (base: FieldHashes | null, yapla: Side, yoplanning: Side) =>
  decide({ base, yapla, yoplanning, fields });
const known = { isNewLink: false, lacksReference: [] as readonly SystemName[] };

describe('totals', () => {
  test('count a person changed in both systems once, and both of the records', () => {
    const decision = decideOn({ a: 's', b: 's' }, there({ a: 'x', b: 's' }), there({ a: 's', b: 'y' }));
    expect(addDecision(emptyTotals(), decision, known)).toMatchObject({
      items: { write: 1 },
      changedPeople: 1,
      changes: { yapla: 1, yoplanning: 1 },
    });
  });

  test('count a conflict that comes with a write under conflict, and its request all the same', () => {
    const decision = decideOn({ a: 's', b: 's' }, there({ a: 'x', b: 'x' }), there({ a: 'y', b: 's' }));
    expect(addDecision(emptyTotals(), decision, known)).toMatchObject({
      items: { conflict: 1, write: 0 },
      changedPeople: 1,
      changes: { yapla: 0, yoplanning: 1 },
    });
  });

  test('count two records that are one person and agree as a link that changes nothing', () => {
    const decision = decideOn(null, there({ a: 'x' }), there({ a: 'x' }));
    const totals = addDecision(emptyTotals(), decision, { isNewLink: true, lacksReference: ['yoplanning'] });
    expect(totals).toMatchObject({
      items: { link: 1, adopt: 0 },
      newLinks: 1,
    });
    expect(closeTotals(totals, { linked: 1, references: { yapla: 0, yoplanning: 1 } })).toMatchObject({
      unchanged: 0,
      references: { yapla: 0, yoplanning: 1 },
    });
    expect(totals.changes).toEqual({ yapla: 0, yoplanning: 0 });
  });

  test('leave out a reference that travels with a write or a creation', () => {
    const about = { isNewLink: true, lacksReference: ['yoplanning'] as const };
    const written = decideOn(null, there({ a: 'x' }), there({ a: '' }));
    const created = decideOn(null, there({ a: 'x' }), 'absent');
    const totals = [written, created].reduce((sum, decision) => addDecision(sum, decision, about), emptyTotals());
    expect(totals).toMatchObject({ changes: { yoplanning: 1 }, creations: { yoplanning: 1 } });
    const closed = closeTotals(totals, { linked: 3, references: { yapla: 0, yoplanning: 2 } });
    expect(closed.references).toEqual({ yapla: 0, yoplanning: 1 });
  });

  test('count what is in sync as unchanged, what is gone as a removal, and doubts apart', () => {
    const inSync = decideOn({ a: 's' }, there({ a: 's' }), there({ a: 's' }));
    const gone = decideOn({ a: 's' }, there({ a: 's' }), 'gone');
    const totals = addDoubts(addDecision(addDecision(emptyTotals(), inSync, known), gone, known), 3);
    expect(closeTotals(totals, { linked: 2, references: { yapla: 0, yoplanning: 0 } })).toMatchObject({
      unchanged: 1,
      items: { remove: 1, doubt: 3 },
      removals: { yapla: 0, yoplanning: 1 },
    });
  });
});

const pace: SystemPace = {
  requestsPerSecond: 5,
  requestsPerDay: 1_000,
  secondWindowMs: 1_000,
  dayWindowMs: 86_400_000,
  liveShare: 0.2,
  roundTripMs: 0,
  canReadOne: true,
  collects: false,
  usedToday: 0,
};
/** Cost of so many creations in Yoplanning. */
const creating = (n: number, about: Partial<SystemPace> = {}) =>
  planCost(
    { ...emptyTotals(), creations: { yapla: 0, yoplanning: n } },
    { yapla: pace, yoplanning: { ...pace, ...about } },
  ).yoplanning;

describe('what a plan costs', () => {
  const totals: PlanTotals = {
    ...emptyTotals({ yapla: 10, yoplanning: 4 }),
    changes: { yapla: 30, yoplanning: 100 },
    creations: { yapla: 2, yoplanning: 50 },
    removals: { yapla: 1, yoplanning: 3 },
    references: { yapla: 0, yoplanning: 600 },
  };

  test('is two requests a change, one a creation and one a check of a removal; references apart', () => {
    const cost = planCost(totals, { yapla: pace, yoplanning: pace });
    expect(cost.yapla).toMatchObject({ requests: 63, references: 0 });
    expect(cost.yoplanning).toMatchObject({ requests: 253, references: 1_200 });
  });

  test('is one request a change where a record cannot be read, and none for a removal', () => {
    expect(planCost(totals, { yapla: { ...pace, canReadOne: false }, yoplanning: pace }).yapla.requests).toBe(32);
  });

  test('is no request for what waits for a file that a person imports, but for the check of a removal', () => {
    const filed = { ...totals, references: { yapla: 600, yoplanning: 0 } };
    const { yapla } = planCost(filed, { yapla: { ...pace, collects: true }, yoplanning: pace });
    expect(yapla).toMatchObject({ requests: 1, references: 0 });
  });

  test('has its lower bound in pages, creations and two requests a change', () => {
    expect(lowerBound(totals, 'yoplanning')).toBe(4 + 50 + 200);
  });

  test('is nothing, and over at once, where nothing needs a request', () => {
    expect(creating(0)).toEqual({ requests: 0, references: 0, seconds: 0, days: 0 });
  });
});

describe('the time that a plan takes', () => {
  test('is set by the sliding second, an answer included', () => {
    expect(creating(100)).toMatchObject({ seconds: 20, days: 1 });
    expect(creating(100, { roundTripMs: 50 }).seconds).toBeCloseTo(21);
  });

  test('waits for the next day when the share of today is spent', () => {
    expect(creating(800)).toMatchObject({ seconds: 160, days: 1 });
    expect(creating(801)).toMatchObject({ seconds: 86_400 + 0.2, days: 2 });
    expect(creating(2_000)).toMatchObject({ seconds: 2 * 86_400 + 80, days: 3 });
  });

  test('counts what was used today already', () => {
    expect(creating(100, { usedToday: 750 })).toMatchObject({ seconds: 86_400 + 10, days: 2 });
    expect(creating(100, { usedToday: 1_000 })).toMatchObject({ seconds: 86_400 + 20, days: 1 });
  });

  test('knows no days without a daily limit, and no wait without any', () => {
    expect(creating(10_000, { requestsPerDay: null })).toMatchObject({ seconds: 2_000, days: 1 });
    expect(creating(10_000, { requestsPerDay: null, requestsPerSecond: null }).seconds).toBe(0);
  });

  test('of both systems runs side by side', () => {
    const both = { ...emptyTotals(), creations: { yapla: 100, yoplanning: 50 } };
    expect(finishAt(1_000, planCost(both, { yapla: pace, yoplanning: pace }))).toBe(21_000);
  });

  test('never gets shorter with more requests, and never beats the limits', async () => {
    const day = fc.integer({ min: 1, max: 300 });
    await checkProperty(
      fc.property(
        fc.nat(2_000),
        day,
        fc.integer({ min: 1, max: 20 }),
        fc.nat(300),
        fc.double({ min: 0, max: 0.9, noNaN: true }),
        (n, requestsPerDay, requestsPerSecond, usedToday, liveShare) => {
          const about = { requestsPerDay, requestsPerSecond, usedToday, liveShare };
          const cost = creating(n, about);
          expect(creating(n + 1, about).seconds).toBeGreaterThanOrEqual(cost.seconds);
          expect(cost.seconds).toBeGreaterThanOrEqual((n / requestsPerDay - 1) * 86_400);
          expect(cost.seconds).toBeGreaterThanOrEqual(Math.min(n, requestsPerDay * 0.1) / requestsPerSecond - 1);
        },
      ),
      { numRuns: 300 },
    );
  });
});
