import { describe, expect, test } from '@jest/globals';
import { limitsSchema } from '../../src/config/limits.js';
import { Allowance, AllowanceSpent, MemoryBudget, limitedBudget } from '../../src/doctor/allowance.js';
import { PermitsStopped } from '../../src/store/budget.js';

const ask = { lane: 'review', purpose: 'test' } as const;
const answer = { status: 200, access: 'read', method: 'GET', kind: '' };
const schema = limitsSchema({ requestsPerSecond: 2, requestsPerDay: null, why: '' });
const limits = (input: Parameters<typeof schema.parse>[0]) => schema.parse(input);

describe('the allowance', () => {
  test('is shared by both systems, and refuses what goes beyond it before the budget is asked', async () => {
    const allowance = new Allowance(3);
    const inner = new MemoryBudget(limits({ requestsPerSecond: null }), 1_000);
    const [one, other] = [limitedBudget(inner, allowance), limitedBudget(inner, allowance)];
    await one.take(2, ask);
    await other.take(1, ask);
    await expect(one.take(1, ask)).rejects.toThrow(AllowanceSpent);
    expect(allowance.used).toBe(3);
    expect((await inner.state()).day.used).toBe(3);
  });

  test('gets back what was not sent, and what the budget did not give', async () => {
    const allowance = new Allowance(1);
    const inner = new MemoryBudget(limits({}), 1_000);
    const budget = limitedBudget(inner, allowance);
    const [permit] = await budget.take(1, ask);
    budget.release(permit!);
    expect(allowance.used).toBe(0);
    inner.take = () => Promise.reject(new PermitsStopped('401'));
    await expect(budget.take(1, ask)).rejects.toThrow(PermitsStopped);
    expect(allowance.used).toBe(0);
  });

  test('leaves the connection running when the examined account refuses the credential', async () => {
    const inner = new MemoryBudget(limits({}), 1_000);
    let stops = 0;
    inner.stop = () => Promise.resolve(void (stops += 1));
    await limitedBudget(inner, new Allowance(1)).stop('401');
    expect(stops).toBe(0);
  });
});

describe('a budget in memory', () => {
  test('counts a request until its answer and the window after it', async () => {
    const budget = new MemoryBudget(limits({ requestsPerSecond: 2, secondWindowMs: 80 }), 1_000);
    const [first, second] = await budget.take(2, ask);
    let given = false;
    const third = budget.take(1, ask).then(() => (given = true));
    budget.answered(first!, answer);
    const answeredAt = Date.now();
    budget.answered(second!, answer);
    await third;
    expect(given).toBe(true);
    expect(Date.now() - answeredAt).toBeGreaterThanOrEqual(79);
  });

  test('does not wait for what was never sent', async () => {
    const budget = new MemoryBudget(limits({ requestsPerSecond: 1, secondWindowMs: 60_000 }), 1_000);
    const [permit] = await budget.take(1, ask);
    budget.release(permit!);
    await expect(budget.take(1, ask)).resolves.toHaveLength(1);
  });

  test('ends its waiting when it is told to', async () => {
    const budget = new MemoryBudget(limits({ requestsPerSecond: 1, secondWindowMs: 60_000 }), 1_000);
    await budget.take(1, ask);
    const controller = new AbortController();
    const waiting = budget.take(1, { ...ask, signal: controller.signal });
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
  });

  test('refuses more at once than could ever fit', async () => {
    const budget = new MemoryBudget(limits({ requestsPerSecond: 2 }), 1_000);
    await expect(budget.take(3, ask)).rejects.toThrow(RangeError);
  });
});
