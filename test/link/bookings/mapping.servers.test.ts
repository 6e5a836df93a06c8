/** An event of which parts are mapped, and others are not. */
import { expect, test } from '@jest/globals';
import { bookingTest } from '../../helpers/bookingModel/bookingTest.js';

const { open } = bookingTest('booking mapping test');

test('a part of an event that nobody has mapped stays a question when another part is mapped', async () => {
  const { world, workflows } = await open({}, { mapped: false });
  await world.map(world.session, { rate: 'member' });
  world.yapla.register('r1', [{ member: 0 }]);
  world.yapla.register('r2', [{ member: 1 }]);
  world.yapla.change('r2', { rate: 'Child' });
  await workflows.settle();
  expect(world.yoplanning.active('r1')).toHaveLength(1);
  expect(world.yoplanning.active('r2')).toEqual([]);
  world.yapla.change('r1', { participants: [{ member: 2 }] });
  await workflows.settle();
  expect(await world.caseKinds()).toContain('eventNotMapped');
  world.yapla.change('r2', { status: 'cancelled' });
  await workflows.settle();
  expect(await world.caseKinds()).not.toContain('eventNotMapped');
});
