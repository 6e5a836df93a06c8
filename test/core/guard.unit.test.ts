import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  addTo,
  allowedIn,
  blankedBy,
  checkGuard,
  countedOf,
  emptyTally,
  roomFor,
  tripOf,
  type GuardThresholds,
  type PeopleCounts,
  type Tally,
  type WriteAsk,
} from '../../src/core/guard.js';
import { emptyTotals, type PlanTotals } from '../../src/core/plan.js';
import { guardSchema } from '../../src/config/guard.js';

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

describe('a plan that clears values', () => {
  test('trips where it clears more than a day may, system by system', () => {
    const blanked = { yapla: 30, yoplanning: 31 };
    expect(check({ blanked })).toEqual([
      { code: 'tooManyBlanked', system: 'yoplanning', count: 31, of: 100, share: 0.31, maxShare: 0.3 },
    ]);
  });

  test('trips with what was cleared in the last day already, unless it clears nothing itself', () => {
    const before = { yapla: 31, yoplanning: 30 };
    const totals = { ...emptyTotals(), blanked: { yapla: 0, yoplanning: 1 } };
    expect(checkGuard(totals, people, thresholds, before)).toMatchObject([
      { code: 'tooManyBlanked', system: 'yoplanning', count: 31 },
    ]);
  });

  test('may clear a share of a large club', () => {
    const large = { linked: 10_000, known: { yapla: 10_000, yoplanning: 10_000 } };
    expect(check({ blanked: { yapla: 500, yoplanning: 0 } }, large)).toEqual([]);
    expect(check({ blanked: { yapla: 501, yoplanning: 0 } }, large)).toMatchObject([{ code: 'tooManyBlanked' }]);
  });

  test('clears what takes an empty value, not what it fills or creates', () => {
    const decision = { write: { yapla: ['city'], yoplanning: ['phone', 'email'] }, create: null };
    const hashes = { yapla: { phone: '', email: 'h1', city: 'h2' }, yoplanning: { phone: 'h3', email: '', city: '' } };
    expect(blankedBy(decision, hashes)).toEqual({ yapla: 1, yoplanning: 1 });
    expect(blankedBy({ ...decision, create: 'yoplanning' }, hashes)).toEqual({ yapla: 0, yoplanning: 0 });
  });
});

describe('the guard of live work', () => {
  const club = (n: number): PeopleCounts => ({ linked: n, known: { yapla: n, yoplanning: n } });
  const tally = (hour: number, day: number): Tally => ({ ...emptyTally, hour, day });

  test.each([
    ['40 edits on the Saturday of a club of 300', 'changed', 40, 300, false],
    ['20 values blanked within an hour', 'blanked', 20, 300, true],
    ['20 values blanked within an hour in a club of 10', 'blanked', 20, 10, true],
    ['an import of 150 new members into a club of 300', 'created', 150, 300, true],
    ['the same into a club of 3,000', 'created', 150, 3_000, false],
  ] as const)('with its defaults, of %s', (_, kind, n, people_, trips) => {
    const defaults = guardSchema.parse({});
    expect(tripOf(kind, 'yoplanning', tally(n, n), club(people_), defaults) !== null).toBe(trips);
  });

  test('says by which window, how many and of how many', () => {
    expect(tripOf('changed', 'yapla', tally(50, 101), club(300), thresholds)).toEqual({
      kind: 'changed',
      system: 'yapla',
      window: 'day',
      count: 101,
      allowed: 100,
      of: 300,
    });
    expect(tripOf('changed', 'yapla', tally(50, 100), club(300), thresholds)).toBeNull();
  });

  test('takes no share of fewer people than its minimum, and numbers all the same', () => {
    const shares = { ...thresholds, changed: { ...thresholds.changed, maxSharePerHour: 1 }, minPeople: 100 };
    expect(allowedIn('changed', 'hour', 'yapla', club(99), shares)).toBe(50);
    expect(allowedIn('changed', 'hour', 'yapla', club(100), shares)).toBe(100);
  });

  test('counts a value once in a window, and once more when it is known from the day only', () => {
    const known = { hour: 1, day: 2, known: { a: true, b: false } };
    expect(addTo(known, 'a')).toMatchObject({ hour: 1, day: 2 });
    expect(addTo(known, 'b')).toMatchObject({ hour: 2, day: 2 });
    expect(addTo(known, 'c')).toMatchObject({ hour: 2, day: 3 });
  });

  test('counts a write as a changed record and each value that it clears; a creation as one', () => {
    const ask: WriteAsk = {
      linkId: 'yapla:1',
      system: 'yoplanning',
      creates: false,
      fields: [
        { field: 'phone', blanks: true },
        { field: 'city', blanks: false },
      ],
    };
    expect(countedOf(ask)).toEqual([
      { kind: 'blanked', key: 'yapla:1/phone', fields: ['phone'] },
      { kind: 'changed', key: 'yapla:1', fields: ['phone', 'city'] },
    ]);
    expect(countedOf({ ...ask, creates: true, fields: [] })).toEqual([
      { kind: 'created', key: 'yapla:1', fields: [''] },
    ]);
    expect(countedOf({ ...ask, fields: [] })).toEqual([]);
  });

  test('trips exactly when the room is used up', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('blanked' as const, 'changed' as const, 'created' as const),
        fc.nat(120),
        fc.nat(120),
        fc.nat(1_000),
        (kind, hour, more, people_) => {
          const before = tally(hour, hour + more);
          fc.pre(tripOf(kind, 'yapla', before, club(people_), thresholds) === null);
          const room = roomFor(kind, 'yapla', before, club(people_), thresholds);
          const after = Array.from({ length: room }, (_, n) => `new ${n}`).reduce(addTo, before);
          expect(tripOf(kind, 'yapla', after, club(people_), thresholds)).toBeNull();
          expect(tripOf(kind, 'yapla', addTo(after, 'one more'), club(people_), thresholds)).not.toBeNull();
        },
      ),
      { seed: 16, numRuns: 200 },
    );
  });
});
