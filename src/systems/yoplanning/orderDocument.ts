/**
 * An order in both directions: as it is sent (the JSON that the vendor shows for an order and its validation), and as it is read, by the places
 * that are configured.
 */
import type { YoplanningConfig } from '../../config/yoplanning.js';
import { carriedNumber, isJsonObject } from '../../core/document.js';
import type { Money } from '../../core/events/money.js';
import { contentIn, putAt } from '../places.js';
import type { Json, JsonObject } from '../system.js';
import type { DocumentReader } from './reading.js';
import { isOneOf } from './sessions.js';

export interface Order {
  readonly id: string;
  readonly externalReference: string | null;
  readonly status: 'active' | 'cancelled';
  /** ISO 8601 in UTC; null: not shown. */
  readonly createdAt: string | null;
  readonly modifiedAt: string | null;
  readonly items: readonly OrderItem[];
  readonly payments: readonly OrderPayment[];
}

export interface OrderItem {
  /** Null: not shown. */
  readonly id: string | null;
  /** Null: it is no session, but a voucher or the like. */
  readonly sessionId: string | null;
  readonly amount: Money | null;
  readonly clientId: string | null;
}

/** What is known of a session: from an order that shows it whole, or from the catalogue. */
export interface ShownSession {
  /** The session group's. */
  readonly id: string;
  /** ISO 8601 in UTC; null: not shown. */
  readonly startsAt: string | null;
  /** Of its product, in the language of the connection; null: not shown. */
  readonly title: string | null;
}

export interface OrderWithSessions {
  readonly order: Order;
  /** Of its items, each once, where they are shown whole. */
  readonly sessions: readonly ShownSession[];
}

export interface OrderPayment {
  readonly id: string | null;
  readonly amount: Money;
}

/** A client that exists, or one that the order makes. */
export type OrderClient = { readonly id: string } | NewOrderClient;

export interface NewOrderClient {
  readonly firstName: string;
  readonly lastName: string;
  readonly email: string | null;
}

export interface OrderItemDraft {
  /** Id of a session. */
  readonly sessionGroup: string;
  readonly amount: Money;
  readonly client: OrderClient;
}

export interface OrderPaymentDraft {
  readonly amount: Money;
  /** Who paid, where that is known. */
  readonly client?: OrderClient;
}

export interface OrderDraft {
  /** Our own id of the order: what it is found by after an answer that was lost. */
  readonly externalReference: string;
  readonly items: readonly OrderItemDraft[];
  readonly payments: readonly OrderPaymentDraft[];
}

type OrderConfig = Pick<YoplanningConfig, 'events'>;

/** Where the vendor documents the reference of an order, its items and its payments. */
export const referencePath = 'external_reference';
const itemsPath = 'items';
const paymentsPath = 'payments';

export function orderOf(reader: DocumentReader, { events }: OrderConfig): Order {
  const { statusField, cancelledWords, createdField, modifiedField } = events.order;
  const { sessionField, amountField, clientField, paidField } = events.order;
  const setting = (name: keyof typeof events.order) => `yoplanning.events.order.${name}`;
  const status = statusField === null ? null : reader.text(statusField);
  return {
    id: reader.id('id', 'yoplanning.paths.orders'),
    externalReference: reader.text(referencePath),
    status: isOneOf(status, cancelledWords) ? 'cancelled' : 'active',
    createdAt: reader.instant(createdField, setting('createdField')),
    modifiedAt: modifiedField === null ? null : reader.instant(modifiedField, setting('modifiedField')),
    items: reader.entries(itemsPath).map((entry) => {
      const item = reader.of(entry);
      return {
        id: item.text('id'),
        sessionId: item.nestedId(sessionField),
        amount: item.price(amountField, setting('amountField')),
        clientId: item.nestedId(clientField),
      };
    }),
    payments: reader.entries(paymentsPath).map((entry) => {
      const payment = reader.of(entry);
      const amount = payment.price(paidField, setting('paidField'));
      if (amount === null) throw payment.lacking(paidField, setting('paidField'), 'an amount');
      return { id: payment.text('id'), amount };
    }),
  };
}

/** Sessions of the order's items that stand in it whole, each once. One that cannot be read is as one that is not shown: the order can be. */
export function sessionsIn(reader: DocumentReader, { events }: OrderConfig): ShownSession[] {
  const { sessionField } = events.order;
  const sessions = new Map<string, ShownSession>();
  for (const entry of reader.entries(itemsPath)) {
    const content = contentIn(entry, sessionField);
    if (!isJsonObject(content)) continue;
    const shown = reader.of(content);
    const id = shown.text('id');
    if (id === null || sessions.has(id)) continue;
    const startsAt = shown.instantIfAny(events.session.startField);
    const title = shown.text('product.title') ?? shown.text('product.name');
    if (startsAt !== null || title !== null) sessions.set(id, { id, startsAt, title });
  }
  return [...sessions.values()];
}

/** @throws {RangeError} where an amount is of another currency than the team's */
export function orderDocument(draft: OrderDraft, config: OrderConfig): JsonObject {
  return {
    [referencePath]: draft.externalReference,
    [itemsPath]: draft.items.map((item) => itemDocument(item, config)),
    [paymentsPath]: draft.payments.map((payment) => paymentDocument(payment, config)),
  };
}

/** What is to be changed in an order. What is left out stays as it is. */
export interface OrderEdit {
  readonly cancel?: true;
  /** All items that the order shall have: those that stay by their id as read, and new ones. */
  readonly items?: readonly ({ readonly id: string } | OrderItemDraft)[];
  readonly addPayments?: readonly OrderPaymentDraft[];
}

/**
 * The whole document as read with a change in it: for a `PUT`, which loses what it leaves out.
 *
 * @throws {RangeError} where an item that shall stay is not in the document, or an amount is of another currency
 */
export function editedDocument(document: JsonObject, edit: OrderEdit, config: OrderConfig): JsonObject {
  const { statusField, cancelWord } = config.events.order;
  const edited = structuredClone(document);
  if (edit.cancel === true) {
    if (statusField === null) throw new RangeError('an order without a status is not cancelled by PUT');
    putAt(edited, statusField, cancelWord);
  }
  if (edit.items !== undefined) {
    const before = listAt(edited, itemsPath);
    const items = edit.items.map((item) => ('id' in item ? kept(before, item.id) : itemDocument(item, config)));
    putAt(edited, itemsPath, items);
  }
  if (edit.addPayments !== undefined) {
    const added = edit.addPayments.map((payment) => paymentDocument(payment, config));
    putAt(edited, paymentsPath, [...listAt(edited, paymentsPath), ...added]);
  }
  return edited;
}

function kept(items: readonly Json[], id: string): Json {
  const found = items.find((item) => (item as JsonObject)['id'] === id);
  if (found === undefined) throw new RangeError(`the order has no item ${id}`);
  return found;
}

function listAt(document: JsonObject, path: string): Json[] {
  const list = contentIn(document, path);
  return Array.isArray(list) ? list : [];
}

function itemDocument({ sessionGroup, amount, client }: OrderItemDraft, config: OrderConfig): JsonObject {
  return { session_group: sessionGroup, price: { amount: amountSent(amount, config) }, client: clientDocument(client) };
}

function paymentDocument({ amount, client }: OrderPaymentDraft, config: OrderConfig): JsonObject {
  return { amount: amountSent(amount, config), ...(client && { client: clientDocument(client) }) };
}

function clientDocument(client: OrderClient): JsonObject {
  if ('id' in client) return { id: client.id };
  return { first_name: client.firstName, last_name: client.lastName, email: client.email };
}

function amountSent({ amount, currency }: Money, { events }: OrderConfig): string {
  if (currency !== events.currency)
    throw new RangeError(`an amount of ${currency}, and the team uses ${events.currency}`);
  // As a number it stands in what is sent to the letter, and was never one of JavaScript's (core/json.ts).
  return events.order.amounts === 'text' ? amount : carriedNumber(amount);
}
