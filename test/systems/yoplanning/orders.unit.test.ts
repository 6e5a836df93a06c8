/** Orders: validated, placed, found again, changed and cancelled, against the sandbox over HTTP. */
import { describe, expect, test } from '@jest/globals';
import { InvalidRecord, NoAnswer, RequestRefused, UnreadableRecord } from '../../../src/http/failures.js';
import { stringifyJson } from '../../../src/core/json.js';
import { orderDocument } from '../../../src/systems/yoplanning/orderDocument.js';
import type { Order, OrderDraft } from '../../../src/systems/yoplanning/orders.js';
import type { BookingsConfig } from '../../../src/config/yoplanningEvents.js';
import { ask, failureOf, opener, type Opened, type Opening } from '../support.js';

const open = opener();
const euros = (amount: string) => ({ amount, currency: 'EUR' });
const lea = { firstName: 'Léa', lastName: 'Invent', email: 'lea@courriel.example' };
const nobody = '0f8fad5b-d9cb-469f-a165-70867728950e';

type Ways = Partial<BookingsConfig['order']>;

interface Stage extends Opened {
  readonly sessions: readonly string[];
  readonly draft: OrderDraft;
}

/** A sandbox with three sessions of two places each, and an order for the first. */
async function staged(order: Ways = {}, { sandbox, configure }: Opening = {}): Promise<Stage> {
  const bookings = { catalogue: { products: 1, sessions: 3 }, ...sandbox?.yoplanning?.bookings };
  const opened = await open({
    sandbox: { ...sandbox, yoplanning: { ...sandbox?.yoplanning, bookings } },
    configure: (input) => {
      input.yoplanning.events = { order };
      configure?.(input);
    },
  });
  const { bookings: control } = opened.sandbox.control;
  const sessions = (await control.sessions()).map(({ id }) => id);
  for (const session of sessions) await control.setPlaces(session, 2);
  return { ...opened, sessions, draft: draftFor(sessions[0]!) };
}

function draftFor(session: string, reference = '956'): OrderDraft {
  const amount = euros('51.25');
  return {
    externalReference: reference,
    items: [{ sessionGroup: session, amount, client: lea }],
    payments: [{ amount, client: lea }],
  };
}

async function placed({ systems }: Stage, draft: OrderDraft): Promise<Order> {
  const result = await systems.resources.bookings.orders.place(draft, ask);
  if (result.outcome !== 'placed' || result.order === null) throw new Error(`expected an order: ${result.outcome}`);
  return result.order;
}

const placesLeft = async ({ sandbox }: Stage) =>
  (await sandbox.control.bookings.sessions()).map((session) => session.placesLeft);

describe('an order validation', () => {
  test('says yes, and holds no place', async () => {
    const stage = await staged();
    const answer = await stage.systems.resources.bookings.validate(stage.draft, ask);
    expect(answer.value).toEqual({ success: true });
    expect(await placesLeft(stage)).toEqual([2, 2, 2]);
    expect(await stage.sandbox.control.bookings.orders()).toEqual([]);
  });

  test('names the sessions that are full, and those that are gone', async () => {
    const stage = await staged();
    const [full, gone, free] = stage.sessions as [string, string, string];
    await stage.sandbox.control.bookings.setPlaces(full, 0);
    await stage.sandbox.control.bookings.removeSession(gone);
    const items = [full, gone, free].flatMap((session) => draftFor(session).items);
    const { value } = await stage.systems.resources.bookings.validate({ ...stage.draft, items }, ask);
    expect(value).toEqual({
      success: false,
      unavailable: { sessionIds: [full, gone], dryResourceIds: [], voucherIds: [], resources: 0 },
    });
  });

  test('whose data is refused names the fields, and is not an outage', async () => {
    const stage = await staged();
    const items = [{ ...stage.draft.items[0]!, client: { ...lea, email: 'lea@' } }];
    const failure = await failureOf(stage.systems.resources.bookings.validate({ ...stage.draft, items }, ask));
    expect(failure).toBeInstanceOf(InvalidRecord);
    expect(failure).toMatchObject({ fields: ['items.0.client.email'] });
    expect(failure.message).not.toContain('lea@');
  });

  test('without an answer has certainly done nothing', async () => {
    const stage = await staged(
      {},
      {
        sandbox: { faults: [{ resource: 'order', kind: 'check', action: { do: 'reset', effect: 'applied' } }] },
      },
    );
    const failure = await failureOf(stage.systems.resources.bookings.validate(stage.draft, ask));
    expect(failure).toBeInstanceOf(NoAnswer);
    expect(failure).toMatchObject({ effect: 'none' });
  });
});

describe('an order', () => {
  test('is placed with its reference, and read as it was placed', async () => {
    const stage = await staged();
    const order = await placed(stage, stage.draft);
    const [client] = await stage.sandbox.control.ids('yoplanning');
    expect(order).toMatchObject({
      externalReference: '956',
      status: 'active',
      items: [{ sessionId: stage.sessions[0], amount: euros('51.25'), clientId: client }],
      payments: [{ amount: euros('51.25') }],
    });
    expect((await stage.systems.resources.bookings.orders.get(order.id, ask)).value).toEqual(order);
    expect((await stage.systems.resources.bookings.orders.list({}, ask)).value.items).toEqual([order]);
    expect(await placesLeft(stage)).toEqual([1, 2, 2]);
    expect((await stage.systems.resources.bookings.orders.get(nobody, ask)).value).toBeNull();
  });

  test('is read with the times of its sessions and the titles of their products, where the server shows them whole', async () => {
    const stage = await staged();
    const order = await placed(stage, draftFor(stage.sessions[1]!));
    const [, session] = await stage.sandbox.control.bookings.sessions();
    const [product] = await stage.sandbox.control.bookings.products();
    const read = stage.systems.resources.bookings.orders.getWithSessions;
    expect((await read(order.id, ask)).value).toEqual({
      order,
      sessions: [{ id: session!.id, startsAt: session!.startsAt, title: product!.titles['fr'] }],
    });
    expect((await read(nobody, ask)).value).toBeNull();
    const unexpanded = await staged({ expand: [] });
    const other = await placed(unexpanded, unexpanded.draft);
    expect((await unexpanded.systems.resources.bookings.orders.getWithSessions(other.id, ask)).value).toEqual({
      order: other,
      sessions: [],
    });
  });

  test('makes a client of a participant without an id, and one only of who pays and takes part', async () => {
    const stage = await staged();
    await placed(stage, stage.draft);
    const [record, ...others] = await stage.sandbox.control.records('yoplanning');
    expect(record!.person).toMatchObject(lea);
    expect(others).toEqual([]);
  });

  test('for a client that is there makes none', async () => {
    const stage = await staged();
    const id = await stage.sandbox.control.add('yoplanning', lea);
    const items = [{ ...stage.draft.items[0]!, client: { id } }];
    const order = await placed(stage, { ...stage.draft, items, payments: [] });
    expect(order.items[0]!.clientId).toBe(id);
    expect(await stage.sandbox.control.ids('yoplanning')).toEqual([id]);
  });

  test.each([
    ['text', '"51.25"'],
    ['number', '51.25'],
  ] as const)('has its amounts sent as %s where the configuration says so, to the letter', async (amounts, written) => {
    const stage = await staged({ amounts });
    const sent = stringifyJson(orderDocument(stage.draft, stage.config.yoplanning));
    expect(sent.match(/"amount":[^,}]+/g)).toEqual([`"amount":${written}`, `"amount":${written}`]);
    expect((await placed(stage, stage.draft)).items[0]!.amount).toEqual(euros('51.25'));
  });

  test('of an account that shows amounts as numbers is read the same', async () => {
    const stage = await staged({}, { sandbox: { yoplanning: { bookings: { amounts: 'number' } } } });
    const amount = euros('90.20');
    const order = await placed(stage, { ...stage.draft, payments: [{ amount }] });
    expect([order.payments[0]!.amount, order.items[0]!.amount]).toEqual([amount, euros('51.25')]);
  });

  test('with an amount of another currency is not sent', async () => {
    const stage = await staged();
    const payments = [{ amount: { amount: '5.00', currency: 'CAD' } }];
    const place = stage.systems.resources.bookings.orders.place({ ...stage.draft, payments }, ask);
    expect(await failureOf(place)).toBeInstanceOf(RangeError);
    expect((await stage.sandbox.control.counts()).yoplanning.requests).toBe(0);
  });

  test.each(['field', 'refused', 'inside'] as const)(
    'that comes too late is told as unavailable, however it is answered (%s)',
    async (lateAnswer) => {
      const stage = await staged({}, { sandbox: { yoplanning: { bookings: { lateAnswer } } } });
      const { validate, orders } = stage.systems.resources.bookings;
      await stage.sandbox.control.addFault({ resource: 'order', kind: 'create', action: { do: 'takePlaces' } });
      expect((await validate(stage.draft, ask)).value.success).toBe(true);
      expect(await orders.place(stage.draft, ask)).toMatchObject({
        outcome: 'unavailable',
        unavailable: { sessionIds: [stage.sessions[0]] },
      });
      expect(await stage.sandbox.control.bookings.orders()).toEqual([]);
    },
  );

  test('for a session that is gone is told as unavailable', async () => {
    const stage = await staged();
    await stage.sandbox.control.bookings.removeSession(stage.sessions[0]!);
    expect(await stage.systems.resources.bookings.orders.place(stage.draft, ask)).toMatchObject({
      outcome: 'unavailable',
    });
  });

  test('whose data is refused is not taken for one that is unavailable', async () => {
    const stage = await staged();
    await stage.sandbox.control.bookings.setPlaces(stage.sessions[0]!, 0);
    const items = [{ ...stage.draft.items[0]!, client: { ...lea, lastName: '' } }];
    const failure = await failureOf(stage.systems.resources.bookings.orders.place({ ...stage.draft, items }, ask));
    expect(failure).toBeInstanceOf(InvalidRecord);
    expect(failure).toMatchObject({ fields: ['items.0.client.last_name'] });
  });

  test.each(['orders', 'orderValidation'] as const)(
    'sent to an address that is not there is a wrong setting, and no missing record: %s',
    async (path) => {
      const paths = { [path]: '/teams/{team}/bookings' };
      const stage = await staged({}, { configure: (input) => (input.yoplanning.paths = paths) });
      const { orders, validate } = stage.systems.resources.bookings;
      const sent = path === 'orders' ? orders.place(stage.draft, ask) : validate(stage.draft, ask);
      const failure = await failureOf(sent);
      expect(failure).toBeInstanceOf(RequestRefused);
      expect(failure.message).toContain(`yoplanning.paths.${path}`);
    },
  );

  test('is read as cancelled by the configured words, in any case of letters, and else as active', async () => {
    const stage = await staged(
      { cancelledWords: ['Annulée'] },
      { sandbox: { yoplanning: { bookings: { cancelledWord: 'annulée' } } } },
    );
    const order = await placed(stage, stage.draft);
    expect(order.status).toBe('active');
    await stage.sandbox.control.bookings.cancelOrder(order.id);
    expect((await stage.systems.resources.bookings.orders.get(order.id, ask)).value?.status).toBe('cancelled');
    expect(await placesLeft(stage)).toEqual([2, 2, 2]);
  });

  test('with a voucher beside a session has an item without a session', async () => {
    const stage = await staged();
    const client = await stage.sandbox.control.add('yoplanning', lea);
    const [product] = await stage.sandbox.control.bookings.products();
    const items = [{ session: stage.sessions[0]! }, { voucherOf: product!.id }];
    const id = await stage.sandbox.control.bookings.book({ items, client });
    const [order] = (await stage.systems.resources.bookings.orders.list({}, ask)).value.items;
    expect(order).toMatchObject({ id, items: [{ sessionId: stage.sessions[0] }, { sessionId: null }] });
  });

  test('placed later than a time is listed, the latest first', async () => {
    const stage = await staged();
    const first = await placed(stage, stage.draft);
    const second = await placed(stage, draftFor(stage.sessions[1]!, '957'));
    const { orders } = stage.systems.resources.bookings;
    const listed = async (after: Date) => (await orders.list({ after }, ask)).value.items.map(({ id }) => id);
    expect(await listed(new Date(Date.now() - 60_000))).toEqual([second.id, first.id]);
    expect(await listed(new Date(Date.now() + 60_000))).toEqual([]);
  });
});

describe('an order whose answer was lost', () => {
  test('is found by its reference, and so need not be sent again', async () => {
    const fault = { resource: 'order', kind: 'create', action: { do: 'reset', effect: 'applied' } } as const;
    const stage = await staged({}, { sandbox: { faults: [fault] } });
    const { orders } = stage.systems.resources.bookings;
    const since = new Date();
    const failure = await failureOf(orders.place(stage.draft, ask));
    expect(failure).toBeInstanceOf(NoAnswer);
    expect(failure).toMatchObject({ effect: 'unknown' });
    expect(await orders.findByReference({ reference: '956', since }, ask)).toMatchObject({
      orders: [{ externalReference: '956', items: [{ sessionId: stage.sessions[0] }] }],
      complete: true,
    });
  });

  test('or cannot be read, may have been placed', async () => {
    const body = { id: nobody, external_reference: '956', items: 'none' };
    const fault = { resource: 'order', kind: 'create', action: { do: 'wrongShape', body } } as const;
    const stage = await staged({}, { sandbox: { faults: [fault] } });
    const failure = await failureOf(stage.systems.resources.bookings.orders.place(stage.draft, ask));
    expect(failure).toBeInstanceOf(UnreadableRecord);
    expect(failure).toMatchObject({ effect: 'unknown', id: nobody });
    expect(await stage.sandbox.control.bookings.orders()).toHaveLength(1);
  });
});

describe('an order is found by its reference', () => {
  const manyOrders = async (stage: Stage, before: number, after: number) => {
    const client = await stage.sandbox.control.add('yoplanning', lea);
    const book = async (externalReference: string) =>
      stage.sandbox.control.bookings.book({ items: [{ session: stage.sessions[2]! }], client, externalReference });
    for (let i = 0; i < before; i += 1) await book(`before-${i}`);
    const id = await book('956');
    for (let i = 0; i < after; i += 1) await book(`after-${i}`);
    return id;
  };
  const paged: NonNullable<Opening['configure']> = (input) => (input.yoplanning.pageSize = 4);
  const since = () => new Date(Date.now() - 60_000);

  test.each([
    ['filters by it', { filtersByReference: true }, 1],
    ['ignores such a filter', {}, 4],
    ['ignores such a filter and any order', { sortsOrders: false }, 1],
  ])('where the server %s', async (_, bookings, requests) => {
    const stage = await staged({}, { sandbox: { yoplanning: { bookings } }, configure: paged });
    const id = await manyOrders(stage, 3, 10);
    const found = await stage.systems.resources.bookings.orders.findByReference(
      { reference: '956', since: since() },
      ask,
    );
    expect(found).toMatchObject({ orders: [{ id, externalReference: '956' }], complete: true });
    expect(found.requests).toBe(requests);
  });

  test.each([[true], [false]])('or told to be nowhere, for certain (server sorts: %s)', async (sortsOrders) => {
    const stage = await staged({}, { sandbox: { yoplanning: { bookings: { sortsOrders } } }, configure: paged });
    await manyOrders(stage, 3, 3);
    const found = await stage.systems.resources.bookings.orders.findByReference(
      { reference: '957', since: since() },
      ask,
    );
    expect(found).toEqual({ orders: [], complete: true, requests: 2 });
  });

  test('or not told to be nowhere, where the search ends before it could be', async () => {
    const stage = await staged({ lookupPages: 2 }, { configure: paged });
    await manyOrders(stage, 0, 9);
    const found = await stage.systems.resources.bookings.orders.findByReference(
      { reference: '956', since: since() },
      ask,
    );
    expect(found).toEqual({ orders: [], complete: false, requests: 2 });
  });

  test('back to the time of the attempt only, with the margin for two clocks', async () => {
    const stage = await staged({ lookupMarginMs: 1_000 }, { configure: paged });
    await manyOrders(stage, 6, 0);
    const { orders } = stage.systems.resources.bookings;
    const later = new Date(Date.now() + 60_000);
    expect(await orders.findByReference({ reference: 'before-0', since: later }, ask)).toEqual({
      orders: [],
      complete: true,
      requests: 1,
    });
    expect((await orders.findByReference({ reference: 'before-0', since: new Date() }, ask)).orders).toHaveLength(1);
  });

  test('beyond those with the reference that are known not to be it', async () => {
    const stage = await staged({}, { configure: paged });
    const id = await manyOrders(stage, 6, 9);
    const { orders } = stage.systems.resources.bookings;
    const [known] = (await orders.list({ limit: 1 }, ask)).value.items;
    await stage.sandbox.control.bookings.editOrder(known!.id, { externalReference: '956' });
    expect((await orders.findByReference({ reference: '956', since: since() }, ask)).orders[0]!.id).toBe(known!.id);
    const found = await orders.findByReference({ reference: '956', since: since(), except: [known!.id] }, ask);
    expect(found).toMatchObject({ orders: [{ id }], complete: true });
  });

  test('although the list moves while it is read', async () => {
    const stage = await staged({}, { configure: paged });
    const id = await manyOrders(stage, 6, 9);
    const { orders } = stage.systems.resources.bookings;
    const shown = (await orders.list({ limit: 4 }, ask)).value.items;
    // While the second page is under way, four orders in front of it go, and ours moves up before where the third begins.
    await stage.sandbox.control.addFault({
      resource: 'order',
      kind: 'list',
      skip: 1,
      times: 1,
      action: { do: 'slow', ms: 150 },
    });
    const search = orders.findByReference({ reference: '956', since: since() }, ask);
    await expectRequests(stage, 3);
    for (const { id: gone } of shown) await stage.sandbox.control.bookings.removeOrder(gone);
    expect(await search).toMatchObject({ orders: [{ id }], complete: true });
  });

  test('and where it cannot be read, that is its own question; where another cannot, it is none', async () => {
    const bad = { status: 'created', creation_date: 'soon', items: 'none', payments: [] };
    const results = [
      { ...bad, id: 'a', external_reference: '955' },
      { ...bad, id: 'b', external_reference: '956' },
    ];
    const body = { count: 2, next: null, previous: null, results };
    const faults = [{ resource: 'order' as const, action: { do: 'wrongShape' as const, body } }];
    const stage = await staged({}, { sandbox: { faults } });
    const { orders } = stage.systems.resources.bookings;
    expect(await orders.findByReference({ reference: '957', since: since() }, ask)).toMatchObject({
      orders: [],
      complete: true,
    });
    const failure = await failureOf(orders.findByReference({ reference: '956', since: since() }, ask));
    expect(failure).toBeInstanceOf(UnreadableRecord);
    expect(failure).toMatchObject({ id: 'b' });
  });
});

/** Until so many requests for orders have arrived. */
async function expectRequests({ sandbox }: Stage, wanted: number): Promise<void> {
  while ((await sandbox.control.counts()).yoplanning.requests < wanted) await new Promise(setImmediate);
}

describe('an edit', () => {
  test('adds a payment, and leaves everything else as it was read', async () => {
    const stage = await staged({ changeBy: 'put' });
    const order = await placed(stage, { ...stage.draft, payments: [] });
    const { orders } = stage.systems.resources.bookings;
    expect([orders.changes, orders.cancels]).toEqual([true, false]);
    const addPayments = [{ amount: euros('20.00') }];
    const edited = await orders.edit(order.id, () => ({ addPayments }), ask);
    expect(edited).toMatchObject({ outcome: 'written', before: order });
    const after = (await orders.get(order.id, ask)).value!;
    expect(after).toMatchObject({ ...order, payments: [{ amount: euros('20.00') }], modifiedAt: after.modifiedAt });
    expect(stage.budgets.yoplanning.open).toBe(0);
  });

  test('replaces items, keeping those that stay', async () => {
    const stage = await staged({ changeBy: 'put' });
    const order = await placed(stage, stage.draft);
    const [one] = order.items;
    const added = draftFor(stage.sessions[1]!).items[0]!;
    const { orders } = stage.systems.resources.bookings;
    await orders.edit(order.id, () => ({ items: [{ id: one!.id! }, added] }), ask);
    const after = (await orders.get(order.id, ask)).value!;
    expect(after.items).toMatchObject([one!, { sessionId: stage.sessions[1] }]);
    await orders.edit(order.id, () => ({ items: [{ id: after.items[1]!.id! }] }), ask);
    expect((await orders.get(order.id, ask)).value!.items).toEqual([after.items[1]]);
    expect(await placesLeft(stage)).toEqual([2, 1, 2]);
  });

  test.each(['put', 'delete'] as const)('cancels by %s where the configuration says so', async (cancelBy) => {
    const stage = await staged({ cancelBy });
    const order = await placed(stage, stage.draft);
    const { orders } = stage.systems.resources.bookings;
    expect([orders.changes, orders.cancels]).toEqual([false, true]);
    const edited = await orders.edit(order.id, () => ({ cancel: true }), ask);
    const now = (await orders.get(order.id, ask)).value;
    if (cancelBy === 'put')
      expect([edited, now?.status]).toMatchObject([{ after: { status: 'cancelled' } }, 'cancelled']);
    else expect([edited, now]).toEqual([{ outcome: 'written', before: order, after: null }, null]);
    expect(await placesLeft(stage)).toEqual([2, 2, 2]);
    expect(stage.budgets.yoplanning.open).toBe(0);
  });

  test('is decided on the order as it is now, and may be stopped there', async () => {
    const stage = await staged({ changeBy: 'put' });
    const order = await placed(stage, stage.draft);
    await stage.sandbox.control.bookings.editOrder(order.id, { session: stage.sessions[2]! });
    const { orders } = stage.systems.resources.bookings;
    const edited = await orders.edit(
      order.id,
      ({ items }) => (items[0]!.sessionId === stage.sessions[0] ? { addPayments: [] } : { stop: 'changedThere' }),
      ask,
    );
    expect(edited).toMatchObject({ outcome: 'stopped', reason: 'changedThere' });
    expect((await stage.sandbox.control.writes('yoplanning'))[order.id]).toBe(1);
    expect([stage.budgets.yoplanning.open, stage.budgets.yoplanning.released]).toEqual([0, 1]);
  });

  test('of an order that is gone says so', async () => {
    const stage = await staged({ changeBy: 'put' });
    const { orders } = stage.systems.resources.bookings;
    expect(await orders.edit(nobody, () => ({ addPayments: [] }), ask)).toEqual({ outcome: 'missing' });
    expect(stage.budgets.yoplanning.open).toBe(0);
  });

  test.each([
    ['a change', { addPayments: [] }],
    ['a cancellation', { cancel: true as const }],
  ])('that the configuration does not allow is not sent: %s', async (_, edit) => {
    const stage = await staged();
    const order = await placed(stage, stage.draft);
    const { orders } = stage.systems.resources.bookings;
    expect(await failureOf(orders.edit(order.id, () => edit, ask))).toBeInstanceOf(TypeError);
    expect((await stage.sandbox.control.writes('yoplanning'))[order.id]).toBe(1);
    expect(stage.budgets.yoplanning.open).toBe(0);
  });

  test('that the account does not allow is refused as a wrong setting', async () => {
    const stage = await staged({ changeBy: 'put' }, { sandbox: { yoplanning: { bookings: { orderPut: false } } } });
    const order = await placed(stage, stage.draft);
    const { orders } = stage.systems.resources.bookings;
    const failure = await failureOf(orders.edit(order.id, () => ({ addPayments: [] }), ask));
    expect(failure).toBeInstanceOf(RequestRefused);
  });
});
