/** Who is booked when the participants of a registration change: by who they are, never by their place in the list. */
import { expect, test } from '@jest/globals';
import { bookingTest } from '../../helpers/bookingModel/bookingTest.js';
import type { BookingWorld } from '../../helpers/bookingModel/world.js';

const { open } = bookingTest('booking participants test');
const puts = { changeBy: 'put', events: { change: 'put' } } as const;

const names = ({ yoplanning }: BookingWorld, reference: string) =>
  yoplanning
    .active(reference)
    .flatMap(({ items }) => items.map(({ client }) => yoplanning.clients.get(client) ?? client))
    .sort();

test('somebody who is no member and comes in the place of another is booked, and the other is not', async () => {
  const { world, workflows } = await open(puts);
  world.yapla.register('r1', [{ guest: 'Odile' }]);
  await workflows.settle();
  world.yapla.change('r1', { participants: [{ guest: 'Pierre' }] });
  await workflows.settle();
  expect(names(world, 'r1')).toEqual(['Pierre']);
});

test('participants who are no members and change places stay who they are', async () => {
  const { world, workflows } = await open(puts);
  world.yapla.register('r1', [{ guest: 'Odile' }, { guest: 'Pierre' }]);
  await workflows.settle();
  const [order] = world.yoplanning.active('r1');
  const before = structuredClone(order!.items);
  world.yapla.change('r1', { participants: [{ guest: 'Pierre' }, { guest: 'Odile' }] });
  await workflows.settle();
  world.yapla.change('r1', { participants: [{ guest: 'Pierre' }, { guest: 'Odile' }, { member: 0 }] });
  await workflows.settle();
  expect(names(world, 'r1')).toEqual(['Odile', 'Pierre', 'c0']);
  expect(world.yoplanning.active('r1')[0]!.items).toEqual(expect.arrayContaining(before));
});

test('somebody who leaves is not booked any more, and who stays keeps the client that the order made', async () => {
  const { world, workflows } = await open(puts);
  world.yapla.register('r1', [{ guest: 'Odile' }, { guest: 'Pierre' }]);
  await workflows.settle();
  world.yapla.change('r1', { participants: [{ guest: 'Pierre' }] });
  await workflows.settle();
  expect(names(world, 'r1')).toEqual(['Pierre']);
  expect(world.yoplanning.clients.size).toBe(2);
});
