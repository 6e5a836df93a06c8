/** An order that was sent, and of which nobody knows what became. */
import { describe, expect, test } from '@jest/globals';
import { nextBookingStep } from '../../../src/core/events/bookings.js';
import { applyBooking } from '../../../src/link/bookings/carryOut.js';
import { readRegistration } from '../../../src/link/bookings/read.js';
import { bookingTest } from '../../helpers/bookingModel/bookingTest.js';
import { plainSetting, unstopped } from '../../helpers/bookingModel/world.js';

const { open } = bookingTest('lost answers test');

describe('an order whose answer is lost', () => {
  test.each(['failsAfter', 'resetAfter', 'unreadable', 'failsBefore'] as const)(
    '(%s) is there once',
    async (mishap) => {
      const { world, workflows } = await open();
      world.yoplanning.mishaps.push(mishap);
      world.yapla.register('r1', [{ member: 0 }]);
      await workflows.settle();
      expect(world.yoplanning.active('r1')).toHaveLength(1);
      expect(await world.caseKinds()).toEqual([]);
    },
  );

  test.each([
    ['and Yoplanning tells of it', true],
    ['and Yoplanning tells nothing', false],
  ])('and that staff cancel before it is found, %s, is asked about, and not sent again', async (_, told) => {
    const { world, workflows, answer } = await open();
    const { yoplanning } = world;
    const tell = yoplanning.tells;
    yoplanning.tells = (event, id) => {
      if (told) tell(event, id);
      if (event === 'created') yoplanning.cancel(id);
    };
    yoplanning.mishaps.push('failsAfter');
    world.yapla.register('r1', [{ member: 0 }]);
    await workflows.settle();
    expect(yoplanning.orders.size).toBe(1);
    expect(await world.caseKinds()).toEqual(['orderCancelled']);
    yoplanning.tells = tell;
    await answer('orderCancelled', 'carryOut');
    expect(yoplanning.orders.size).toBe(2);
    expect(yoplanning.active('r1')).toHaveLength(1);
    expect(await world.caseKinds()).toEqual([]);
  });

  test('and that was booked again after a cancelled one is found, and the cancelled one does not pass for it', async () => {
    const { world, workflows, answer } = await open();
    const { yoplanning } = world;
    world.yapla.register('r1', [{ member: 0 }]);
    await workflows.settle();
    for (const mishap of ['failsBefore', 'failsAfter'] as const) {
      yoplanning.cancel(yoplanning.active('r1')[0]!.id);
      await workflows.settle();
      yoplanning.mishaps.push(mishap);
      await answer('orderCancelled', 'carryOut');
      expect(yoplanning.active('r1')).toHaveLength(1);
      expect(await world.caseKinds()).toEqual([]);
    }
    expect(yoplanning.orders.size).toBe(3);
  });

  test('and that nobody wants any more is looked for; where that was recorded, and its result was lost, it is decided again', async () => {
    const { world, workflows } = await open();
    world.yoplanning.mishaps.push('failsBefore');
    world.yapla.register('r1', [{ member: 0 }]);
    for (const delivery of world.underWay.splice(0)) await world.receive(delivery);
    await workflows.forward({ again: true });
    while (world.yoplanning.mishaps.length > 0) await workflows.step(workflows.of('yapla:r1'));
    await workflows.of('yapla:r1').crash('kill');
    world.yapla.change('r1', { status: 'cancelled' });
    for (const delivery of world.underWay.splice(0)) await world.receive(delivery);
    await workflows.forward({ again: true });

    const link = { ...world.workerFor(unstopped), linkId: 'yapla:r1' };
    const { view } = await readRegistration({ ...link, lane: 'live' });
    const step = nextBookingStep(view);
    expect(step).toMatchObject({ decision: { kind: 'find' } });
    const { decision } = step as Extract<typeof step, { do: 'apply' }>;
    const applying = { ...link, decision, version: view.version, writeId: 'find' };
    expect(await applyBooking(applying)).toMatchObject({ outcome: 'done', view: { awaiting: false } });
    expect(await applyBooking(applying)).toMatchObject({ outcome: 'stale', view: { awaiting: false } });
  });

  test('and that cannot be found for certain is asked about, and not looked for without end', async () => {
    const { world, workflows } = await open({ manners: { ...plainSetting.manners, filters: false, ordering: false } });
    for (let n = 0; n < 40; n++) world.yoplanning.enter(null, world.otherSession, 'c3');
    world.underWay.splice(0);
    world.yoplanning.mishaps.push('failsBefore');
    world.yapla.register('r1', [{ member: 0 }]);
    await workflows.settle();
    expect(world.yoplanning.active('r1')).toEqual([]);
    expect(world.yoplanning.requests.length).toBeLessThan(30);
    expect(await world.caseKinds()).toEqual(['orderUncertain']);
  });
});
