/** One registration's link as it is decided about: what is stored of both sides, and who its participants are among the clients. */
import {
  type AgreedBooking,
  type BookingAnswer,
  type BookingQuestion,
  bookingQuestions,
  type BookingView,
  type Hindrance,
  type OrderView,
  type WantedView,
} from '../../core/events/bookings.js';
import { compareMoney, type Money, moneyOf, sumMoney } from '../../core/events/money.js';
import { type EventPlace, placeFor } from '../../core/events/places.js';
import type { Registration } from '../../core/events/registration.js';
import { type ParticipantClient, type Wanted, wantedOf } from '../../core/events/wanted.js';
import type { Scope } from '../../core/record.js';
import { sessionAt } from '../../store/catalogue.js';
import type { CaseAnswer } from '../../store/cases.js';
import type { Sql, Transaction } from '../../store/database.js';
import { findLinkState, type LinkState } from '../../store/linkState.js';
import { type Booking, clientsByKeys, clientsOfMembers, findBooking, placesOf } from '../../store/bookings.js';
import type { ShadowRow } from '../../store/shadows.js';
import { registrationOf } from '../../systems/yapla/events.js';
import { inBody } from '../../systems/yapla/exportedRegistration.js';
import type { Order } from '../../systems/yoplanning/orders.js';
import type { JsonObject } from '../../core/document.js';
import { keysByName } from '../nameKeys.js';
import type { OpenEvents } from './open.js';

/** All that is known of one registration. Values: they stay in this process. */
export interface BookingState {
  readonly link: LinkState;
  readonly booking: Booking;
  /** Null: it cannot be read as the configuration is now. */
  readonly registration: Registration | null;
  readonly wanted: Wanted | null;
  /** As it was read last; null: there is none, or it is gone. */
  readonly order: Order | null;
  readonly view: BookingView;
}

/** What both sides of a registration's link agree on (`link.base`): hashes, and `yes` or `no`. `booking`: empty where there is no order. */
export type BookingBase = Readonly<Record<'wants' | 'booking' | 'cancelled' | 'paid', string>>;

/** @returns null where there is no such link, or nothing was read of the registration */
export async function loadBooking(
  sql: Sql | Transaction,
  events: OpenEvents,
  linkId: string,
): Promise<BookingState | null> {
  const { scope } = events;
  const loading = { depth: 'documents', writesWithinMs: events.connection.config.live.flipWindowMs } as const;
  const link = await findLinkState(sql, scope, linkId, loading);
  const booking = link === null ? null : await findBooking(sql, scope, linkId);
  const shadow = link?.pair.shadows.yapla;
  if (link === null || booking === null || !shadow) return null;
  const told = shadow.fields['cancelled'] === 'yes' ? 'deleted' : 'updated';
  const body = inBody(events.yapla.events.registration, shadow.document);
  const reading = registrationOf(events.yapla, body, told);
  const registration = reading.problems === undefined ? reading.value : null;
  const places = registration === null ? [] : await placesOf(sql, scope, [booking.event]);
  const place = placeFor(booking, places);
  const way = booking.chosen ?? place?.sessionId ?? (await sessionThen(sql, scope, place, booking.startsAt));
  const session = way === undefined && place === null ? null : { id: way };
  const clients = registration === null ? [] : await clientsAmong(sql, events, registration, booking);
  const { missingAmount } = events.config;
  const found =
    registration === null
      ? null
      : wantedOf(registration, { session, clients, currency: events.currency, missingAmount });
  const wanted = found !== null && 'wanted' in found ? found.wanted : null;
  const hindrance = found !== null && 'hindrance' in found ? found.hindrance : null;
  const stored = link.pair.shadows.yoplanning;
  const order = stored ? (stored.document as unknown as Order) : null;
  const known = { link, booking, registration, wanted, order };
  return { ...known, view: viewOf(events, known, hindrance, shadow.hashes['shown'] ?? '') };
}

/** Of a place that names a product only: its session that starts when the event does, as far as the catalogue's mirror knows. */
async function sessionThen(
  sql: Sql | Transaction,
  scope: Scope,
  place: EventPlace | null,
  startsAtMs: number | null,
): Promise<string | undefined> {
  if (place === null || startsAtMs === null) return undefined;
  return (await sessionAt(sql, scope, place.productId, startsAtMs)) ?? undefined;
}

/** Who the participants are among the clients, in their order. */
async function clientsAmong(
  sql: Sql | Transaction,
  events: OpenEvents,
  { participants }: Registration,
  booking: Booking,
): Promise<ParticipantClient[]> {
  const { connection, config } = events;
  const { connectionId } = events.scope;
  const members = await clientsOfMembers(
    sql,
    connectionId,
    participants.flatMap(({ memberId }) => memberId ?? []),
  );
  const nobody = config.createClients === 'none' ? ({ is: 'none' } as const) : ({ is: 'new' } as const);
  return await Promise.all(
    participants.map(async (person, nth): Promise<ParticipantClient> => {
      const member = person.memberId === null ? undefined : members.get(person.memberId);
      if (typeof member?.clientId === 'string') return { is: 'client', id: member.clientId };
      // What an order's answer said of the participant.
      const given = booking.clients[nth] ?? null;
      if (given !== null) return { is: 'client', id: given };
      if (member?.asked) return { is: 'asked' };
      const isUnknown = member !== undefined && member.linkId === null && !member.isShown;
      if (member !== undefined && !isUnknown && connection.permission.creates('yoplanning')) return { is: 'awaited' };
      const alike = await clientsByKeys(sql, connectionId, keysByName(connection, person));
      if (alike.length === 1) return { is: 'client', id: alike[0]! };
      if (alike.length > 1) return { is: 'many' };
      return isUnknown ? { is: 'unknown' } : nobody;
    }),
  );
}

function viewOf(
  events: OpenEvents,
  { link, booking, registration, wanted, order }: Omit<BookingState, 'view'>,
  hindrance: Hindrance | null,
  shown: string,
): BookingView {
  const { pair, cases, answers, intents } = link;
  const common = { mergedInto: null, version: pair.version, openCases: cases.length, rules: events.rules };
  const asked = cases.flatMap(({ kind }) => (isQuestion(kind) ? [kind] : []));
  const sawOf = (question: BookingQuestion) =>
    cases.find(({ kind }) => kind === question)?.saw?.yapla?.['wants'] ?? null;
  const wantedView: WantedView | null =
    registration === null
      ? null
      : {
          status: registration.status,
          shown,
          wants: wanted === null ? null : events.hash('wants', wanted.text),
          hindrance,
          makesClients:
            events.config.createClients === 'ask' &&
            wanted !== null &&
            wanted.items.some(({ client }) => !('id' in client)),
          isPaid: wanted === null ? registration.paidAt !== null : wanted.paid !== null,
          isOver: (booking.endsAt ?? booking.startsAt ?? Infinity) < Date.now(),
          isReopened: pair.shadows.yapla?.fields['reopened'] === 'yes',
        };
  return {
    ...common,
    state: registration === null ? 'unreadable' : 'linked',
    registration: wantedView,
    order: order === null ? goneOrder(link) : orderViewOf(events, order),
    base: baseOf(link),
    awaiting: intents.some(({ system }) => system === 'yoplanning'),
    asked,
    answers: answersOf(answers),
    refused: sawOf('orderRefused'),
    full: sawOf('noPlace'),
    waits: waitsOf(events, booking),
  };
}

export function isQuestion(code: string): code is BookingQuestion {
  return (bookingQuestions as readonly string[]).includes(code);
}

/** Somebody waits for a place: they ask again in a while, or at once where one may be free. */
function waitsOf({ config }: OpenEvents, { waits, triedAtMs }: Booking): BookingView['waits'] {
  if (!waits) return null;
  return triedAtMs === null || triedAtMs + config.retryFullMs <= Date.now() ? 'now' : 'later';
}

function answersOf(answers: readonly CaseAnswer[]): BookingView['answers'] {
  return Object.fromEntries(
    answers.flatMap(({ kind, take }) => (isQuestion(kind) ? [[kind, take as BookingAnswer]] : [])),
  );
}

function baseOf({ pair }: LinkState): AgreedBooking | null {
  const base = pair.base as Partial<BookingBase> | null;
  if (base?.wants === undefined) return null;
  return {
    wants: base.wants,
    booking: base.booking === undefined || base.booking === '' ? null : base.booking,
    isCancelled: base.cancelled === 'yes',
    isPaid: base.paid === 'yes',
  };
}

/** The link has an order of which nothing is there any more. */
function goneOrder({ pair }: LinkState): OrderView | null {
  if (pair.ids.yoplanning === null) return null;
  return { booking: (pair.base as Partial<BookingBase> | null)?.booking ?? '', isCancelled: true, isPaid: false };
}

export function orderViewOf(events: OpenEvents, order: Order): OrderView {
  return {
    booking: events.hash('booking', bookingText(order)),
    isCancelled: order.status === 'cancelled',
    isPaid: isPaid(order, events.currency),
  };
}

/** What staff can change of an order: sessions, clients and prices, in whatever sequence. */
export function bookingText({ items }: Order): string {
  const said = items.map(({ sessionId, clientId, amount }) => [sessionId ?? '', clientId ?? '', amount?.amount ?? '']);
  return JSON.stringify(said.map((one) => JSON.stringify(one)).sort());
}

function isPaid(order: Order, currency: string): boolean {
  const { payments } = order;
  if (payments.length === 0) return false;
  const paid = sumMoney(
    payments.map(({ amount }) => amount),
    currency,
  );
  return compareMoney(paid, priceOf(order, currency)) >= 0;
}

/** What an order costs in all. */
export function priceOf({ items }: Order, currency: string): Money {
  const zero = moneyOf('0', currency);
  return sumMoney(
    items.map(({ amount }) => amount ?? zero),
    currency,
  );
}

/** An order as it is stored. Its document is what was read of it, not the server's own: nothing is ever written back from it. */
export function orderShadow({ hash }: OpenEvents, order: Order): ShadowRow {
  const fields = {
    booking: bookingText(order),
    status: order.status,
    payments: JSON.stringify(order.payments.map(({ amount }) => amount.amount)),
  };
  return {
    id: order.id,
    document: order as unknown as JsonObject,
    fields,
    hashes: Object.fromEntries(Object.entries(fields).map(([name, text]) => [name, hash(name, text)])),
    matchKeys: [],
    externalReference: order.externalReference,
    modifiedAt: order.modifiedAt === null ? null : Date.parse(order.modifiedAt),
  };
}
