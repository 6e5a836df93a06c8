/**
 * What a registration's workflow looks at: takes the link's events, stores what Yapla's bodies show and what Yoplanning's order is now, and says
 * how the link stands. As for people (link/readRecord.ts): what counts of an order is what is read after its events were taken, and everything
 * is recorded in one transaction, in which the events are marked as handled.
 *
 * A registration's body is all that there is of it: no API shows one. Bodies are put in order by their modification time where they have one;
 * else the last that was received counts, but for one thing: a registration that was cancelled does not come back without a word. A late
 * event would book what nobody wants any more, so a person is asked (`reopened`).
 */
import type { BookingQuestion, BookingView } from '../../core/events/bookings.js';
import { bookingQuestionStands } from '../../core/events/bookings.js';
import { eventKeysOf, placeFor } from '../../core/events/places.js';
import { isOverdue, type Registration } from '../../core/events/registration.js';
import type { EventProblem } from '../../core/events/shown.js';
import { participantKey } from '../../core/events/wanted.js';
import { linkIdOf, parseLinkId } from '../../core/linkId.js';
import {
  eventNotMapped,
  eventNotMappedCase,
  eventSubject,
  secondOrder,
  unreadableEvent,
  unreadableEventCase,
} from '../../cases/bookings.js';
import type { Ask } from '../../http/client.js';
import { UnreadableRecord } from '../../http/failures.js';
import type { Lane } from '../../store/budget.js';
import {
  lookWhenDue,
  type NewParticipant,
  noteSession,
  orderNamed,
  partsOf,
  placesOf,
  storeBooking,
  wakeWaiting,
} from '../../store/bookings.js';
import { closeCasesOn, closeSettled, linkAskedAbout, openCases } from '../../store/cases.js';
import type { Sql, Transaction } from '../../store/database.js';
import { type InboxEvent, lookAgain, markHandled, readdress, takeEvents, tellsNothing } from '../../store/inbox.js';
import { addLink, bareLink, completeLink, linkOfRecord } from '../../store/links.js';
import { findLinkState } from '../../store/linkState.js';
import { hasBegun } from '../../store/plans.js';
import { markGone, shadowsByIds, type ShadowRow, upsertShadows } from '../../store/shadows.js';
import type { JsonObject } from '../../core/document.js';
import { contentIn } from '../../systems/places.js';
import { registrationOf } from '../../systems/yapla/events.js';
import type { Order, ShownSession } from '../../systems/yoplanning/orders.js';
import { LinkBusy, type LinkClaims } from '../claims.js';
import { bookingPurpose } from '../eventRequests.js';
import { keepOrder } from '../facts/orders.js';
import { countsOf, type EventCount } from '../readRecord.js';
import type { OpenEvents } from './open.js';
import { askAboutSecondOrders } from './secondOrders.js';
import { isQuestion, loadBooking, orderShadow } from './state.js';

export interface ReadingRegistration {
  readonly sql: Sql;
  readonly claims: LinkClaims;
  readonly events: OpenEvents;
  readonly linkId: string;
  readonly lane: Lane;
  /** See `PermitAsk`. */
  readonly patienceMs?: number | undefined;
}

export interface RegistrationReading {
  readonly view: BookingView;
  readonly events: readonly EventCount[];
}

/** What Yapla's events say of one registration, all of them taken together. */
type Told =
  | { readonly is: 'nothing' }
  | { readonly is: 'unreadable'; readonly problems: readonly EventProblem[] }
  | { readonly is: 'registration'; readonly registration: Registration; readonly row: ShadowRow };

interface FoundOrder {
  readonly id: string;
  /** `gone`: there is none; the failure: it is there and cannot be read. */
  readonly order: Order | UnreadableRecord | 'gone';
  /** What it shows of its sessions. */
  readonly sessions: readonly ShownSession[];
}

/** @throws {LinkBusy} somebody else is at the link. @throws {Failure} of http/failures.ts */
export async function readRegistration(reading: ReadingRegistration): Promise<RegistrationReading> {
  const { claims, events, linkId } = reading;
  const claim = await claims.claim(events.scope, [linkId]);
  try {
    if (!claim.linkIds.has(linkId)) throw new LinkBusy([linkId]);
    return await readClaimed(reading);
  } finally {
    await claim.release();
  }
}

async function readClaimed({
  sql,
  events,
  linkId,
  lane,
  patienceMs,
}: ReadingRegistration): Promise<RegistrationReading> {
  const { scope, connection } = events;
  const taken = await takeEvents(sql, scope, linkId, {
    of: ['yapla'],
    mostBytes: connection.config.live.maxBodiesBytes,
  });
  const owner = await ownerKnown(sql, events, linkId);
  if (owner !== null) {
    // An order of ours, told of before its answer was recorded: the registration's own workflow reads it, and nobody else.
    await readdress(sql, scope, linkId, owner);
    return { view: emptyView(events, 'merged', owner), events: countsOf(taken) };
  }
  const ask: Ask = { lane, purpose: bookingPurpose(scope.connectionId, linkId), patienceMs };
  const orderIds = [...new Set(taken.flatMap(({ system, externalId }) => (system === 'yoplanning' ? externalId : [])))];
  const orders = await Promise.all(orderIds.map(async (id) => await findOrder(events, id, ask)));
  const view = await sql.begin(async (tx) => await record(tx, events, linkId, taken, orders));
  return { view, events: countsOf(taken) };
}

/** The link that holds the order by whose name this one goes; null: none does, or it goes by a registration's. */
async function ownerKnown(sql: Sql, { scope }: OpenEvents, linkId: string): Promise<string | null> {
  const { system, id } = parseLinkId(linkId);
  return system === 'yoplanning' ? await linkOfRecord(sql, scope, system, id) : null;
}

async function findOrder({ bookings }: OpenEvents, id: string, ask: Ask): Promise<FoundOrder> {
  try {
    const { value } = await bookings.orders.getWithSessions(id, { ...ask, record: id });
    return { id, order: value?.order ?? 'gone', sessions: value?.sessions ?? [] };
  } catch (error) {
    if (!(error instanceof UnreadableRecord)) throw error;
    return { id, order: error, sessions: [] };
  }
}

async function record(
  tx: Transaction,
  events: OpenEvents,
  linkId: string,
  taken: readonly InboxEvent[],
  orders: readonly FoundOrder[],
): Promise<BookingView> {
  const { scope } = events;
  const freed: string[] = [];
  for (const found of orders) freed.push(...(await storeOrder(tx, events, found)));
  const { system, id } = parseLinkId(linkId);
  const merged = system === 'yoplanning' ? await ownerOf(tx, events, id, orders) : null;
  if (merged !== null) {
    // What was read is stored; the registration's own workflow looks at it, and knows by its name what it is. It gets the events as they came:
    // one that is made here would be addressed to this link again where the registration has another order.
    await readdress(tx, scope, linkId, merged);
    return emptyView(events, 'merged', merged);
  }
  if (system === 'yapla') await storeTold(tx, events, linkId, id, taken);
  else await askWhoseItIs(tx, events, id, orders);
  await attachOrder(tx, events, linkId);
  await markHandled(
    tx,
    scope,
    taken.map((event) => event.id),
  );
  await wakeWaiting(tx, scope, freed);
  return await viewNow(tx, events, linkId);
}

/** @returns the sessions in which this leaves a place */
async function storeOrder(
  tx: Transaction,
  events: OpenEvents,
  { id, order, sessions: shown }: FoundOrder,
): Promise<readonly string[]> {
  const { scope } = events;
  const before = (await shadowsByIds(tx, scope, 'yoplanning', [id])).get(id)?.document as Order | undefined;
  const sessions = before?.status === 'active' ? before.items.flatMap(({ sessionId }) => sessionId ?? []) : [];
  if (order === 'gone') {
    await markGone(tx, scope, 'yoplanning', id);
    await keepOrder(tx, events, { gone: id });
    return sessions;
  }
  if (order instanceof UnreadableRecord) {
    const problems = [{ place: 'order', code: 'notText' as const }];
    await openCases(tx, scope, null, [unreadableEventCase(linkIdOf('yoplanning', id), problems)]);
    return [];
  }
  await upsertShadows(tx, scope, 'yoplanning', [orderShadow(events, order)]);
  await keepOrder(tx, events, { order, sessions: shown });
  await closeCasesOn(tx, scope, unreadableEvent.code, linkIdOf('yoplanning', id), 'settled');
  const left = order.status === 'active' ? order.items.map(({ sessionId }) => sessionId) : [];
  return sessions.filter((session) => !left.includes(session));
}

/**
 * The registration that an order is linked to, or that it bears the number of and that has no other; null: it is none of ours, or one that
 * somebody entered beside the order that the registration has.
 */
async function ownerOf(
  tx: Transaction,
  { scope }: OpenEvents,
  id: string,
  orders: readonly FoundOrder[],
): Promise<string | null> {
  const linked = await linkOfRecord(tx, scope, 'yoplanning', id);
  if (linked !== null) return linked;
  const order = orders.find((one) => one.id === id)?.order;
  if (order === undefined || order === 'gone' || order instanceof UnreadableRecord) return null;
  if (order.externalReference === null) return null;
  const named = await linkOfRecord(tx, scope, 'yapla', order.externalReference);
  const link = named === null ? null : await bareLink(tx, scope, named);
  return link?.ids.yoplanning === null ? named : null;
}

/** An order that is not the one of the registration whose number it bears, or bore when a question about it was asked. */
async function askWhoseItIs(
  tx: Transaction,
  events: OpenEvents,
  id: string,
  orders: readonly FoundOrder[],
): Promise<void> {
  const { scope } = events;
  const order = orders.find((one) => one.id === id)?.order;
  const reference =
    order === undefined || order === 'gone' || order instanceof UnreadableRecord ? null : order.externalReference;
  const named = reference === null ? null : await linkOfRecord(tx, scope, 'yapla', reference);
  const asked = await linkAskedAbout(tx, scope, secondOrder.code, linkIdOf('yoplanning', id));
  const loading = { depth: 'hashes', writesWithinMs: events.connection.config.live.flipWindowMs } as const;
  for (const linkId of new Set([named, asked])) {
    const link = linkId === null ? null : await findLinkState(tx, scope, linkId, loading);
    if (link !== null) await askAboutSecondOrders(tx, events, link);
  }
}

/** Stores what Yapla's bodies say; the link begins with the first of them. */
async function storeTold(
  tx: Transaction,
  events: OpenEvents,
  linkId: string,
  id: string,
  taken: readonly InboxEvent[],
): Promise<void> {
  const { scope } = events;
  const known = (await shadowsByIds(tx, scope, 'yapla', [id])).get(id) ?? null;
  const told = toldBy(events, id, taken, known);
  if (told.is === 'nothing') return;
  if ((await bareLink(tx, scope, linkId)) === null)
    await addLink(tx, scope, { linkId, yaplaId: id, yoplanningId: null, matchedBy: 'registration' });
  if (told.is === 'unreadable') {
    await openCases(tx, scope, null, [unreadableEventCase(linkId, told.problems)]);
    return;
  }
  await closeCasesOn(tx, scope, unreadableEvent.code, linkId, 'settled');
  await upsertShadows(tx, scope, 'yapla', [told.row]);
  const { registration } = told;
  await storeBooking(tx, scope, linkId, {
    ...eventKeysOf(registration),
    startsAt: registration.event.start,
    endsAt: registration.event.end,
    participants: participantsOf(registration, known),
  });
  await askForUnknownMembers(tx, events, registration);
}

/** By who they are: of two in the same place one may have come for the other. */
function participantsOf({ participants }: Registration, known: Known | null): NewParticipant[] {
  const shown = known?.fields['shown'];
  const before = shown
    ? (JSON.parse(shown) as Pick<Registration, 'participants'>).participants.map(participantKey)
    : [];
  return participants.map((person) => {
    const at = before.indexOf(participantKey(person));
    return { memberId: person.memberId, before: at < 0 ? null : at };
  });
}

interface Known {
  readonly fields: Readonly<Record<string, string | null>>;
  readonly modifiedAt: number | null;
}

/** The bodies one after the other, as they were received, over what is known: see the head of this file. */
function toldBy(events: OpenEvents, id: string, taken: readonly InboxEvent[], known: Known | null): Told {
  let last: Told = { is: 'nothing' };
  let now = known;
  for (const event of taken) {
    if (event.system !== 'yapla' || tellsNothing(event)) continue;
    const reading = registrationOf(events.yapla, event.body, event.event);
    if (reading.problems !== undefined) {
      last = { is: 'unreadable', problems: reading.problems };
      continue;
    }
    const { value } = reading;
    if (isOverdue(value, now)) continue;
    const row = rowOf(events, id, event, value, now);
    last = { is: 'registration', registration: value, row };
    now = { fields: row.fields, modifiedAt: row.modifiedAt };
  }
  return last;
}

function rowOf(
  events: OpenEvents,
  id: string,
  event: InboxEvent,
  registration: Registration,
  known: Known | null,
): ShadowRow {
  const { hash } = events;
  const { modifiedAt, ...shown } = registration;
  const isCancelled = registration.status === 'cancelled';
  const wasCancelled = known?.fields['status'] === 'cancelled' || known?.fields['reopened'] === 'yes';
  const isInOrder = modifiedAt !== null && (known?.modifiedAt ?? null) !== null;
  const reopened = !isCancelled && wasCancelled && !isInOrder ? 'yes' : 'no';
  const fields = {
    status: registration.status,
    cancelled: event.event === 'deleted' ? 'yes' : 'no',
    reopened,
    shown: JSON.stringify(shown),
  };
  return {
    id,
    // As a webhook shows it, without what is around it: an export is laid over it (importRegistrations.ts).
    document: documentIn(events, event.body),
    fields,
    hashes: Object.fromEntries(Object.entries(fields).map(([name, text]) => [name, hash(name, text)])),
    matchKeys: [],
    externalReference: null,
    modifiedAt: modifiedAt ?? known?.modifiedAt ?? null,
  };
}

function documentIn({ yapla }: OpenEvents, body: JsonObject): JsonObject {
  const { document } = yapla.events.registration;
  // One that could be read is an object.
  return document === '' ? body : (contentIn(body, document) as JsonObject);
}

/** A member whom nobody has told of yet is looked up, if the API can, and created in Yoplanning by the connection's own rule. */
async function askForUnknownMembers(
  tx: Transaction,
  { connection }: OpenEvents,
  { participants }: Registration,
): Promise<void> {
  const people = { ...connection.scope, kind: 'person' } as const;
  for (const { memberId } of participants) {
    if (memberId === null || !connection.systems.yapla.readsOne) continue;
    if ((await linkOfRecord(tx, people, 'yapla', memberId)) === null) await lookAgain(tx, people, 'yapla', [memberId]);
  }
}

/**
 * An order that bears the registration's number takes the free place in its link, whenever it was read: ours, whose answer was lost (perhaps
 * staff have cancelled it since), or one that staff entered.
 */
async function attachOrder(tx: Transaction, { scope }: OpenEvents, linkId: string): Promise<void> {
  const link = await bareLink(tx, scope, linkId);
  if (link === null || link.ids.yoplanning !== null || link.ids.yapla === null) return;
  const id = await orderNamed(tx, scope, { linkId, reference: link.ids.yapla });
  if (id !== null) await completeLink(tx, scope, linkId, { system: 'yoplanning', id }, 'reference');
}

/** How the link stands, its questions settled that are none any more. */
export async function viewNow(tx: Sql | Transaction, events: OpenEvents, linkId: string): Promise<BookingView> {
  const { scope } = events;
  const state = await loadBooking(tx, events, linkId);
  if (state === null) {
    const { system, id } = parseLinkId(linkId);
    const isOrder = system === 'yoplanning' && (await shadowsByIds(tx, scope, 'yoplanning', [id])).has(id);
    return emptyView(events, isOrder ? 'orderOnly' : 'unknown', null);
  }
  const { view, link, booking, wanted } = state;
  await askAboutSecondOrders(tx, events, link);
  await noteSession(tx, scope, linkId, wanted?.sessionId ?? null);
  if (view.registration?.hindrance === 'notMapped' && view.registration.status !== 'cancelled')
    await openCases(tx, scope, null, [eventNotMappedCase(booking.event)]);
  else if (await isMapped(tx, events, booking.event))
    await closeCasesOn(tx, scope, eventNotMapped.code, eventSubject(booking.event), 'settled');
  const over = link.cases.filter(
    ({ kind }) => isQuestion(kind) && !bookingQuestionStands(kind satisfies BookingQuestion, view),
  );
  await closeSettled(tx, over);
  const gone = new Set(over.map(({ kind }) => kind));
  const left = {
    ...view,
    asked: view.asked.filter((one) => !gone.has(one)),
    answers: Object.fromEntries(Object.entries(view.answers).filter(([question]) => !gone.has(question))),
    openCases: view.openCases - over.length,
  };
  if (!(await hasBegun(tx, scope))) return { ...left, state: 'early' };
  // Its workflow ends meanwhile, and nothing may come: the forwarder tells it when it is time.
  if (view.waits !== null) await lookWhenDue(tx, scope, linkId, events.config.retryFullMs);
  return left;
}

/** Of all parts of an event that somebody is registered for it is said where they go. */
async function isMapped(tx: Sql | Transaction, { scope }: OpenEvents, event: string): Promise<boolean> {
  const places = await placesOf(tx, scope, [event]);
  return (await partsOf(tx, scope, event)).every((part) => placeFor(part, places) !== null);
}

export function emptyView({ rules }: OpenEvents, state: BookingView['state'], mergedInto: string | null): BookingView {
  return {
    state,
    mergedInto,
    version: 0,
    openCases: 0,
    registration: null,
    order: null,
    base: null,
    rules,
    awaiting: false,
    asked: [],
    answers: {},
    refused: null,
    full: null,
    waits: null,
  };
}
