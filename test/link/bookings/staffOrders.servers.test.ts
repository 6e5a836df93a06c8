/** Orders that staff enter under a registration's number. */
import { expect, test } from '@jest/globals';
import { bookingTest } from '../../helpers/bookingModel/bookingTest.js';

const { open } = bookingTest('staff orders test');

test('a second order under the number of a registration that has one is read once, and the first stays its order', async () => {
  const { world, workflows } = await open();
  world.yapla.register('r1', [{ member: 0 }]);
  await workflows.settle();
  const [ours] = world.yoplanning.active('r1');
  world.yoplanning.requests.splice(0);
  world.yoplanning.enter('r1', world.session, 'c1');
  await workflows.settle();
  expect(world.yoplanning.requests).toHaveLength(1);
  expect((await world.state('r1'))!.link.pair.ids.yoplanning).toBe(ours!.id);
});

test('an order that staff entered before the registration came is asked about, and no second one is sent', async () => {
  const { world, workflows } = await open();
  const theirs = world.yoplanning.enter('r1', world.session, 'c0');
  await workflows.settle();
  world.yapla.register('r1', [{ member: 0 }]);
  await workflows.settle();
  expect(world.yoplanning.active('r1').map(({ id }) => id)).toEqual([theirs]);
  expect(await world.caseKinds()).toEqual(['orderChanged']);
});
