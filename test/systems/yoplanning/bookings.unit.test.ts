/** What Yoplanning sells: products, sessions, availability details, categories and payments, against the sandbox over HTTP. */
import { describe, expect, test } from '@jest/globals';
import { UnexpectedResponse, UnreadableRecord } from '../../../src/http/failures.js';
import { ask, failureOf, opener } from '../support.js';

const open = opener();
const firstDay = '2031-06-01';
const lea = { firstName: 'Léa', lastName: 'Invent' };
const euros = (amount: string) => ({ amount, currency: 'EUR' });

describe('products', () => {
  test('are listed with what a booking needs, prices as decimal text', async () => {
    const { systems, config } = await open();
    const { products } = systems.resources.bookings;
    const page = (await products.list({}, ask)).value;
    expect([page.count, page.start, page.length, page.unreadable]).toEqual([4, 0, 4, []]);
    expect(page.items[0]).toMatchObject({
      title: 'Voile 3 jours',
      teamId: config.yoplanning.team,
      meetingPoint: 'sur le quai',
      address: '44 route du moulin',
      categoryId: '302',
      categoryName: 'Sailing',
      standardPrice: euros('13.00'),
      otherPrices: [{ label: 'Member', price: euros('10.40') }],
      modifiedAt: expect.stringMatching(/^2024-.*Z$/) as unknown as string,
    });
    expect(page.items[0]!.expectedData).toEqual([
      { field: 'email', type: 'email', label: 'Email', required: false, options: [] },
      {
        field: 'level',
        type: 'select',
        label: 'Niveau',
        required: false,
        options: [{ id: 'BEGINNER', name: 'Débutant' }],
      },
    ]);
    expect((await products.get(page.items[0]!.id, ask)).value).toEqual(page.items[0]);
  });

  test.each([
    ['fr', 'Voile 3 jours'],
    ['de', 'Segeln, 3 Tage'],
    ['en', 'Sailing, 3 days'],
    ['nl', 'Sailing, 3 days'],
  ])('have their titles in the language that is asked for: %s', async (lang, title) => {
    const { systems } = await open({ configure: (input) => (input.yoplanning.events = { lang }) });
    const { products } = systems.resources.bookings;
    const [product] = (await products.list({}, ask)).value.items;
    expect(product!.title).toBe(title);
    expect((await products.get(product!.id, ask)).value?.title).toBe(title);
    expect((await products.get(product!.id, ask, 'de')).value?.title).toBe('Segeln, 3 Tage');
  });

  test('that are not there are null', async () => {
    const { systems } = await open();
    const { value } = await systems.resources.bookings.products.get('0f8fad5b-d9cb-469f-a165-70867728950e', ask);
    expect(value).toBeNull();
  });

  test('are filtered by category, by team, by their last change and by the days of their sessions', async () => {
    const catalogue = { products: 3, sessions: 3, dealerProducts: 1, firstDay, days: 1 };
    const { systems, sandbox, config } = await open({ sandbox: { yoplanning: { bookings: { catalogue } } } });
    const { products } = systems.resources.bookings;
    const all = (await products.list({}, ask)).value.items;
    const listed = async (filters: Parameters<typeof products.list>[0]['filters']) =>
      (await products.list({ filters: filters! }, ask)).value.items.map(({ id }) =>
        all.findIndex((one) => one.id === id),
      );
    expect(await listed({ sub_category_id: 303 })).toEqual([2]);
    expect(await listed({ team_id: config.yoplanning.team })).toEqual([0, 1, 2]);
    expect(await listed({ start_date: '2031-06-01', end_date: '2031-06-01' })).toEqual([0, 1, 2]);
    expect(await listed({ start_date: '2031-06-02' })).toEqual([]);
    const before = new Date(Date.now() - 60_000);
    await sandbox.control.bookings.editProduct(all[1]!.id, { titles: { fr: 'Bodyboard du soir' } });
    expect(await listed({ last_modified: { gt: before } })).toEqual([1]);
    expect(await listed({ last_modified: { lt: before } })).toEqual([0, 2, 3]);
  });

  test('are paged by position', async () => {
    const { systems } = await open({ sandbox: { yoplanning: { bookings: { catalogue: { products: 7 } } } } });
    const { products } = systems.resources.bookings;
    const all = (await products.list({}, ask)).value.items.map(({ id }) => id);
    const page = (await products.list({ offset: 2, limit: 3 }, ask)).value;
    expect([page.count, page.items.map(({ id }) => id)]).toEqual([8, all.slice(2, 5)]);
  });

  test('with a price that is none are a question each, and the others are read', async () => {
    const body = {
      count: 2,
      results: [
        { id: 'a', title: 'A', sessions: { standard_price: { tax_included: 'ask us' } } },
        { id: 'b', title: 'B', sessions: { standard_price: 90.2 } },
      ],
    };
    const { systems } = await open({
      sandbox: { faults: [{ resource: 'product', kind: 'list', action: { do: 'wrongShape', body } }] },
    });
    const { items, unreadable, length } = (await systems.resources.bookings.products.list({}, ask)).value;
    expect(items).toMatchObject([{ id: 'b', standardPrice: euros('90.20') }]);
    expect(length).toBe(2);
    expect(unreadable).toMatchObject([{ position: 0, failure: { id: 'a' } }]);
    expect(unreadable[0]!.failure).toBeInstanceOf(UnreadableRecord);
    expect(unreadable[0]!.failure.message).toContain('sessions.standard_price');
    expect(unreadable[0]!.failure.message).not.toContain('ask us');
  });

  test('in another currency than the team’s are refused, naming the setting', async () => {
    const body = { id: 'a', title: 'A', sessions: { standard_price: { tax_included: '5.00', currency: 'CAD' } } };
    const { systems } = await open({
      sandbox: { faults: [{ resource: 'product', kind: 'read', action: { do: 'wrongShape', body } }] },
    });
    const [product] = (await systems.resources.bookings.products.list({}, ask)).value.items;
    const failure = await failureOf(systems.resources.bookings.products.get(product!.id, ask));
    expect(failure).toBeInstanceOf(UnreadableRecord);
    expect(failure.message).toContain('yoplanning.events.currency');
  });

  test('of a path that is not theirs are an error that names the settings', async () => {
    const { systems } = await open({
      configure: (input) => (input.yoplanning.paths = { products: '/teams/{team}/products/' }),
    });
    const failure = await failureOf(systems.resources.bookings.products.list({}, ask));
    expect(failure).toBeInstanceOf(UnexpectedResponse);
    expect(failure.message).toContain('yoplanning.paths');
  });
});

describe.each(['sessionGroups', 'availabilities'] as const)('sessions, read as %s', (sessions) => {
  const opened = () => {
    const catalogue = { products: 1, sessions: 3, dealerProducts: 0, firstDay, days: 3 };
    return open({
      sandbox: { yoplanning: { bookings: { sessions, catalogue } } },
      configure: (input) => (input.yoplanning.events = { sessions }),
    });
  };

  test('have their id, times, price and the places that are left', async () => {
    const { systems, sandbox } = await opened();
    const [product] = await sandbox.control.bookings.products();
    const [first] = await sandbox.control.bookings.sessions();
    await sandbox.control.bookings.setPlaces(first!.id, 2);
    const { value } = await systems.resources.bookings.sessions.list(product!.id, {}, ask);
    expect(value.count).toBe(3);
    expect(value.items[0]).toEqual({
      id: first!.id,
      productId: product!.id,
      startsAt: first!.startsAt,
      endsAt: first!.endsAt,
      placesLeft: 2,
      price: euros('13.00'),
      status: 'offered',
    });
  });

  test('are filtered by their start', async () => {
    const { systems, sandbox } = await opened();
    const [product] = await sandbox.control.bookings.products();
    const all = await sandbox.control.bookings.sessions();
    const window = { after: new Date('2031-06-02T00:00:00Z'), before: new Date('2031-06-03T00:00:00Z') };
    const { items } = (await systems.resources.bookings.sessions.list(product!.id, window, ask)).value;
    expect(items.map(({ id }) => id)).toEqual([all[1]!.id]);
  });

  test('that no longer take place are listed only where all are asked for, and are told apart', async () => {
    const { systems, sandbox } = await opened();
    const [product] = await sandbox.control.bookings.products();
    const [first] = await sandbox.control.bookings.sessions();
    await sandbox.control.bookings.removeSession(first!.id);
    const { sessions: list } = systems.resources.bookings;
    const of = async (status: 'created' | 'all') =>
      (await list.list(product!.id, { status }, ask)).value.items.map(({ id, status }) => [id === first!.id, status]);
    expect(await of('created')).toEqual([
      [false, 'offered'],
      [false, 'offered'],
    ]);
    expect(await of('all')).toEqual([
      [true, 'gone'],
      [false, 'offered'],
      [false, 'offered'],
    ]);
  });
});

describe('sessions', () => {
  test('of an account that has the other list are an error that names the settings', async () => {
    const { systems, sandbox } = await open({ sandbox: { yoplanning: { bookings: { sessions: 'availabilities' } } } });
    const [product] = await sandbox.control.bookings.products();
    const failure = await failureOf(systems.resources.bookings.sessions.list(product!.id, {}, ask));
    expect(failure).toBeInstanceOf(UnexpectedResponse);
    expect(failure.message).toContain('yoplanning.paths');
  });

  test('of an account that does not show places have none known', async () => {
    const { systems, sandbox } = await open({ sandbox: { yoplanning: { bookings: { showsPlaces: false } } } });
    const [product] = await sandbox.control.bookings.products();
    const { items } = (await systems.resources.bookings.sessions.list(product!.id, {}, ask)).value;
    expect(items.map(({ placesLeft }) => placesLeft)).toEqual(items.map(() => null));
    const detail = await systems.resources.bookings.availability.get(items[0]!.id, ask);
    expect(detail.value?.placesLeft).toBeNull();
  });

  test('that are overbooked have no place left', async () => {
    const { systems, sandbox } = await open();
    const { bookings } = sandbox.control;
    const [session] = await bookings.sessions();
    await bookings.setPlaces(session!.id, 0);
    const client = await sandbox.control.add('yoplanning', lea);
    await bookings.book({ items: [{ session: session!.id }], client });
    expect((await bookings.sessions())[0]!.placesLeft).toBe(-1);
    const list = await systems.resources.bookings.sessions.list(session!.product, {}, ask);
    expect(list.value.items[0]!.placesLeft).toBe(0);
  });

  test('whose times have no zone are read in that of the configuration', async () => {
    const { systems, sandbox } = await open({
      sandbox: { yoplanning: { bookings: { catalogue: { firstDay, sessions: 3, days: 1 } } } },
      configure: (input) => (input.yoplanning.timeZone = 'Europe/Paris'),
    });
    const [first] = await sandbox.control.bookings.sessions();
    const list = await systems.resources.bookings.sessions.list(first!.product, {}, ask);
    // Two hours before UTC, in June.
    const shown = new Date(Date.parse(first!.startsAt) - 2 * 3_600_000).toISOString();
    expect(list.value.items[0]!.startsAt).toBe(shown);
  });
});

test('availability details show a session’s places and price, in the language that is asked for; null where there is none', async () => {
  const { systems, sandbox } = await open();
  const [session] = await sandbox.control.bookings.sessions();
  const { availability } = systems.resources.bookings;
  const { value } = await availability.get(session!.id, ask);
  expect(value).toMatchObject({
    id: session!.id,
    placesLeft: session!.placesLeft,
    price: euros(session!.price),
    document: { options: [{ title: 'Combinaison' }] },
  });
  expect((await availability.get(session!.id, ask, 'de')).value?.document).toMatchObject({
    options: [{ title: 'Neoprenanzug' }],
  });
  await sandbox.control.bookings.removeSession(session!.id);
  expect((await availability.get(session!.id, ask)).value).toBeNull();
});

test('categories are listed, their ids as text', async () => {
  const { systems } = await open();
  const { items } = (await systems.resources.bookings.categories.list({ limit: 2 }, ask)).value;
  expect(items).toEqual([
    { id: '302', name: 'Sailing' },
    { id: '303', name: 'Kayak' },
  ]);
});

describe('payments', () => {
  test('are listed, the latest first, and read one by one, with the operator who took them', async () => {
    const { systems, sandbox } = await open();
    const { bookings } = sandbox.control;
    const [session] = await bookings.sessions();
    const client = await sandbox.control.add('yoplanning', lea);
    const order = await bookings.book({ items: [{ session: session!.id }], client, paid: '51.25' });
    await bookings.editOrder(order, { paid: '3.00' });
    const { payments } = systems.resources.bookings;
    const [latest, payment] = (await payments.list({}, ask)).value.items;
    expect(latest).toMatchObject({ amount: euros('3.00'), orderId: order, clientId: null });
    expect(payment).toMatchObject({ amount: euros('51.25'), orderId: order, clientId: client });
    expect(payment!.operatorId).toMatch(/^[0-9a-f-]{36}$/);
    expect((await payments.get(payment!.id, ask)).value).toEqual(payment);
    expect((await payments.list({ after: new Date(Date.now() + 3_600_000) }, ask)).value.items).toEqual([]);
    expect((await payments.get(order, ask)).value).toBeNull();
  });
});

test('every resource is asked for at its configured path, slashes included', async () => {
  const slashes = {
    products: 'without',
    availabilityDetails: 'without',
    orderValidation: 'with',
    orders: 'with',
    payments: 'with',
    categories: 'without',
  } as const;
  const { systems, sandbox } = await open({
    sandbox: { yoplanning: { slashes } },
    configure: (input) =>
      (input.yoplanning.paths = {
        products: '/teams/{team}/online-products',
        product: '/teams/{team}/online-products/{id}',
        sessionGroups: '/teams/{team}/online-products/{product}/session-groups',
        availabilityDetails: '/teams/{team}/availability-details/{id}',
        orderValidation: '/teams/{team}/order-validation/',
        orders: '/teams/{team}/orders/',
        order: '/teams/{team}/orders/{id}/',
        payments: '/teams/{team}/payments/',
        payment: '/teams/{team}/payments/{id}/',
        categories: '/categories',
      }),
  });
  const [session] = await sandbox.control.bookings.sessions();
  const { products, sessions, availability, validate, orders, payments, categories } = systems.resources.bookings;
  const client = { firstName: 'Léa', lastName: 'Invent', email: null };
  const amount = euros('13.00');
  const draft = {
    externalReference: '7',
    items: [{ sessionGroup: session!.id, amount, client }],
    payments: [{ amount }],
  };
  await products.list({}, ask);
  await products.get(session!.product, ask);
  await sessions.list(session!.product, {}, ask);
  await availability.get(session!.id, ask);
  await validate(draft, ask);
  const placed = await orders.place(draft, ask);
  if (placed.outcome !== 'placed' || placed.order === null) throw new Error('not placed');
  await orders.list({}, ask);
  await orders.get(placed.order.id, ask);
  await payments.list({}, ask);
  await payments.get(placed.order.payments[0]!.id!, ask);
  await categories.list({}, ask);
  expect((await sandbox.control.counts()).yoplanning.byStatus).toEqual({ 200: 10, 201: 1 });
});
