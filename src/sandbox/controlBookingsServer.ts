/** The server side of controlBookings.ts. */
import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { SandboxProduct, SandboxSession } from './controlBookings.js';
import type { Bookings } from './yoplanning/bookings.js';
import { decimal, type ProductRecord, type SessionRecord } from './yoplanning/catalogue.js';
import type { Clients } from './yoplanning/clients.js';
import { orderDocument, type OrderRecord } from './yoplanning/orders.js';
import type { ParsedItem, ParsedOrder } from './yoplanning/orderParsing.js';

export interface BookingsParts extends Bookings {
  readonly team: string;
  readonly clients: Clients;
}

/** What is asked for is not there: answered 404, with this message. */
export class NothingThere extends Error {
  override readonly name = 'NothingThere';
}

/** Decimal text, in cents. */
const price = z
  .string()
  .regex(/^\d{1,8}\.\d\d$/, 'expected an amount such as 13.00')
  .transform((text) => Number(text.replace('.', '')));
const titles = z.strictObject({ fr: z.string().optional(), de: z.string().optional() });
const productSchema = z.strictObject({
  title: z.string(),
  titles: titles.default({}),
  team: z.uuid().optional(),
  category: z.number().int().default(302),
  price: price.prefault('13.00'),
});
const productEditSchema = z.strictObject({
  title: z.string().optional(),
  titles: titles.optional(),
  category: z.number().int().optional(),
  price: price.optional(),
});
const instant = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));
const sessionSchema = z.strictObject({
  product: z.uuid(),
  startsAt: instant,
  endsAt: instant.optional(),
  places: z.number().int().nonnegative(),
  price: price.optional(),
});
const placesSchema = z.strictObject({ left: z.number().int().nonnegative() });
const itemSchema = z.strictObject({
  session: z.uuid().optional(),
  voucherOf: z.uuid().optional(),
  price: price.optional(),
});
const orderSchema = z.strictObject({
  items: z.array(itemSchema).min(1),
  client: z.uuid(),
  externalReference: z.string().optional(),
  paid: price.optional(),
});
const orderEditSchema = z.strictObject({
  externalReference: z.string().nullable().optional(),
  session: z.uuid().optional(),
  price: price.optional(),
  paid: price.optional(),
});
const byId = z.object({ id: z.string() });
const ofProduct = z.object({ product: z.string().optional() });

const twoHours = 2 * 3_600_000;

export function addBookingsControl(app: FastifyInstance, parts: BookingsParts): void {
  const { catalogue, orders, team } = parts;
  const done = { done: true };
  const product = (id: string) => found(catalogue.product(id), `product ${id}`);
  const session = (id: string) => found(catalogue.session(id), `session ${id}`);
  const order = (params: unknown) => {
    const { id } = byId.parse(params);
    return found(orders.get(id), `order ${id}`);
  };

  app.get('/bookings/products', () => catalogue.products().map(shownProduct));
  app.post('/bookings/products', ({ body }) => {
    const { title, titles: others, price: cents, category, team: owner = team } = productSchema.parse(body);
    const id = randomUUID();
    const named = { en: title, ...given(others) };
    catalogue.add({ id, team: owner, titles: named, category, cents, maximum: 10, modifiedAtMs: Date.now() });
    return { id };
  });
  app.patch('/bookings/products/:id', ({ params, body }) => {
    const record = product(byId.parse(params).id);
    const { title, titles: others, category, price: cents } = productEditSchema.parse(body);
    record.titles = { ...record.titles, ...given({ en: title }), ...given(others ?? {}) };
    Object.assign(record, given({ category, cents }));
    catalogue.touch(record.id);
    return done;
  });
  app.delete('/bookings/products/:id', ({ params }) => {
    catalogue.remove(product(byId.parse(params).id).id);
    return done;
  });

  app.get('/bookings/sessions', ({ query }) => {
    const asked = ofProduct.parse(query).product;
    const products = asked === undefined ? catalogue.products() : [product(asked)];
    return products.flatMap(({ id }) => catalogue.sessionsOf(id)).map(shownSession);
  });
  app.post('/bookings/sessions', ({ body }) => {
    const asked = sessionSchema.parse(body);
    const of = product(asked.product);
    const id = randomUUID();
    const { startsAt: startMs, endsAt: endMs = startMs + twoHours, places, price: cents = of.cents } = asked;
    catalogue.addSession({ id, product: of.id, startMs, endMs, places, booked: 0, cents, gone: false });
    catalogue.touch(of.id);
    return { id };
  });
  app.put('/bookings/sessions/:id/places', ({ params, body }) => {
    const record = session(byId.parse(params).id);
    record.places = record.booked + placesSchema.parse(body).left;
    return done;
  });
  app.delete('/bookings/sessions/:id', ({ params }) => {
    const record = session(byId.parse(params).id);
    record.gone = true;
    catalogue.touch(record.product);
    return done;
  });

  app.get('/bookings/orders', () => {
    const view = { ...parts, expand: new Set<string>(), lang: 'en' };
    return orders.all().map((one) => orderDocument(one, view, true));
  });
  app.post('/bookings/orders', ({ body }) => {
    const { items, client, externalReference = null, paid } = orderSchema.parse(body);
    found(parts.clients.get(client), `client ${client}`);
    const parsed: ParsedOrder = {
      reference: externalReference,
      cancelled: false,
      items: items.map(({ session: at, voucherOf, price: cents }): ParsedItem => {
        const usual = at === undefined ? product(voucherOf ?? '').cents : session(at).cents;
        const voucher = voucherOf === undefined ? null : { id: randomUUID(), product: voucherOf };
        return { id: null, session: at ?? null, voucher, cents: cents ?? usual, client: { id: client } };
      }),
      payments: paid === undefined ? [] : [{ id: null, cents: paid, client: { id: client } }],
    };
    return { id: orders.place(parsed, 'desk').id };
  });
  app.patch('/bookings/orders/:id', ({ params, body }) => {
    const record = order(params);
    const { externalReference, session: at, price: cents, paid } = orderEditSchema.parse(body);
    if (at !== undefined) session(at);
    const asRead = parsedOf(record);
    const edited: ParsedOrder = {
      reference: externalReference === undefined ? asRead.reference : externalReference,
      cancelled: asRead.cancelled,
      items: asRead.items.map((item) => ({ ...item, ...given({ session: at, cents }) })),
      payments: [...asRead.payments, ...(paid === undefined ? [] : [{ id: null, cents: paid, client: null }])],
    };
    orders.replace(record, edited, 'desk');
    return done;
  });
  app.post('/bookings/orders/:id/cancellation', ({ params }) => {
    orders.cancel(order(params), 'desk');
    return done;
  });
  app.delete('/bookings/orders/:id', ({ params }) => {
    orders.remove(order(params), 'desk');
    return done;
  });
}

function found<T>(record: T | undefined, what: string): T {
  if (record === undefined) throw new NothingThere(`yoplanning has no ${what}`);
  return record;
}

/** What was said of it. */
function given<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const said = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(said) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

function parsedOf({ reference, cancelled, items, payments }: OrderRecord): ParsedOrder {
  return {
    reference,
    cancelled,
    items: items.map(({ client, ...item }) => ({ ...item, client: { id: client } })),
    payments: payments.map(({ id, cents, client }) => ({ id, cents, client: client === null ? null : { id: client } })),
  };
}

function shownProduct({ id, team, titles, category, cents }: ProductRecord): SandboxProduct {
  return { id, team, titles: { ...titles }, category, price: decimal(cents) };
}

function shownSession({ id, product, startMs, endMs, places, booked, cents, gone }: SessionRecord): SandboxSession {
  return {
    id,
    product,
    startsAt: new Date(startMs).toISOString(),
    endsAt: new Date(endMs).toISOString(),
    placesLeft: places - booked,
    price: decimal(cents),
    gone,
  };
}
