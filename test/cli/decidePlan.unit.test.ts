import { expect, test } from '@jest/globals';
import { BulkSyncRefuses, NoBulkSync, NoWorkerAnswers } from '../../src/bulk.js';
import { decidePlan, type PlanDecision } from '../../src/cli/decidePlan.js';

/** @param answer of the workflow: nothing where it takes the decision */
function deciding(
  verb: 'approve' | 'reject',
  answer: Error | null,
  stored: Awaited<ReturnType<PlanDecision['stored']>> = null,
  note: number | null = 7,
) {
  const told: number[] = [];
  const ends: unknown[] = [];
  const decide = () =>
    decidePlan({
      connectionId: 'club',
      plan: 3,
      verb,
      by: 'ann',
      note: () => Promise.resolve(note),
      tell: (decision) => {
        told.push(decision);
        return answer === null ? Promise.resolve() : Promise.reject(answer);
      },
      ended: (...end) => {
        ends.push(end);
        return Promise.resolve();
      },
      stored: () => Promise.resolve(stored),
    });
  return { decide, told, ends };
}

test('a plan that waits is approved, or rejected; the workflow is told an id, and no name', async () => {
  const approval = deciding('approve', null);
  expect(await approval.decide()).toBe('Plan 3: approved by ann.');
  const rejection = deciding('reject', null);
  expect(await rejection.decide()).toBe('Plan 3: rejected by ann.');
  expect([...approval.told, ...rejection.told]).toEqual([7, 7]);
  expect(approval.ends).toEqual([[7, 'done']]);
});

test('a plan that does not exist is refused before anything is sent', async () => {
  const { decide, told } = deciding('approve', null, null, null);
  await expect(decide()).rejects.toEqual(new BulkSyncRefuses('noPlan', 'club has no plan 3'));
  expect(told).toEqual([]);
});

test('what the workflow refuses is said in its own words, and who was quicker is named', async () => {
  const refused = new BulkSyncRefuses('approved', 'plan 3 was approved before: nothing is left to decide');
  await expect(deciding('approve', refused, { status: 'approved', approvedBy: 'bob' }).decide()).rejects.toMatchObject({
    name: 'BulkSyncRefuses',
    code: 'approved',
    message: 'plan 3 was approved before: nothing is left to decide (approved by bob)',
  });
});

test.each([
  ['rejected', null, 'plan 3 was rejected, and is not approved any more'],
  ['cancelled', 'bob', 'plan 3 was cancelled (approved by bob), and is not approved any more'],
  [
    'expired',
    null,
    'plan 3 waited for longer than bulk.maxPlanAgeMs allows and has expired, and is not approved any more',
  ],
  ['superseded', null, 'plan 3 was superseded by a newer sync, and is not approved any more'],
  ['applied', 'bob', 'plan 3 was applied (approved by bob), and is not approved any more'],
  ['ready', null, 'plan 3 belongs to a sync that runs no more, and is not approved any more'],
] as const)('once its sync has ended, the store says how: %s', async (status, approvedBy, sentence) => {
  const { decide } = deciding('approve', new NoBulkSync('club'), { status, approvedBy });
  await expect(decide()).rejects.toThrow(`${sentence}: "passerelle sync club" makes a new one`);
});

test('that nobody answers is no refusal', async () => {
  await expect(deciding('reject', new NoWorkerAnswers('club')).decide()).rejects.toBeInstanceOf(NoWorkerAnswers);
});
