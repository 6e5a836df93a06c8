/** Faults that are put in on purpose around the real engine, to show that random histories find them. */
import type { BookingView } from '../../../src/core/events/bookings.js';
import type { Sql } from '../../../src/store/database.js';
import type { Faulty } from './workflow.js';
import type { BookingWorker } from './world.js';

/** Something happens before or after each transaction. */
function around(
  worker: BookingWorker,
  beside: (sql: Sql) => Promise<unknown>,
  when: 'before' | 'after',
): BookingWorker {
  const begin: Sql['begin'] = async (work) => {
    if (when === 'before') await beside(worker.sql);
    const result = await worker.sql.begin(work);
    if (when === 'after') await beside(worker.sql);
    return result;
  };
  const sql = new Proxy(worker.sql, {
    get: (target, key) => (key === 'begin' ? begin : (Reflect.get(target, key) as unknown)),
  });
  return { ...worker, sql };
}

const beside =
  (when: 'before' | 'after', statement: (sql: Sql, connectionId: string) => Promise<unknown>) =>
  (worker: BookingWorker): BookingWorker =>
    around(worker, (sql) => statement(sql, worker.events.scope.connectionId), when);

const withOrders = (
  worker: BookingWorker,
  change: Partial<BookingWorker['events']['bookings']['orders']>,
): BookingWorker => {
  const { bookings } = worker.events;
  const orders = { ...bookings.orders, ...change };
  return { ...worker, events: { ...worker.events, bookings: { ...bookings, orders } } };
};

/** By name; what the histories are to say of it. */
export const faults: Readonly<Record<string, Faulty>> = {
  'what was sent is not noted before it is sent': {
    worker: beside('after', (sql, id) => sql`delete from intent where connection_id = ${id}`),
  },
  'an order that was sent is not looked for': {
    worker: (worker) =>
      withOrders(worker, { findByReference: () => Promise.resolve({ orders: [], complete: true, requests: 0 }) }),
  },
  'events are handled before what they told is recorded': {
    worker: beside(
      'before',
      (sql, id) =>
        sql`update inbox set handled_at = now() where connection_id = ${id} and kind = 'registration' and link_id is not null and handled_at is null`,
    ),
  },
  'questions are not kept': {
    worker: beside('after', (sql, id) => sql`delete from cases where connection_id = ${id} and kind = 'registration'`),
  },
  'a cancelled registration is left at that': {
    view: (view: BookingView) =>
      view.registration?.status === 'cancelled' ? { ...view, order: null, asked: [], answers: {} } : view,
  },
  'what staff changed passes for what was left': {
    view: (view: BookingView) =>
      view.base === null || view.order === null || view.order.isCancelled || view.base.booking === null
        ? view
        : { ...view, base: { ...view.base, booking: view.order.booking } },
  },
};
