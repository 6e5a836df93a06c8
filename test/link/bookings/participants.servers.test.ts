/** Who is booked when the participants of a registration change: by who they are, never by their place in the list. */
import { describe, expect, test } from '@jest/globals';
import { answerCase } from '../../../src/cases/answers.js';
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

describe('somebody who is nobody in Yoplanning', () => {
  const asks = { events: { createClients: 'ask' } } as const;

  test('is asked about where the rule is to ask, and booked with a client of their own when a person says so', async () => {
    const { world, workflows, answer } = await open(asks);
    world.yapla.register('r1', [{ member: 0 }, { guest: 'Odile' }]);
    await workflows.settle();
    expect(world.yoplanning.requests).toEqual([]);
    expect(await world.caseKinds()).toEqual(['newClient']);
    await answer('newClient', 'carryOut');
    expect(names(world, 'r1')).toEqual(['Odile', 'c0']);
    expect(await world.caseKinds()).toEqual([]);
  });

  test('is asked about once, although no place is left and the registration waits for one', async () => {
    const { world, workflows, answer } = await open({ events: { createClients: 'ask', retryFullMs: 1 }, places: 0 });
    world.yapla.register('r1', [{ guest: 'Odile' }]);
    await workflows.settle();
    await answer('newClient', 'carryOut');
    world.yoplanning.places.set(world.session, 1);
    await answer('noPlace', 'wait');
    expect(names(world, 'r1')).toEqual(['Odile']);
    expect(await world.caseKinds()).toEqual([]);
  });

  test('is not booked where a person says so, and not asked about again', async () => {
    const { world, workflows, answer } = await open(asks);
    world.yapla.register('r1', [{ guest: 'Odile' }]);
    await workflows.settle();
    await answer('newClient', 'keep');
    world.yapla.change('r1', {});
    await workflows.settle();
    expect(world.yoplanning.requests).toEqual([]);
    expect(await world.caseKinds()).toEqual([]);
  });

  test('is asked about when they join a registration that is changed without a word otherwise', async () => {
    const { world, workflows, answer } = await open({
      changeBy: 'put',
      events: { createClients: 'ask', change: 'put' },
    });
    world.yapla.register('r1', [{ member: 0 }]);
    await workflows.settle();
    world.yapla.change('r1', { participants: [{ member: 0 }, { guest: 'Odile' }] });
    await workflows.settle();
    expect(names(world, 'r1')).toEqual(['c0']);
    expect(await world.caseKinds()).toEqual(['newClient']);
    await answer('newClient', 'carryOut');
    expect(names(world, 'r1')).toEqual(['Odile', 'c0']);
    expect(await world.caseKinds()).toEqual([]);
  });

  test('keeps the registration waiting where the rule is to make nobody: no answer makes a client', async () => {
    const { world, workflows } = await open({ events: { createClients: 'none' } });
    world.yapla.register('r1', [{ guest: 'Odile' }]);
    await workflows.settle();
    const [question] = await world.cases();
    expect(question).toMatchObject({ kind: 'notBookable' });
    await expect(answerCase(world.sql, question!.id, { take: 'carryOut' }, 'tester')).rejects.toMatchObject({
      name: 'UnfitAnswer',
    });
  });
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
