import { expect, test } from '@jest/globals';
import { decidePlan, type PlanDecision } from '../../src/cli/decidePlan.js';
import { UsageError } from '../../src/cli/program.js';

interface Sync {
  plan: { number: number } | null;
  phase: string;
  approvedBy: string | null;
}

/** A bulk sync as it answers queries; `react` is what it makes of the signal. */
function deciding(
  verb: 'approve' | 'reject',
  sync: Partial<Sync>,
  react: (sync: Sync, by: string) => void = () => undefined,
) {
  const state: Sync = { plan: { number: 3 }, phase: 'waitingForApproval', approvedBy: null, ...sync };
  const signals: string[] = [];
  const handle = {
    query: () => Promise.resolve({ ...state }),
    signal: (signal: { name: string }, { by }: { by: string }) => {
      signals.push(signal.name);
      react(state, by);
      return Promise.resolve();
    },
  } as unknown as PlanDecision['handle'];
  const decide = (stored: 'rejected' | 'cancelled' = 'rejected') =>
    decidePlan({ handle, connectionId: 'club', plan: 3, verb, by: 'ann', storedStatus: () => Promise.resolve(stored) });
  return { decide, signals };
}

test('a plan that waits is approved, or rejected', async () => {
  const approval = deciding('approve', {}, (sync, by) => (sync.approvedBy = by));
  expect(await approval.decide()).toBe('Plan 3: approved by ann.');
  const rejection = deciding('reject', {});
  expect(await rejection.decide()).toBe('Plan 3: rejected by ann.');
  expect([...approval.signals, ...rejection.signals]).toEqual(['approve', 'reject']);
});

test('a plan that was decided the same way before is left as it is, and who decided is named', async () => {
  const approved = deciding('approve', { approvedBy: 'bob', phase: 'applying' });
  expect(await approved.decide()).toContain('approved before, by bob');
  const rejected = deciding('reject', { phase: 'ended' });
  expect(await rejected.decide()).toContain('rejected before');
  expect([...approved.signals, ...rejected.signals]).toEqual([]);
});

test('a plan that was decided the other way is not said to be decided now', async () => {
  const refusals = [
    await deciding('reject', { approvedBy: 'bob', phase: 'applying' }).decide().catch(String),
    await deciding('approve', { phase: 'ended' }).decide('rejected').catch(String),
    await deciding('approve', { phase: 'ended' }).decide('cancelled').catch(String),
    await deciding('reject', { phase: 'ended' }).decide('cancelled').catch(String),
  ];
  expect(refusals).toEqual([
    expect.stringContaining('plan 3 was approved by bob and is not rejected any more'),
    expect.stringContaining('plan 3 was rejected and is not approved any more'),
    expect.stringContaining('plan 3 was cancelled and is not approved any more'),
    expect.stringContaining('plan 3 was cancelled and is not rejected any more'),
  ]);
});

test('whoever comes second at the same moment learns that somebody was quicker', async () => {
  const bobFirst = (sync: Sync) => (sync.approvedBy = 'bob');
  expect(await deciding('approve', {}, bobFirst).decide()).toContain('approved before, by bob');
  await expect(deciding('reject', {}, bobFirst).decide()).rejects.toThrow('approved by bob');
  await expect(deciding('approve', {}).decide()).rejects.toThrow('was rejected');
});

test('another plan than the one that waits is refused before anything is sent', async () => {
  for (const plan of [null, { number: 4 }]) {
    const { decide, signals } = deciding('approve', { plan });
    await expect(decide()).rejects.toBeInstanceOf(UsageError);
    expect(signals).toEqual([]);
  }
});
