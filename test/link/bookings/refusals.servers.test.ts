/** What Yoplanning does not take of an order that is there: one question, and no request without end. */
import { describe, expect, test } from '@jest/globals';
import { bookingTest } from '../../helpers/bookingModel/bookingTest.js';

const { open } = bookingTest('booking refusals test');

describe('a cancellation that Yoplanning refuses', () => {
  const setting = { cancelBy: 'put', events: { cancel: 'put' } } as const;

  test('is sent once, and asked about; what is said then is carried out', async () => {
    const { world, workflows, answer } = await open(setting);
    world.yapla.register('r1', [{ member: 0 }]);
    await workflows.settle();
    world.yoplanning.mishaps.push('refused');
    world.yapla.change('r1', { status: 'cancelled' });
    await workflows.settle();
    expect(world.yoplanning.writes.filter((one) => one.startsWith('PUT'))).toHaveLength(1);
    expect(await world.caseKinds()).toEqual(['orderRefused']);
    await answer('orderRefused', 'carryOut');
    expect(world.yoplanning.active('r1')).toEqual([]);
    expect(await world.caseKinds()).toEqual([]);
  });

  test('stays refused where a person says so', async () => {
    const { world, workflows, answer } = await open(setting);
    world.yapla.register('r1', [{ member: 0 }]);
    await workflows.settle();
    world.yoplanning.mishaps.push('refused');
    world.yapla.change('r1', { status: 'cancelled' });
    await workflows.settle();
    await answer('orderRefused', 'keep');
    expect(world.yoplanning.active('r1')).toHaveLength(1);
    expect(await world.caseKinds()).toEqual([]);
    expect(workflows.of('yapla:r1').lastOutcome).toBe('agreed');
  });
});

test('a payment that Yoplanning refuses is sent once, and asked about', async () => {
  const { world, workflows, answer } = await open({ changeBy: 'put', events: { pay: 'put' } });
  world.yapla.register('r1', [{ member: 0 }]);
  await workflows.settle();
  world.yoplanning.mishaps.push('refused');
  world.yapla.change('r1', { paid: true });
  await workflows.settle();
  expect(world.yoplanning.writes.filter((one) => one.startsWith('PUT'))).toHaveLength(1);
  expect(await world.caseKinds()).toEqual(['orderRefused']);
  await answer('orderRefused', 'carryOut');
  expect(world.yoplanning.active('r1')[0]!.payments).toMatchObject([{ amount: '12.00' }]);
  expect(await world.caseKinds()).toEqual([]);
});
