/** Orders that staff enter under a registration's number. */
import { expect, test } from '@jest/globals';
import { closeCase } from '../../../src/cases/answers.js';
import { bookingTest } from '../../helpers/bookingModel/bookingTest.js';

const { open } = bookingTest('staff orders test');

test('a second order under the number of a registration that has one is asked about and read once, and the first stays its order', async () => {
  const { world, workflows } = await open();
  world.yapla.register('r1', [{ member: 0 }]);
  await workflows.settle();
  const [ours] = world.yoplanning.active('r1');
  world.yoplanning.requests.splice(0);
  world.yoplanning.enter('r1', world.session, 'c1');
  await workflows.settle();
  expect(world.yoplanning.requests).toHaveLength(1);
  expect(await world.caseKinds()).toEqual(['secondOrder']);
  expect((await world.state('r1'))!.link.pair.ids.yoplanning).toBe(ours!.id);
});

test.each(['cancel', 'remove'] as const)('a second order is no question any more after staff %s it', async (what) => {
  const { world, workflows } = await open();
  world.yapla.register('r1', [{ member: 0 }]);
  await workflows.settle();
  const second = world.yoplanning.enter('r1', world.session, 'c1');
  await workflows.settle();
  world.yoplanning[what](second);
  await workflows.settle();
  expect(await world.caseKinds()).toEqual([]);
  expect(world.yoplanning.active('r1')).toHaveLength(1);
});

test('a second order that a person leaves is not asked about again, and a third one is', async () => {
  const { world, workflows } = await open();
  world.yapla.register('r1', [{ member: 0 }]);
  await workflows.settle();
  const second = world.yoplanning.enter('r1', world.session, 'c1');
  await workflows.settle();
  const [question] = await world.cases();
  await closeCase(world.sql, question!.id, 'tester', 'both are meant');
  world.yoplanning.reprice(second, '2.00');
  world.yapla.change('r1', {});
  await workflows.settle();
  expect(await world.caseKinds()).toEqual([]);
  const third = world.yoplanning.enter('r1', world.session, 'c2');
  await workflows.settle();
  expect((await world.cases()).map(({ kind, subject }) => [kind, subject])).toEqual([
    ['secondOrder', `yoplanning:${third}`],
  ]);
});

test('of two orders that staff entered before the registration came, one is asked about as its order, and one as a second', async () => {
  const { world, workflows } = await open();
  world.yoplanning.enter('r1', world.session, 'c0');
  world.yoplanning.enter('r1', world.session, 'c1');
  await workflows.settle();
  world.yapla.register('r1', [{ member: 0 }]);
  await workflows.settle();
  expect(await world.caseKinds()).toEqual(['orderChanged', 'secondOrder']);
  expect(world.yoplanning.writes).toEqual([]);
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
