/** The orders of one team, their payments, and the places that they hold. */
import { randomUUID } from 'node:crypto';
import type { JsonObject } from '../../systems/system.js';
import { Records } from '../records.js';
import type { OnChange } from '../registry.js';
import { type Catalogue, decimal, placesLeft, productDocument, sessionDocument, stamp } from './catalogue.js';
import { type Clients, emptyFields } from './clients.js';
import type { ResolvedBookingsOptions } from './bookingsOptions.js';
import type { NamedClient, ParsedItem, ParsedOrder, ParsedPayment } from './orderParsing.js';

export interface ItemRecord {
  readonly id: string;
  /** One of the two. */
  readonly session: string | null;
  /** A ticket without a date, for this product. */
  readonly voucher: { readonly id: string; readonly product: string } | null;
  readonly cents: number;
  readonly client: string;
}

export interface PaymentRecord {
  readonly id: string;
  readonly order: string;
  readonly cents: number;
  readonly client: string | null;
  /** Who took it at the desk; null: it came by the API. */
  readonly operator: string | null;
  readonly createdAtMs: number;
}

export interface OrderRecord {
  readonly id: string;
  reference: string | null;
  cancelled: boolean;
  readonly createdAtMs: number;
  modifiedAtMs: number;
  items: readonly ItemRecord[];
  payments: readonly PaymentRecord[];
}

type By = 'api' | 'desk';

/** The one who works at the desk. */
export const operator = {
  id: '3f0e6a52-7a59-4f0c-9a55-5e7a3b1d9c10',
  first_name: 'Loïc',
  last_name: 'Accueil',
} as const;

export class Orders {
  readonly #records = new Records<OrderRecord>();
  #latestMs = 0;

  constructor(
    private readonly clients: Clients,
    private readonly catalogue: Catalogue,
    private readonly onChange: OnChange,
  ) {}

  /** In the order in which they were placed. */
  all(): readonly OrderRecord[] {
    return this.#records.all();
  }

  get(id: string): OrderRecord | undefined {
    return this.#records.get(id);
  }

  payments(): readonly PaymentRecord[] {
    return this.all().flatMap(({ payments }) => payments);
  }

  /** Sessions that cannot take their items, those that an order holds already left out. */
  full(items: readonly ParsedItem[], held: readonly ItemRecord[] = []): string[] {
    const wanted = countBySession(items);
    const own = countBySession(held);
    return [...wanted].flatMap(([id, places]) => {
      const session = this.catalogue.session(id);
      const free = session === undefined || session.gone ? 0 : placesLeft(session) + (own.get(id) ?? 0);
      return places > free ? [id] : [];
    });
  }

  /** Somebody else takes what is left of these sessions. */
  takePlaces(items: readonly ParsedItem[]): void {
    for (const id of countBySession(items).keys()) {
      const session = this.catalogue.session(id);
      if (session !== undefined) session.booked = Math.max(session.booked, session.places);
    }
  }

  /** The caller has seen that there are places. */
  place(order: ParsedOrder, by: By): OrderRecord {
    const createdAtMs = this.#now();
    const id = randomUUID();
    const record: OrderRecord = {
      id,
      reference: order.reference,
      cancelled: false,
      createdAtMs,
      modifiedAtMs: createdAtMs,
      ...this.#contents(id, order, by),
    };
    this.#hold(record.items, 1);
    this.#records.add(record);
    this.onChange({ system: 'yoplanning', kind: 'order', record: id, event: 'created', by });
    return record;
  }

  /** Replaces everything but its id and the time at which it was placed. */
  replace(record: OrderRecord, order: ParsedOrder, by: By): void {
    const contents = this.#contents(record.id, order, by, record);
    if (!record.cancelled) this.#hold(record.items, -1);
    const isCancelled = order.cancelled && !record.cancelled;
    Object.assign(record, { reference: order.reference, cancelled: order.cancelled, ...contents });
    if (!record.cancelled) this.#hold(record.items, 1);
    this.#changed(record, isCancelled ? 'cancelled' : 'updated', by);
  }

  cancel(record: OrderRecord, by: By): void {
    if (record.cancelled) return;
    this.#hold(record.items, -1);
    record.cancelled = true;
    this.#changed(record, 'cancelled', by);
  }

  /** For good. */
  remove(record: OrderRecord, by: By): void {
    if (!record.cancelled) this.#hold(record.items, -1);
    this.#records.remove(record.id);
    this.onChange({ system: 'yoplanning', kind: 'order', record: record.id, event: 'cancelled', by });
  }

  /** Never the same twice, so that what was later is sorted behind. */
  #now(): number {
    this.#latestMs = Math.max(Date.now(), this.#latestMs + 1);
    return this.#latestMs;
  }

  #changed(record: OrderRecord, event: 'updated' | 'cancelled', by: By): void {
    record.modifiedAtMs = Math.max(Date.now(), record.modifiedAtMs + 1);
    this.onChange({ system: 'yoplanning', kind: 'order', record: record.id, event, by });
  }

  #contents(order: string, { items, payments }: ParsedOrder, by: By, before?: OrderRecord) {
    const madeNow = new Map<string, string>();
    const clientOf = (client: NamedClient) => this.#clientOf(client, by, madeNow);
    return {
      items: items.map(({ id, session, voucher, cents, client }) => ({
        id: id ?? randomUUID(),
        session,
        voucher,
        cents,
        client: clientOf(client),
      })),
      payments: payments.map((payment) => {
        const known = before?.payments.find(({ id }) => id === payment.id);
        return known ?? this.#payment(order, payment, by, clientOf);
      }),
    };
  }

  #payment(order: string, { cents, client }: ParsedPayment, by: By, clientOf: (client: NamedClient) => string) {
    return {
      id: randomUUID(),
      order,
      cents,
      client: client === null ? null : clientOf(client),
      operator: by === 'desk' ? operator.id : null,
      createdAtMs: this.#now(),
    };
  }

  /** A client without an id is made, once in an order: whoever pays and takes part is one person. */
  #clientOf(client: NamedClient, by: By, madeNow: Map<string, string>): string {
    if ('id' in client) return client.id;
    const name = JSON.stringify([client.first_name, client.last_name, client.email]);
    const known = madeNow.get(name);
    if (known !== undefined) return known;
    const id = randomUUID();
    this.clients.create(id, { ...emptyFields, ...client }, by);
    madeNow.set(name, id);
    return id;
  }

  #hold(items: readonly ItemRecord[], sign: 1 | -1): void {
    for (const [id, places] of countBySession(items)) {
      const session = this.catalogue.session(id);
      if (session !== undefined) session.booked += sign * places;
    }
  }
}

function countBySession(items: readonly { readonly session: string | null }[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { session } of items) if (session !== null) counts.set(session, (counts.get(session) ?? 0) + 1);
  return counts;
}

/** How an account shows its orders. */
export interface OrderView {
  readonly options: ResolvedBookingsOptions;
  readonly clients: Clients;
  readonly catalogue: Catalogue;
  /** Dotted names of nested resources that are shown whole. */
  readonly expand: ReadonlySet<string>;
  readonly lang: string;
}

/**
 * An order as it is sent, with what the server adds. What an answer looks like is not public; a client stands in it by its id.
 *
 * @param isOne read by its id: then clients stand in it whole, because "some nested objects may be expanded by default"
 */
export function orderDocument(order: OrderRecord, view: OrderView, isOne: boolean): JsonObject {
  const { options } = view;
  const expandsClients = isOne || view.expand.has('items.client');
  return {
    id: order.id,
    external_reference: order.reference,
    status: order.cancelled ? options.cancelledWord : 'created',
    creation_date: stamp(order.createdAtMs),
    last_modified: stamp(order.modifiedAtMs),
    items: order.items.map(({ id, session, voucher, cents, client }) => ({
      id,
      session_group: session === null ? null : shownSession(session, view),
      voucher: voucher && voucherDocument(voucher, view),
      price: { amount: amount(cents, options) },
      client: expandsClients ? clientDocument(client, view) : client,
    })),
    payments: order.payments.map((payment) => paymentDocument(payment, view, 'payments.')),
  };
}

/** @param prefix of what `expand` names: an order's payments are `payments.operator` */
export function paymentDocument(payment: PaymentRecord, view: OrderView, prefix = ''): JsonObject {
  const { id, order, cents, client, createdAtMs } = payment;
  const isExpanded = payment.operator !== null && view.expand.has(`${prefix}operator`);
  return {
    id,
    order,
    amount: amount(cents, view.options),
    client,
    operator: isExpanded ? { ...operator } : payment.operator,
    creation_date: stamp(createdAtMs),
  };
}

/** As vouchers are: by its id, or whole, and its product likewise. */
function shownSession(id: string, { expand, catalogue, lang }: OrderView) {
  const session = catalogue.session(id);
  const isWhole = [...expand].some((name) => name.startsWith('items.session_group'));
  if (!isWhole || session === undefined) return id;
  const product = expand.has('items.session_group.product') ? catalogue.product(session.product) : undefined;
  return {
    ...sessionDocument(session, 'session-groups', false),
    product: product === undefined ? session.product : productDocument(product, lang),
  };
}

function voucherDocument(voucher: { readonly id: string; readonly product: string }, view: OrderView) {
  const { expand, catalogue, lang } = view;
  const isWhole = [...expand].some((name) => name.startsWith('items.voucher'));
  if (!isWhole) return voucher.id;
  const product = expand.has('items.voucher.product') ? catalogue.product(voucher.product) : undefined;
  return { id: voucher.id, product: product === undefined ? voucher.product : productDocument(product, lang) };
}

function clientDocument(id: string, { clients }: OrderView): JsonObject {
  const client = clients.get(id);
  if (client === undefined) return { id };
  const { first_name, last_name, email } = client.document;
  return { id, first_name, last_name, email };
}

function amount(cents: number, { amounts }: ResolvedBookingsOptions): string | number {
  return amounts === 'number' ? cents / 100 : decimal(cents);
}
