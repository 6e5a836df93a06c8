/** An order that was sent, and of which nobody knows what became. */
import { describe, expect, test } from '@jest/globals';
import { bookingTest } from '../../helpers/bookingModel/bookingTest.js';
import { plainSetting } from '../../helpers/bookingModel/world.js';

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
