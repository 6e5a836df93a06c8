/** What Yoplanning sells and takes orders for. Each behaviour is documented by the vendor, or is Django REST framework's where the vendor is silent. */
import { describe, expect, test } from '@jest/globals';
import { sandboxCredentials, type SandboxOptions } from '../../src/sandbox/options.js';
import type { Sandbox } from '../../src/sandbox/sandbox.js';
import type { JsonObject } from '../../src/systems/system.js';
import { sandboxes, send, type Sending } from './http.js';
import { tellingSandboxes } from './told.js';

const start = sandboxes();
const startTelling = tellingSandboxes();
const { yoplanningToken, yoplanningTeam, yoplanningForeignTeam } = sandboxCredentials;
const authorization = `Token ${yoplanningToken}`;
const unknown = '0f8fad5b-d9cb-469f-a165-70867728950e';
const john = { first_name: 'John', last_name: 'Invent', email: 'john@courriel.example' };

interface Shown {
  readonly status: number;
  readonly json: JsonObject & { readonly results: readonly JsonObject[] };
  readonly location: unknown;
  readonly allow: unknown;
}

/** Sends below the team: `online-products/`, `orders?…`. */
async function team(
  sandbox: Sandbox,
  rest: string,
  sending: Sending = {},
  id: string = yoplanningTeam,
): Promise<Shown> {
  const url = `${sandbox.addresses.yoplanning}/api/v3.1/teams/${id}/${rest}`;
  const reply = await send(url, { ...sending, headers: { authorization, ...sending.headers } });
  const json = (reply.text.startsWith('{') ? JSON.parse(reply.text) : {}) as Shown['json'];
  return { status: reply.status, json, location: reply.headers['location'], allow: reply.headers['allow'] };
}

const post = (sandbox: Sandbox, rest: string, body: unknown) => team(sandbox, rest, { method: 'POST', body });

const selling = (bookings: NonNullable<SandboxOptions['yoplanning']>['bookings'] = {}): SandboxOptions => ({
  yoplanning: { bookings },
});

/** The vendor's example of an order, for a session of the sandbox. */
function example(session: string, more: JsonObject = {}): JsonObject {
  return {
    external_reference: '956',
    items: [{ session_group: session, price: { amount: 51.25 }, client: { ...john } }],
    payments: [{ amount: 51.25, client: { ...john } }],
    ...more,
  };
}

const idOf = (document: JsonObject) => document['id'] as string;

async function firstSession(sandbox: Sandbox): Promise<string> {
  return (await sandbox.control.bookings.sessions())[0]!.id;
}

describe('the catalogue', () => {
  test('is the same for the same seed and day, and another for another seed', async () => {
    const of = async (seed: number) => {
      const sandbox = await start(selling({ catalogue: { seed, firstDay: '2031-06-01' } }));
      return [await sandbox.control.bookings.products(), await sandbox.control.bookings.sessions()];
    };
    expect(await of(1)).toEqual(await of(1));
    expect(await of(2)).not.toEqual(await of(1));
  });

  test('is as large as it is asked to be, its sessions spread over products and days', async () => {
    const sandbox = await start(selling({ catalogue: { products: 300, sessions: 5_000, days: 60 } }));
    const sessions = await sandbox.control.bookings.sessions();
    expect([(await team(sandbox, 'online-products/')).json['count'], sessions.length]).toEqual([301, 5_000]);
    const byProduct = new Map<string, number>();
    for (const { product } of sessions) byProduct.set(product, (byProduct.get(product) ?? 0) + 1);
    expect(byProduct.size).toBe(300);
    expect([...new Set(byProduct.values())].sort()).toEqual([16, 17]);
    expect(new Set(sessions.map(({ id }) => id)).size).toBe(5_000);
    expect(new Set(sessions.map(({ startsAt }) => startsAt.slice(0, 10))).size).toBeGreaterThan(50);
  });

  test('shows a product in the vendor’s form: one price a text and one a number', async () => {
    const sandbox = await start();
    const [product] = (await team(sandbox, 'online-products/?lang=fr')).json.results;
    expect(product).toMatchObject({
      title: 'Voile 3 jours',
      team: yoplanningTeam,
      last_modified: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/) as unknown as string,
      sessions: { standard_price: { tax_excluded: '10.83', tax_included: '13.00' } },
      vouchers: { standard_price: 13 },
    });
    expect((await team(sandbox, `online-products/${idOf(product!)}/?lang=fr`)).json).toEqual(product);
    expect((await team(sandbox, `online-products/${unknown}/`)).json).toEqual({ detail: 'Not found.' });
  });

  test('has products of the teams that it is a dealer for, and is filtered to those of one', async () => {
    const sandbox = await start(selling({ catalogue: { products: 2, dealerProducts: 3 } }));
    const count = async (query: string) => (await team(sandbox, `online-products/${query}`)).json['count'];
    expect([await count(''), await count(`?team_id=${yoplanningTeam}`)]).toEqual([5, 2]);
  });

  test('refuses a filter that is no time or number, and ignores one that nobody knows', async () => {
    const sandbox = await start();
    const of = async (query: string) => (await team(sandbox, `online-products/?${query}`)).json;
    expect(await of('last_modified__gt=soon')).toEqual({ last_modified__gt: ['Enter a valid date/time.'] });
    expect(await of('sub_category_id=sailing')).toEqual({ sub_category_id: ['Enter a number.'] });
    expect(await of('start_date=2031-02-30')).toEqual({ start_date: ['Enter a valid date.'] });
    expect((await of('shoe_size=42&title=x'))['count']).toBe(4);
    expect((await of('last_modified__gt=2019-05-23+10:53:00'))['count']).toBe(4);
  });

  test('is read only, and only of the team that the token may use', async () => {
    const sandbox = await start();
    const written = await post(sandbox, 'online-products/', {});
    expect([written.status, written.allow]).toEqual([405, 'GET']);
    expect((await team(sandbox, 'online-products/', {}, yoplanningForeignTeam)).status).toBe(403);
    expect((await team(sandbox, 'online-products/', {}, unknown)).status).toBe(404);
  });
});

test.each([
  ['sessionGroups', 'session-groups', 'availabilities', 'id'],
  ['availabilities', 'availabilities', 'session-groups', 'session_group'],
] as const)('an account with %s has its sessions there, and no other list', async (sessions, list, other, idField) => {
  const sandbox = await start(selling({ sessions }));
  const [session] = await sandbox.control.bookings.sessions();
  const under = `online-products/${session!.product}`;
  const [shown] = (await team(sandbox, `${under}/${list}/`)).json.results;
  expect([shown![idField], shown!['start_date']]).toEqual([session!.id, session!.startsAt.slice(0, 19)]);
  expect((await team(sandbox, `${under}/${other}/`)).status).toBe(404);
});

describe('an order', () => {
  test('in the vendor’s form is placed, holds a place, and makes the client that it names', async () => {
    const sandbox = await start();
    const session = await firstSession(sandbox);
    const [before] = await sandbox.control.bookings.sessions();
    const { status, json } = await post(sandbox, 'orders', example(session));
    const [client] = await sandbox.control.ids('yoplanning');
    expect(status).toBe(201);
    expect(json).toMatchObject({
      external_reference: '956',
      status: 'created',
      items: [{ session_group: session, voucher: null, price: { amount: '51.25' }, client: { id: client, ...john } }],
      payments: [{ amount: '51.25', client, operator: null }],
    });
    expect((await sandbox.control.bookings.sessions())[0]!.placesLeft).toBe(before!.placesLeft - 1);
    expect((await team(sandbox, `orders/${idOf(json)}`)).json).toEqual(json);
    const listed = (await team(sandbox, 'orders')).json.results;
    expect(listed).toEqual([{ ...json, items: [{ ...(json['items'] as JsonObject[])[0], client }] }]);
  });

  test('sent twice is placed twice', async () => {
    const sandbox = await start();
    const session = await firstSession(sandbox);
    await post(sandbox, 'orders', example(session));
    await post(sandbox, 'orders', example(session));
    expect(await sandbox.control.bookings.orders()).toHaveLength(2);
  });

  test('that is validated holds nothing; a full session is named, by validation and by order', async () => {
    const sandbox = await start();
    const session = await firstSession(sandbox);
    await sandbox.control.bookings.setPlaces(session, 1);
    expect((await post(sandbox, 'order-validation', example(session))).json).toEqual({ success: true });
    expect((await post(sandbox, 'order-validation', example(session))).json).toEqual({ success: true });
    await post(sandbox, 'orders', example(session));
    const unavailable = { group_ids: [session], dry_resource_ids: [], voucher_ids: [], resources: [] };
    expect((await post(sandbox, 'order-validation', example(session))).json).toEqual({
      success: false,
      unavailable_items: unavailable,
    });
    const late = await post(sandbox, 'orders', example(session));
    expect([late.status, late.json]).toEqual([
      400,
      { items: [{ session_group: ['This session is no longer available.'] }] },
    ]);
    expect(await sandbox.control.bookings.orders()).toHaveLength(1);
  });

  test('for two in a session with one place is refused as a whole', async () => {
    const sandbox = await start();
    const session = await firstSession(sandbox);
    await sandbox.control.bookings.setPlaces(session, 1);
    const items = [...(example(session)['items'] as JsonObject[]), ...(example(session)['items'] as JsonObject[])];
    expect((await post(sandbox, 'orders', { ...example(session), items })).status).toBe(400);
    expect((await sandbox.control.bookings.sessions())[0]!.placesLeft).toBe(1);
    expect(await sandbox.control.ids('yoplanning')).toEqual([]);
  });

  test('that comes too late although its validation said yes: the fault takes the places before it', async () => {
    const sandbox = await start();
    const session = await firstSession(sandbox);
    await sandbox.control.addFault({ resource: 'order', kind: 'create', times: 1, action: { do: 'takePlaces' } });
    expect((await post(sandbox, 'order-validation', example(session))).json).toEqual({ success: true });
    expect((await post(sandbox, 'orders', example(session))).status).toBe(400);
    expect((await sandbox.control.bookings.sessions())[0]!.placesLeft).toBe(0);
  });

  const item = (more: JsonObject) => ({
    items: [{ session_group: unknown, price: { amount: 1 }, client: { ...john }, ...more }],
  });
  test.each([
    ['without items', { items: [] }, { items: { non_field_errors: ['This list may not be empty.'] } }],
    [
      'for a session that is not there',
      item({}),
      { items: [{ session_group: [`Invalid pk "${unknown}" - object does not exist.`] }] },
    ],
    ['without a session', item({ session_group: null }), { items: [{ session_group: ['This field is required.'] }] }],
  ])('%s is refused', async (_, more, errors) => {
    const sandbox = await start();
    const { status, json } = await post(sandbox, 'orders', example(await firstSession(sandbox), more));
    expect([status, json]).toEqual([400, errors]);
  });

  test.each([
    ['no price', { price: null }, { price: ['This field is required.'] }],
    ['a price that is none', { price: { amount: 'free' } }, { price: { amount: ['A valid number is required.'] } }],
    [
      'a price of three decimals',
      { price: { amount: '1.005' } },
      { price: { amount: ['Ensure that there are no more than 2 decimal places.'] } },
    ],
    ['no client', { client: null }, { client: ['This field is required.'] }],
    [
      'a client without names',
      { client: {} },
      { client: { first_name: ['This field is required.'], last_name: ['This field is required.'] } },
    ],
    [
      'a client that is not there',
      { client: { id: unknown } },
      { client: { id: [`Invalid pk "${unknown}" - object does not exist.`] } },
    ],
  ])('with an item of %s is refused, and the fields are named at their place', async (_, more, errors) => {
    const sandbox = await start();
    const session = await firstSession(sandbox);
    const [fine] = example(session)['items'] as JsonObject[];
    const items = [fine!, { ...fine!, ...more }] as JsonObject[];
    for (const rest of ['orders', 'order-validation']) {
      const { status, json } = await post(sandbox, rest, { ...example(session), items });
      expect([status, json]).toEqual([400, { items: [{}, errors] }]);
    }
    expect(await sandbox.control.ids('yoplanning')).toEqual([]);
  });

  test('loses what a PUT leaves out, and gives back its place', async () => {
    const sandbox = await start();
    const [first, second] = (await sandbox.control.bookings.sessions()).map(({ id }) => id) as [string, string];
    const left = async () =>
      (await sandbox.control.bookings.sessions()).slice(0, 2).map(({ placesLeft }) => placesLeft);
    const [one, two] = (await left()) as [number, number];
    const { json } = await post(sandbox, 'orders', example(first));
    expect(await left()).toEqual([one - 1, two]);
    const body = { items: [{ ...(json['items'] as JsonObject[])[0], session_group: second }] };
    const put = await team(sandbox, `orders/${idOf(json)}`, { method: 'PUT', body });
    expect(put.json).toMatchObject({ external_reference: null, payments: [], items: [{ session_group: second }] });
    expect(await left()).toEqual([one, two - 1]);
  });

  test('survives GET and PUT of the same document as it was', async () => {
    const sandbox = await start();
    const { json } = await post(sandbox, 'orders', example(await firstSession(sandbox)));
    const put = await team(sandbox, `orders/${idOf(json)}`, { method: 'PUT', body: json });
    expect([put.status, put.json]).toEqual([200, { ...json, last_modified: put.json['last_modified'] }]);
  });

  test('is cancelled by its status, which frees its places, and by nothing but the word that is known', async () => {
    const sandbox = await start();
    const session = await firstSession(sandbox);
    const [before] = await sandbox.control.bookings.sessions();
    const { json } = await post(sandbox, 'orders', example(session));
    const put = (status: string) => team(sandbox, `orders/${idOf(json)}`, { method: 'PUT', body: { ...json, status } });
    expect((await put('gone')).json).toEqual({ status: ['"gone" is not a valid choice.'] });
    expect((await put('cancelled')).json['status']).toBe('cancelled');
    expect((await sandbox.control.bookings.sessions())[0]).toEqual(before);
  });

  test('of an account that allows neither PUT nor DELETE answers 405, and names what it allows', async () => {
    const sandbox = await start(selling({ orderPut: false, orderDelete: false }));
    const { json } = await post(sandbox, 'orders', example(await firstSession(sandbox)));
    for (const method of ['PUT', 'DELETE']) {
      const reply = await team(sandbox, `orders/${idOf(json)}`, { method, body: json });
      expect([reply.status, reply.allow]).toEqual([405, 'GET']);
    }
  });

  test('cannot be placed with a token that may only read, but validated', async () => {
    const sandbox = await start({ yoplanning: { mayWrite: false } });
    const session = await firstSession(sandbox);
    expect((await post(sandbox, 'order-validation', example(session))).status).toBe(200);
    expect((await post(sandbox, 'orders', example(session))).status).toBe(403);
  });

  test('shows its vouchers, their products and its operators whole where that is asked for', async () => {
    const sandbox = await start();
    const [product] = await sandbox.control.bookings.products();
    const client = await sandbox.control.add('yoplanning', { firstName: 'Léa', lastName: 'Invent' });
    await sandbox.control.bookings.book({ items: [{ voucherOf: product!.id }], client, paid: '13.00' });
    const list = async (query: string) => (await team(sandbox, `orders${query}`)).json.results[0]!;
    const plain = await list('');
    const voucher = (plain['items'] as JsonObject[])[0]!['voucher'];
    const operator = (plain['payments'] as JsonObject[])[0]!['operator'];
    expect([typeof voucher, typeof operator]).toEqual(['string', 'string']);
    expect(await list('?expand=items.voucher')).toMatchObject({
      items: [{ voucher: { id: voucher!, product: product!.id } }],
    });
    expect(await list('?expand=items.voucher.product,payments.operator&lang=fr')).toMatchObject({
      items: [{ voucher: { id: voucher!, product: { id: product!.id, title: product!.titles['fr']! } } }],
      payments: [{ operator: { id: operator! } }],
    });
    const [payment] = (await team(sandbox, 'payments?expand=operator')).json.results;
    expect(payment).toMatchObject({ operator: { id: operator! } });
    expect((await team(sandbox, `payments/${idOf(payment!)}`)).json['operator']).toBe(operator);
  });
});

describe('paths', () => {
  test.each([
    ['online-products', 'online-products/'],
    ['orders/', 'orders'],
    ['payments/', 'payments'],
    ['order-validation/', 'order-validation'],
    [`availability-details/${unknown}`, `availability-details/${unknown}/`],
  ])('have the vendor’s own slashes, and %s is redirected', async (asked, canonical) => {
    const sandbox = await start();
    const { status, location } = await team(sandbox, asked);
    expect([status, location]).toEqual([301, `/api/v3.1/teams/${yoplanningTeam}/${canonical}`]);
  });

  test('to the categories stand beside the teams', async () => {
    const sandbox = await start();
    const url = `${sandbox.addresses.yoplanning}/api/v3.1/categories/`;
    const reply = JSON.parse((await send(url, { headers: { authorization } })).text) as JsonObject;
    expect((reply['results'] as JsonObject[])[0]).toEqual({ id: 302, name: 'Sailing' });
    expect((await send(url)).status).toBe(401);
  });
});

test('requests for orders count against the limits as all others do', async () => {
  const sandbox = await start({ yoplanning: { limits: { requestsPerDay: 2 } } });
  const session = await firstSession(sandbox);
  await post(sandbox, 'order-validation', example(session));
  await team(sandbox, 'orders');
  expect((await post(sandbox, 'orders', example(session))).status).toBe(429);
  expect(await sandbox.control.bookings.orders()).toEqual([]);
  expect((await sandbox.control.counts()).yoplanning.byKind).toMatchObject({ check: 1, list: 1, create: 1 });
});

test('faults of one resource strike no other', async () => {
  const sandbox = await start();
  await sandbox.control.addFault({ resource: 'order', action: { do: 'status', status: 503 } });
  const statuses = [await team(sandbox, 'orders'), await team(sandbox, 'payments'), await team(sandbox, 'clients')];
  expect(statuses.map(({ status }) => status)).toEqual([503, 200, 200]);
});

describe('webhooks', () => {
  const events = (bodies: readonly JsonObject[]) =>
    bodies.map(({ resource, event }) => [(resource as JsonObject)['type'], event]);

  test('tell of an order that is created, modified and cancelled by the API, with ids and no content', async () => {
    const { sandbox, bodies } = await startTelling();
    const { json } = await post(sandbox, 'orders', example(await firstSession(sandbox)));
    const id = idOf(json);
    await team(sandbox, `orders/${id}`, { method: 'PUT', body: json });
    await team(sandbox, `orders/${id}`, { method: 'PUT', body: { ...json, status: 'cancelled' } });
    await team(sandbox, `orders/${id}`, { method: 'DELETE' });
    await sandbox.control.settled();
    expect(events(bodies())).toEqual([
      ['client', 'created'],
      ['order', 'created'],
      ['order', 'modified'],
      ['order', 'cancelled'],
      ['order', 'cancelled'],
    ]);
    const link = `${sandbox.addresses.yoplanning}/api/v3.1/teams/${yoplanningTeam}/orders/${id}`;
    expect(bodies()[1]).toEqual({ resource: { id, type: 'order' }, link, event: 'created' });
  });

  test('tell of what staff do with orders, and of nothing where an order was refused', async () => {
    const { sandbox, bodies } = await startTelling();
    const { bookings } = sandbox.control;
    const session = await firstSession(sandbox);
    const client = await sandbox.control.add('yoplanning', { firstName: 'Léa', lastName: 'Invent' });
    const id = await bookings.book({ items: [{ session }], client, externalReference: '7' });
    await bookings.editOrder(id, { externalReference: '8', price: '5.00' });
    await bookings.cancelOrder(id);
    await bookings.cancelOrder(id);
    await bookings.setPlaces(session, 0);
    await post(sandbox, 'orders', example(session));
    await sandbox.control.settled();
    expect(events(bodies())).toEqual([
      ['client', 'created'],
      ['order', 'created'],
      ['order', 'modified'],
      ['order', 'cancelled'],
    ]);
    expect(await bookings.orders()).toMatchObject([
      { external_reference: '8', status: 'cancelled', items: [{ price: { amount: '5.00' } }] },
    ]);
  });

  test('tell of an order whose answer was lost', async () => {
    const { sandbox, bodies } = await startTelling({
      faults: [{ resource: 'order', kind: 'create', action: { do: 'reset', effect: 'applied' } }],
    });
    await expect(post(sandbox, 'orders', example(await firstSession(sandbox)))).rejects.toThrow();
    await sandbox.control.settled();
    expect(events(bodies())).toContainEqual(['order', 'created']);
  });
});

describe('staff', () => {
  test('add products and sessions, edit them and take them away, and the API shows it', async () => {
    const sandbox = await start(selling({ catalogue: { products: 0, dealerProducts: 0 } }));
    const { bookings } = sandbox.control;
    const product = await bookings.addProduct({ title: 'Night sail', titles: { fr: 'Voile de nuit' }, price: '42.00' });
    const startsAt = '2031-06-01T20:00:00.000Z';
    const session = await bookings.addSession({ product, startsAt, places: 3 });
    const shown = async () => (await team(sandbox, 'online-products/?lang=fr')).json.results;
    const sessions = async () => (await team(sandbox, `online-products/${product}/session-groups/`)).json.results;
    expect(await shown()).toMatchObject([{ id: product, title: 'Voile de nuit' }]);
    const price = { tax_included: '42.00' };
    expect(await sessions()).toMatchObject([
      { id: session, remaining_places: 3, end_date: '2031-06-01T22:00:00', price },
    ]);
    await bookings.editProduct(product, { titles: { fr: 'Nuit' } });
    expect(await shown()).toMatchObject([{ title: 'Nuit' }]);
    await bookings.removeSession(session);
    expect(await sessions()).toEqual([]);
    await bookings.removeProduct(product);
    expect(await shown()).toEqual([]);
  });

  test('are told of what is not there', async () => {
    const { bookings } = (await start()).control;
    await expect(bookings.setPlaces(unknown, 1)).rejects.toMatchObject({ status: 404 });
    await expect(bookings.cancelOrder(unknown)).rejects.toMatchObject({ status: 404 });
    await expect(bookings.addSession({ product: unknown, startsAt: 'soon', places: 1 })).rejects.toMatchObject({
      status: 400,
    });
  });
});
