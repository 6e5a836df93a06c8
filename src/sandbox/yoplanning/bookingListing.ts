/** By what products, sessions, orders and payments can be filtered and sorted: what the vendor documents, and what other connectors use. */
import type { ResolvedBookingsOptions } from './bookingsOptions.js';
import type { Catalogue, ProductRecord, SessionRecord } from './catalogue.js';
import type { ListRules, Query } from './listing.js';
import type { OrderRecord, PaymentRecord } from './orders.js';
import { type FieldErrors, isCalendarDate } from './validation.js';

export const productRules: ListRules<ProductRecord> = {
  filters: {
    sub_category_id: { type: 'number', key: ({ category }) => category },
    category: { type: 'number', key: ({ category }) => category },
    team_id: { type: 'text', key: ({ team }) => team },
    last_modified: { type: 'datetime', key: ({ modifiedAtMs }) => modifiedAtMs },
  },
  orderings: {},
};

export const sessionRules: ListRules<SessionRecord> = {
  filters: { start_date: { type: 'datetime', key: ({ startMs }) => startMs } },
  orderings: { start_date: ({ startMs }) => startMs },
};

export function orderRules({ filtersByReference, sortsOrders }: ResolvedBookingsOptions): ListRules<OrderRecord> {
  const created = ({ createdAtMs }: OrderRecord) => createdAtMs;
  return {
    filters: {
      creation_date: { type: 'datetime', key: created },
      ...(filtersByReference && {
        external_reference: { type: 'text', key: ({ reference }: OrderRecord) => reference },
      }),
    },
    orderings: sortsOrders ? { creation_date: created, last_modified: ({ modifiedAtMs }) => modifiedAtMs } : {},
  };
}

export function paymentRules({ sortsOrders }: ResolvedBookingsOptions): ListRules<PaymentRecord> {
  const created = ({ createdAtMs }: PaymentRecord) => createdAtMs;
  return {
    filters: { creation_date: { type: 'datetime', key: created } },
    orderings: sortsOrders ? { creation_date: created } : {},
  };
}

const day = 24 * 3_600_000;

/** `start_date` and `end_date` of a newer text: products that have a session on or after, or on or before, a day. */
export function productsWithin(
  catalogue: Catalogue,
  query: Query,
): { readonly products: readonly ProductRecord[] } | { readonly errors: FieldErrors } {
  const [start, end] = [query.get('start_date') ?? '', query.get('end_date') ?? ''];
  const wrong = [
    ['start_date', start],
    ['end_date', end],
  ].filter(([, text]) => text !== '' && !isCalendarDate(text!));
  if (wrong.length > 0) return { errors: Object.fromEntries(wrong.map(([name]) => [name!, ['Enter a valid date.']])) };
  if (start === '' && end === '') return { products: catalogue.products() };
  const from = start === '' ? -Infinity : Date.parse(start);
  const until = end === '' ? Infinity : Date.parse(end) + day;
  const isWithin = ({ startMs, gone }: SessionRecord) => !gone && startMs >= from && startMs < until;
  return { products: catalogue.products().filter(({ id }) => catalogue.sessionsOf(id).some(isWithin)) };
}
