/** What a registration's order shows as paid, whenever the payment came. */
import { describe, expect, test } from '@jest/globals';
import { bookingTest } from '../../helpers/bookingModel/bookingTest.js';
import { type Delivery, plainSetting } from '../../helpers/bookingModel/world.js';

const { open } = bookingTest('booking payments test');

const acts = { changeBy: 'put', events: { change: 'put', pay: 'put' } } as const;

/** Amounts of the payments that the one order of the registration shows. */
function paidIn({ world }: Awaited<ReturnType<typeof open>>): readonly string[] {
  const [order, ...more] = world.yoplanning.active('r1');
  expect(more).toEqual([]);
  return order!.payments.map(({ amount }) => amount);
}

describe('a registration that is paid', () => {
  test('and has more participants afterwards has what is missing paid, and no more', async () => {
    const club = await open(acts);
    club.world.yapla.register('r1', [{ member: 0 }]);
    club.world.yapla.change('r1', { paid: true });
    await club.workflows.settle();
    club.world.yapla.change('r1', { participants: [{ member: 0 }, { member: 1 }] });
    await club.workflows.settle();
    expect(paidIn(club)).toEqual(['12.00', '12.00']);
    expect(await club.world.caseKinds()).toEqual([]);
  });

  test('and has more participants afterwards is asked about where payments are no matter of ours', async () => {
    const { world, workflows } = await open({ changeBy: 'put', events: { change: 'put' } });
    world.yapla.register('r1', [{ member: 0 }]);
    world.yapla.change('r1', { paid: true });
    await workflows.settle();
    world.yapla.change('r1', { participants: [{ member: 0 }, { member: 1 }] });
    await workflows.settle();
    expect(await world.caseKinds()).toEqual(['toPay']);
  });

  test('in the moment in which its participants change has its order changed and paid', async () => {
    const club = await open(acts);
    club.world.yapla.register('r1', [{ member: 0 }]);
    await club.workflows.settle();
    club.world.yapla.change('r1', { participants: [{ member: 0 }, { member: 1 }], paid: true });
    await club.workflows.settle();
    expect(paidIn(club)).toEqual(['24.00']);
  });

  test('while nobody could tell whether its unpaid order is there has its payment added once it is', async () => {
    const manners = { ...plainSetting.manners, filters: false, ordering: false };
    const club = await open({ ...acts, manners });
    const { world, workflows } = club;
    for (let n = 0; n < 40; n++) world.yoplanning.enter(null, world.otherSession, 'c3');
    world.underWay.splice(0);
    world.yoplanning.mishaps.push('resetAfter');
    world.yapla.register('r1', [{ member: 0 }]);
    // The order's own webhook is late.
    const late: Delivery[] = [];
    world.yoplanning.tells = (event, id) =>
      late.push({ system: 'yoplanning', event, id, body: { resource: 'order', id } });
    await workflows.settle();
    expect(await world.caseKinds()).toEqual(['orderUncertain']);
    world.yapla.change('r1', { paid: true });
    await workflows.settle();
    expect(paidIn(club)).toEqual([]);
    for (const delivery of late.splice(0)) await world.receive(delivery);
    await workflows.settle();
    expect(paidIn(club)).toEqual(['12.00']);
    expect(await world.caseKinds()).toEqual([]);
  });

  test('and has fewer participants afterwards keeps its payment', async () => {
    const club = await open(acts);
    club.world.yapla.register('r1', [{ member: 0 }, { member: 1 }]);
    club.world.yapla.change('r1', { paid: true });
    await club.workflows.settle();
    club.world.yapla.change('r1', { participants: [{ member: 1 }] });
    await club.workflows.settle();
    expect(paidIn(club)).toEqual(['24.00']);
    expect(await club.world.caseKinds()).toEqual([]);
  });
});
