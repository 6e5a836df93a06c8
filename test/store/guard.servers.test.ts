import type { Scope } from '../../src/core/record.js';
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Json } from '../../src/core/document.js';
import type { LiveTrip } from '../../src/core/guard.js';
import { emptyTotals } from '../../src/core/plan.js';
import { massChangeCase } from '../../src/cases/massChange.js';
import {
  CaseClosed,
  countInQuestion,
  findCase,
  listOpenCases,
  openCases,
  UnfitAnswer,
  UnknownCase,
} from '../../src/store/cases.js';
import type { Sql } from '../../src/store/database.js';
import {
  countWrites,
  heldByGuard,
  heldNames,
  type Hold,
  holdWrites,
  releasedWrites,
  releaseHold,
  sizeOfHold,
} from '../../src/store/guard.js';
import { type JournalEntry, recordIntended, recordOutcomes } from '../../src/store/journal.js';
import { approvePlan, draftPlan, endPlan, readyPlan } from '../../src/store/plans.js';
import { storeTest } from '../helpers/storeTest.js';

let sql: Sql;
let club: string;
let scope: Scope;
storeTest('guard test', (store) => ({ sql, club, scope } = store));

let writes = 0;
beforeEach(() => {
  writes = 0;
});

/** A write of one field, as it stands in the journal before it is sent. @returns its name */
async function intend(linkId: string, more: Partial<JournalEntry> = {}): Promise<string> {
  const writeId = more.writeId ?? `live/run/${++writes}`;
  await recordIntended(sql, scope, [
    {
      linkId,
      system: 'yoplanning',
      externalId: 'x',
      field: 'phone',
      oldValue: '+33 2 98 00 00 01',
      newValue: null,
      origin: 'yapla',
      reason: 'changedInYapla',
      ...more,
      writeId,
    },
  ]);
  return writeId;
}

const counts = async (asked: readonly string[] = []) => Object.fromEntries(await countWrites(sql, scope, [], asked));

const trip: LiveTrip = { kind: 'blanked', system: 'yoplanning', window: 'hour', count: 4, allowed: 3, of: 12 };

const hold = (linkId: string, field = 'phone'): Hold => ({
  name: 'blanked/yoplanning',
  linkId,
  system: 'yoplanning',
  field,
});

/** Opens the case that holds these. */
async function held(...holds: readonly Hold[]): Promise<number> {
  await holdWrites(sql, scope, [massChangeCase(trip)], holds);
  return (await listOpenCases(sql, scope)).at(-1)!.id;
}

describe('the count of writes', () => {
  test('tells values that are cleared, records that change and records that are created apart, by system', async () => {
    await intend('yapla:1');
    await intend('yapla:1', { field: 'city', newValue: 'Brest' });
    await intend('yapla:2', { system: 'yapla' });
    await intend('yapla:3', { field: 'city', oldValue: null, newValue: 'Brest', writeId: 'live/run/a/create' });
    await intend('yapla:3', {
      field: 'email',
      oldValue: null,
      newValue: 'a@example.org',
      writeId: 'live/run/a/create',
    });
    expect(await counts()).toEqual({
      'blanked/yoplanning': { hour: 1, day: 1, known: {} },
      'changed/yoplanning': { hour: 1, day: 1, known: {} },
      'blanked/yapla': { hour: 1, day: 1, known: {} },
      'changed/yapla': { hour: 1, day: 1, known: {} },
      'created/yoplanning': { hour: 1, day: 1, known: {} },
    });
  });

  test.each([[null], [''], [[]], [{}]] as readonly [Json][])('takes %j for empty already', async (oldValue) => {
    await intend('yapla:1', { oldValue });
    expect(await counts()).toEqual({ 'changed/yoplanning': { hour: 1, day: 1, known: {} } });
  });

  test('counts a value once, however often it was written, and what waits to be recorded with it', async () => {
    await intend('yapla:1');
    await intend('yapla:1');
    const pending = ['yapla:1/phone', 'yapla:2/phone'].map((key) => ({
      kind: 'blanked' as const,
      system: 'yoplanning' as const,
      key,
    }));
    const found = await countWrites(sql, scope, pending, ['yapla:2/phone', 'yapla:3/phone']);
    expect(found.get('blanked/yoplanning')).toEqual({ hour: 2, day: 2, known: { 'yapla:2/phone': true } });
  });

  test('looks back an hour and a day, and leaves out what was not sent after all', async () => {
    await intend('yapla:1', { writeId: 'live/old' });
    await intend('yapla:2', { writeId: 'live/older' });
    await sql`update journal set at = now() - interval '61 minutes' where write_id = 'live/old' and connection_id = ${club}`;
    await sql`update journal set at = now() - interval '25 hours' where write_id = 'live/older' and connection_id = ${club}`;
    const writeId = await intend('yapla:3');
    await recordOutcomes(sql, scope, [
      { linkId: 'yapla:3', writeId, system: 'yoplanning', outcome: 'abandoned', requestId: null },
    ]);
    expect(await counts(['yapla:1/phone'])).toMatchObject({
      'blanked/yoplanning': { hour: 0, day: 1, known: { 'yapla:1/phone': false } },
    });
  });

  test('takes in what a plan writes that a rule approved, until it is long over, and not what a person approved', async () => {
    const totals = {
      ...emptyTotals(),
      changes: { yapla: 2, yoplanning: 5 },
      blanked: { yapla: 0, yoplanning: 3 },
      creations: { yapla: 0, yoplanning: 7 },
    };
    const ids: number[] = [];
    for (const by of ['rule: autoApprove', 'somebody']) {
      const { id } = await draftPlan(sql, scope, `run ${by}`);
      await readyPlan(sql, id, { totals, cost: {}, guard: [] });
      await approvePlan(sql, scope, id, by);
      // Its entries in the journal are not counted on top.
      await intend('yapla:1', { writeId: `plan/${id}/1/1/fingerprint` });
      ids.push(id);
    }
    await intend('yapla:2');
    const during = {
      'blanked/yoplanning': { hour: 4, day: 4, known: {} },
      'changed/yapla': { hour: 2, day: 2, known: {} },
      'changed/yoplanning': { hour: 6, day: 6, known: {} },
      'created/yoplanning': { hour: 7, day: 7, known: {} },
    };
    expect(await counts()).toEqual(during);
    for (const id of ids) await endPlan(sql, id, 'applied');
    expect(await counts()).toEqual(during);
    await sql`update plan set ended_at = now() - interval '2 hours' where connection_id = ${club}`;
    expect(await counts()).toMatchObject({ 'blanked/yoplanning': { hour: 1, day: 4 } });
    await sql`update plan set ended_at = now() - interval '25 hours' where connection_id = ${club}`;
    expect(await counts()).toMatchObject({ 'blanked/yoplanning': { hour: 1, day: 1 } });
  });

  test('begins anew with an answer, of its kind and system only, and does not take in what was let through', async () => {
    await intend('yapla:1');
    const caseId = await held(hold('yapla:2'));
    await releaseHold(sql, caseId, { take: 'goOn' }, 'tester');
    await intend('yapla:2');
    await intend('yapla:3');
    expect(await counts()).toMatchObject({
      'blanked/yoplanning': { hour: 1, day: 1 },
      'changed/yoplanning': { hour: 2, day: 2 },
    });
  });
});

describe('a case of the guard', () => {
  test('is one for all that it holds, and puts it in question', async () => {
    const caseId = await held(hold('yapla:1'), hold('yapla:2'));
    await holdWrites(sql, scope, [], [hold('yapla:3'), hold('yapla:3', 'email'), hold('yapla:4', '')]);
    expect(await listOpenCases(sql, scope)).toMatchObject([
      { id: caseId, kind: 'massChange', field: 'blanked/yoplanning' },
    ]);
    expect(await heldNames(sql, scope)).toEqual(new Set(['blanked/yoplanning']));
    expect(await sizeOfHold(sql, caseId)).toEqual({ links: 4, fields: 5 });
    const asked = await heldByGuard(sql, scope, ['yapla:1', 'yapla:3', 'yapla:4', 'yapla:5']);
    expect(asked.map(({ linkId, field }) => `${linkId}/${field}`).sort()).toEqual([
      'yapla:1/phone',
      'yapla:3/email',
      'yapla:3/phone',
      'yapla:4/',
    ]);
    expect(await countInQuestion(sql, scope, [])).toBe(4);
  });

  test('lets go of everything with the answer, tells each link once, and says who answered', async () => {
    const caseId = await held(hold('yapla:1'), hold('yapla:1', 'email'), hold('yapla:2'));
    expect(await releaseHold(sql, caseId, { take: 'close', why: 'mended' }, 'tester')).toBe(2);
    expect(await heldByGuard(sql, scope, ['yapla:1', 'yapla:2'])).toEqual([]);
    expect(await countInQuestion(sql, scope, [])).toBe(0);
    expect(await releasedWrites(sql, scope, [{ linkId: 'yapla:1' }])).toEqual(
      new Set(['yapla:1/yoplanning/phone', 'yapla:1/yoplanning/email']),
    );
    expect(await sql`select link_id from link_signal where connection_id = ${club} order by link_id`).toMatchObject([
      { link_id: 'yapla:1' },
      { link_id: 'yapla:2' },
    ]);
    expect(await findCase(sql, caseId)).toMatchObject({
      answer: { take: 'close', why: 'mended' },
      closedBy: 'tester',
    });
  });

  test('holds what is asked for again after the answer under a new case', async () => {
    const first = await held(hold('yapla:1'));
    await releaseHold(sql, first, { take: 'goOn' }, 'tester');
    const second = await held(hold('yapla:1'));
    expect(second).not.toBe(first);
    expect(await heldByGuard(sql, scope, ['yapla:1'])).toMatchObject([{ field: 'phone' }]);
    expect(await releasedWrites(sql, scope, [{ linkId: 'yapla:1' }])).toEqual(new Set());
  });

  test('is answered once; other cases are not answered so', async () => {
    const caseId = await held(hold('yapla:1'));
    await releaseHold(sql, caseId, { take: 'goOn' }, 'tester');
    await expect(releaseHold(sql, caseId, { take: 'goOn' }, 'tester')).rejects.toBeInstanceOf(CaseClosed);
    await openCases(sql, scope, null, [{ kind: 'guard', subject: 'plan/7', details: {} }]);
    const [ofPlan] = await listOpenCases(sql, scope);
    await expect(releaseHold(sql, ofPlan!.id, { take: 'goOn' }, 'tester')).rejects.toBeInstanceOf(UnfitAnswer);
    await expect(releaseHold(sql, 999_999, { take: 'goOn' }, 'tester')).rejects.toBeInstanceOf(UnknownCase);
  });
});
