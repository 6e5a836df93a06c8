import { describe, expect, test } from '@jest/globals';
import { checkGuard, type GuardThresholds } from '../../src/core/guard.js';
import { emptyTotals, type PlanTotals } from '../../src/core/plan.js';

const thresholds: GuardThresholds = {
  maxChangedShare: 0.2,
  maxCreatedShare: 0.5,
  maxRemovedShare: 0.02,
  minPeople: 20,
  blanked: { maxPerHour: 15, maxPerDay: 30, maxSharePerHour: 0.02, maxSharePerDay: 0.05 },
  changed: { maxPerHour: 50, maxPerDay: 100, maxSharePerHour: 0.1, maxSharePerDay: 0.2 },
  created: { maxPerHour: 50, maxPerDay: 100, maxSharePerHour: 0.1, maxSharePerDay: 0.2 },
};
const people = { linked: 100, known: { yapla: 100, yoplanning: 100 } };
const check = (totals: Partial<PlanTotals>, counts = people) =>
  checkGuard({ ...emptyTotals(), ...totals }, counts, thresholds);

describe('the guard', () => {
  test('lets a plan pass that reaches its thresholds and does not exceed them', () => {
    const totals = {
      changedPeople: 20,
      creations: { yapla: 50, yoplanning: 50 },
      removals: { yapla: 2, yoplanning: 2 },
    };
    expect(check(totals)).toEqual([]);
  });

  test('trips on too many changes, as a share of the linked people', () => {
    expect(check({ changedPeople: 21 })).toEqual([
      { code: 'tooManyChanged', system: null, count: 21, of: 100, share: 0.21, maxShare: 0.2 },
    ]);
  });

  test('trips on too many creations and removals, system by system', () => {
    const totals = { creations: { yapla: 51, yoplanning: 0 }, removals: { yapla: 0, yoplanning: 3 } };
    expect(check(totals)).toEqual([
      { code: 'tooManyCreated', system: 'yapla', count: 51, of: 100, share: 0.51, maxShare: 0.5 },
      { code: 'tooManyRemoved', system: 'yoplanning', count: 3, of: 100, share: 0.03, maxShare: 0.02 },
    ]);
  });

  test('says nothing about fewer people than its minimum', () => {
    const few = { linked: 19, known: { yapla: 19, yoplanning: 20 } };
    const totals = {
      changedPeople: 19,
      creations: { yapla: 19, yoplanning: 0 },
      removals: { yapla: 19, yoplanning: 1 },
    };
    expect(check(totals, few)).toEqual([expect.objectContaining({ code: 'tooManyRemoved', system: 'yoplanning' })]);
  });

  test('lets an empty system be filled, whatever the minimum', () => {
    const totals = { ...emptyTotals(), creations: { yapla: 0, yoplanning: 400 } };
    const empty = { linked: 0, known: { yapla: 400, yoplanning: 0 } };
    expect(checkGuard(totals, empty, { ...thresholds, minPeople: 0 })).toEqual([]);
  });
});
