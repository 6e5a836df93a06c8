import { personsOf } from '../../src/core/record.js';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { guardSchema } from '../../src/config/guard.js';
import type { WriteAsk } from '../../src/core/guard.js';
import { listOpenCases } from '../../src/store/cases.js';
import type { Sql } from '../../src/store/database.js';
import { heldByGuard, releaseHold } from '../../src/store/guard.js';
import { recordIntended } from '../../src/store/journal.js';
import { LiveGuard } from '../../src/link/guard.js';
import { storeTest } from '../helpers/storeTest.js';

let sql: Sql;
let club: string;
storeTest('live guard test', (store) => ({ sql, club } = store));

const rate = { maxPerHour: 20, maxPerDay: 20, maxSharePerHour: 0, maxSharePerDay: 0 };
const open = { maxPerHour: 1_000, maxPerDay: 1_000 };
let guard: LiveGuard;
const newGuard = () =>
  new LiveGuard(sql, {
    scope: personsOf(club),
    config: { guard: guardSchema.parse({ blanked: rate, changed: open, created: rate }) },
  });
beforeEach(() => {
  guard = newGuard();
});

const blanking = (n: number): WriteAsk => ({
  linkId: `yapla:${n}`,
  system: 'yoplanning',
  creates: false,
  fields: [
    { field: 'phone', blanks: true },
    { field: 'city', blanks: false },
  ],
});

/** As a write's intent is recorded. */
const record = async ({ linkId, system, fields }: WriteAsk) =>
  await recordIntended(
    sql,
    personsOf(club),
    fields.map(({ field, blanks }) => ({
      linkId,
      system,
      externalId: 'x',
      field,
      oldValue: 'before',
      newValue: blanks ? null : 'after',
      origin: 'yapla' as const,
      reason: 'changedInYapla',
      writeId: `live/run/${linkId}/1`,
    })),
  );

const upTo = (n: number) => Array.from({ length: n }, (_, at) => at);

describe('the guard', () => {
  test('lets as many pass as are allowed, however many ask at once, and holds the field only', async () => {
    const verdicts = await Promise.all(upTo(200).map((n) => guard.ask(blanking(n))));
    expect(verdicts.filter(({ held }) => held.length === 0)).toHaveLength(20);
    expect(new Set(verdicts.flatMap(({ held }) => held))).toEqual(new Set(['phone']));
    expect(verdicts.filter(({ opened }) => opened)).toHaveLength(1);
    expect(await listOpenCases(sql, personsOf(club))).toMatchObject([
      { kind: 'massChange', field: 'blanked/yoplanning' },
    ]);
    expect(
      await heldByGuard(
        sql,
        personsOf(club),
        upTo(200).map((n) => `yapla:${n}`),
      ),
    ).toHaveLength(180);
  });

  test('lets as many pass one after the other, each recorded and ended before the next asks', async () => {
    let passed = 0;
    for (const n of upTo(30)) {
      const { held } = await guard.ask(blanking(n));
      if (held.length === 0) passed += 1;
      await record(blanking(n));
      guard.end(`yapla:${n}`);
      if (held.length > 0) break;
    }
    expect(passed).toBe(20);
  });

  test('finds what another process recorded, and what it holds', async () => {
    for (const n of upTo(20)) await record(blanking(n));
    expect(await guard.ask(blanking(20))).toEqual({ held: ['phone'], opened: true });
    expect(await newGuard().ask(blanking(21))).toEqual({ held: ['phone'], opened: false });
  });

  test('does not count again what is written again', async () => {
    for (const n of upTo(20)) await record(blanking(n));
    expect(await guard.ask(blanking(3))).toEqual({ held: [], opened: false });
  });

  test('forgets what was let through and never sent', async () => {
    await Promise.all(upTo(20).map((n) => guard.ask(blanking(n))));
    for (const n of upTo(20)) guard.end(`yapla:${n}`);
    expect(await guard.ask(blanking(20))).toEqual({ held: [], opened: false });
  });

  test('lets through what a person let go on, and counts others anew', async () => {
    await Promise.all(upTo(60).map((n) => guard.ask(blanking(n))));
    for (const n of upTo(20)) {
      await record(blanking(n));
      guard.end(`yapla:${n}`);
    }
    const [asked] = await listOpenCases(sql, personsOf(club));
    expect(await releaseHold(sql, asked!.id, { take: 'goOn' }, 'tester')).toBe(40);
    const released = await Promise.all(upTo(40).map((n) => guard.ask(blanking(n + 20))));
    expect(released.flatMap(({ held }) => held)).toEqual([]);
    const others = await Promise.all(upTo(25).map((n) => guard.ask(blanking(n + 100))));
    expect(others.filter(({ held }) => held.length === 0)).toHaveLength(20);
    expect(await listOpenCases(sql, personsOf(club))).toHaveLength(1);
  });

  test('goes on with everything else while it holds', async () => {
    await Promise.all(upTo(21).map((n) => guard.ask(blanking(n))));
    const edit: WriteAsk = { ...blanking(50), fields: [{ field: 'phone', blanks: false }] };
    expect(await guard.ask(edit)).toMatchObject({ held: [] });
    expect(await guard.ask({ ...blanking(51), system: 'yapla' })).toMatchObject({ held: [] });
    expect(await guard.ask({ ...blanking(52), creates: true, fields: [] })).toMatchObject({ held: [] });
  });
});
