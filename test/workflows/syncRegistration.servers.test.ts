/** Registrations of Yapla that become bookings of Yoplanning, on the real servers. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { EventsClub } from '../helpers/eventsClub.js';
import { until } from '../helpers/live.js';
import { neighbours } from '../helpers/neighbours.js';

const start = neighbours();

let club: EventsClub;
afterEach(async () => await club.stop());

/** Orders are cancelled and changed by PUT, as far as the connection's rules allow it. */
const writable = { bookings: { order: { changeBy: 'put', cancelBy: 'put' } } } as const;

describe('a registration', () => {
  test('becomes one order for its participants, with its number and at its price', async () => {
    club = await EventsClub.open(start);
    const [anna, boris] = club.members;
    const id = await club.register([anna!, boris!], 'Membre');
    await club.house.sandbox.control.yaplaEvents.pay(id);
    await club.untilQuiet();

    expect(await club.orders(id)).toMatchObject([
      {
        items: [
          { session_group: club.session, price: { amount: '12.00' } },
          { session_group: club.session, price: { amount: '12.00' } },
        ],
        payments: [{ amount: '24.00' }],
      },
    ]);
    expect(await club.caseKinds()).toEqual([]);
  });

  test('that waits for its payment is booked when it is paid, and not before', async () => {
    club = await EventsClub.open(start);
    const id = await club.register(undefined, 'Membre');
    await club.untilQuiet();
    expect(await club.orders(id)).toEqual([]);
    await club.house.sandbox.control.yaplaEvents.pay(id);
    await club.untilQuiet();
    expect(await club.orders(id)).toHaveLength(1);
  });

  test('of an event that nobody has mapped waits, with one question for all of them, and is booked once it is mapped', async () => {
    club = await EventsClub.open(start, { begins: false });
    await club.approve();
    const ids = [await club.register([club.members[0]!]), await club.register([club.members[1]!])];
    await club.untilQuiet();
    expect(await club.orders()).toEqual([]);
    expect(await club.caseKinds()).toEqual(['eventNotMapped']);
    await club.map();
    await club.untilQuiet();
    for (const id of ids) expect(await club.orders(id)).toHaveLength(1);
    expect(await club.caseKinds()).toEqual([]);
  });

  test('is not booked before a plan was approved; the plan tells what will be', async () => {
    club = await EventsClub.open(start, { begins: false });
    await club.map();
    const id = await club.register();
    await club.untilQuiet();
    expect(await club.orders(id)).toEqual([]);
    expect(await club.approve()).toMatchObject({ totals: { booked: 1 }, requests: 3 });
    await club.untilQuiet();
    expect(await club.orders(id)).toHaveLength(1);
  });

  test('for which no place is left is a question, waits when a person says so, and is booked when an order is cancelled', async () => {
    club = await EventsClub.open(start, { places: 1 });
    const first = await club.register([club.members[0]!]);
    await club.untilQuiet();
    const second = await club.register([club.members[1]!]);
    await club.untilQuiet();
    expect(await club.caseKinds()).toEqual(['noPlace']);
    await club.answer('noPlace', 'wait');
    await club.untilQuiet();
    expect(await club.orders(second)).toEqual([]);
    expect(await club.caseKinds()).toEqual([]);

    const [order] = await club.orders(first);
    await club.house.sandbox.control.bookings.cancelOrder(order!.id);
    await club.untilQuiet();
    expect(await club.activeOrders(second)).toHaveLength(1);
    // Of the first the registration stands.
    expect(await club.caseKinds()).toEqual(['orderCancelled']);
  });

  test('that waits for a place is looked at again after a while, without an event', async () => {
    const connection = { settings: { events: { retryFullMs: 500 } } };
    club = await EventsClub.open(start, { places: 0, options: { connection } });
    const id = await club.register();
    await club.untilQuiet();
    await club.answer('noPlace', 'wait');
    await until(club.caseKinds.bind(club), (kinds) => kinds.length === 0);
    // Nobody tells of it: no order is cancelled.
    await club.house.sandbox.control.bookings.setPlaces(club.session, 1);
    await until(
      async () => await club.orders(id),
      (orders) => orders.length === 1,
    );
    await club.untilQuiet();
  });

  test('that is cancelled is asked about, and its order is cancelled when a person says so', async () => {
    club = await EventsClub.open(start, { options: { connection: writable } });
    const id = await club.register();
    await club.untilQuiet();
    await club.house.sandbox.control.yaplaEvents.cancel(id);
    await club.untilQuiet();
    expect(await club.caseKinds()).toEqual(['toCancel']);
    expect(await club.activeOrders(id)).toHaveLength(1);
    await club.answer('toCancel', 'carryOut');
    await club.untilQuiet();
    expect(await club.activeOrders(id)).toEqual([]);
    expect(await club.caseKinds()).toEqual([]);
  });

  test.each(['put', 'delete'] as const)(
    'that is cancelled has its order cancelled by %s where the rule says so',
    async (by) => {
      const connection = { bookings: { order: { cancelBy: by } }, settings: { events: { cancel: by } } };
      club = await EventsClub.open(start, { options: { connection } });
      const id = await club.register();
      await club.untilQuiet();
      await club.house.sandbox.control.yaplaEvents.cancel(id);
      await club.untilQuiet();
      expect(await club.activeOrders(id)).toEqual([]);
      expect(await club.caseKinds()).toEqual([]);
    },
  );

  test('whose participants change has its order changed where the rule says so, and the rest of the order stays', async () => {
    const connection = { ...writable, settings: { events: { change: 'put' } } } as const;
    club = await EventsClub.open(start, { options: { connection } });
    const [anna, boris] = club.members;
    const id = await club.register([anna!]);
    await club.untilQuiet();
    const participants = [anna!, boris!].map(({ yapla }, nth) => ({
      memberId: yapla,
      firstName: `P${nth}`,
      lastName: 'N',
    }));
    await club.house.sandbox.control.yaplaEvents.edit(id, { participants });
    await club.untilQuiet();
    const orders = await club.activeOrders(id);
    expect(orders).toHaveLength(1);
    expect(orders[0]!.items).toHaveLength(2);
    expect(await club.caseKinds()).toEqual([]);
  });

  test('whose order staff changed is asked about, and the order is not overwritten', async () => {
    const connection = { ...writable, settings: { events: { change: 'put', cancel: 'put', pay: 'put' } } } as const;
    club = await EventsClub.open(start, { options: { connection } });
    const id = await club.register();
    await club.untilQuiet();
    const [order] = await club.orders(id);
    await club.house.sandbox.control.bookings.editOrder(order!.id, { price: '5.00' });
    await club.untilQuiet();
    expect(await club.caseKinds()).toEqual(['orderChanged']);
    await club.house.sandbox.control.yaplaEvents.cancel(id);
    await club.untilQuiet();
    expect(await club.caseKinds()).toEqual(['toCancel']);
    expect(await club.activeOrders(id)).toMatchObject([{ items: [{ price: { amount: '5.00' } }] }]);
  });

  test('of somebody who is no member names them in the order, and Yoplanning makes the client', async () => {
    club = await EventsClub.open(start);
    const id = await club.house.sandbox.control.yaplaEvents.register({
      event: club.event,
      rate: 'Gratuit',
      participants: [{ firstName: 'Odile', lastName: 'Kermarec', email: 'odile@example.org' }],
    });
    await club.untilQuiet();
    expect(await club.orders(id)).toHaveLength(1);
    const clients = await club.house.sandbox.control.records('yoplanning');
    expect(clients.filter(({ person }) => person.email === 'odile@example.org')).toHaveLength(1);
  });
});

describe('an order whose answer is lost', () => {
  test('is found by its reference, and not sent twice', async () => {
    club = await EventsClub.open(start);
    await club.house.sandbox.control.addFault({
      system: 'yoplanning',
      resource: 'order',
      kind: 'create',
      times: 1,
      action: { do: 'reset', effect: 'applied' },
    });
    const id = await club.register();
    await club.untilQuiet();
    expect(await club.orders(id)).toHaveLength(1);
    expect(await club.caseKinds()).toEqual([]);
  });
});
