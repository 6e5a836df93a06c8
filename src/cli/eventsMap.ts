/** Where events go: the list with proposals, and what a person says of one of them. */
import { type Proposal, proposePlaces } from '../core/events/proposals.js';
import { type EventPlace, placeFor } from '../core/events/places.js';
import type { Registration } from '../core/events/registration.js';
import { approveBookings } from '../link/bookings/plan.js';
import { carryOutDeed } from '../store/audit.js';
import { type KnownEvent, knownEvents, placesOf, savePlace } from '../store/bookings.js';
import { findPlan } from '../store/plans.js';
import { type Shadow, shadowsByIds } from '../store/shadows.js';
import { registrationOf } from '../systems/yapla/events.js';
import { inBody } from '../systems/yapla/exportedRegistration.js';
import type { Product } from '../systems/yoplanning/products.js';
import type { Session } from '../systems/yoplanning/sessions.js';
import type { EventsSession } from './eventsSession.js';
import { type Output, table } from './output.js';
import { UsageError } from './program.js';
import { visible, visibleJson } from './visible.js';

/** An event as it is listed. */
interface ListedEvent extends KnownEvent {
  readonly title: string | null;
  readonly place: EventPlace | null;
  readonly proposals: readonly (Proposal & { readonly product: string; readonly startsAt: string | null })[];
}

/** Pages of products, and products whose sessions are read: a person looks at the list now and then, and each costs a request. */
const mostPages = 3;
const mostProducts = 10;

const dayMs = 86_400_000;

/** Prints the events that registrations name. Where one is not mapped, Yoplanning is asked what it could be. */
export async function listEvents(session: EventsSession, asJson: boolean, output: Output): Promise<void> {
  const { sql, events } = session;
  const known = await knownEvents(sql, events.scope);
  const examples = await shadowsByIds(
    sql,
    events.scope,
    'yapla',
    known.map(({ example }) => example),
  );
  const places = await placesOf(
    sql,
    events.scope,
    known.map(({ event }) => event),
  );
  const shown = known.map((event) => ({
    ...event,
    registration: registrationIn(session, examples.get(event.example)),
    place: placeFor(event, places),
  }));
  const open = shown.filter(({ place }) => place === null);
  const catalogue = open.length === 0 ? null : await readCatalogue(session, open);
  const listed: ListedEvent[] = shown.map(({ registration, ...event }) => ({
    ...event,
    title: registration?.event.title ?? null,
    proposals:
      catalogue === null || registration === null || event.place !== null
        ? []
        : propose(session, catalogue, registration),
  }));
  if (asJson) return output.print(visibleJson(listed));
  if (listed.length === 0) return output.print('No registration was told of so far.');
  output.print(
    table([['Event', 'Activity', 'Rate', 'Starts', 'Registrations', 'Booked', 'Goes to'], ...listed.map(rowOf)]),
  );
  for (const event of listed.filter(({ place }) => place === null))
    output.print(['', ...proposalLines(session, event)].join('\n'));
}

/** @returns null: it is not stored, or cannot be read */
function registrationIn({ events }: EventsSession, shadow: Shadow | undefined): Registration | null {
  if (shadow === undefined) return null;
  const reading = registrationOf(events.yapla, inBody(events.yapla.events.registration, shadow.document));
  return reading.problems === undefined ? reading.value : null;
}

interface Catalogue {
  readonly products: readonly Product[];
  readonly sessions: readonly Session[];
}

/** Products, and the sessions around the events of those whose titles are most like one of them. */
async function readCatalogue(
  { events }: EventsSession,
  open: readonly { readonly startsAt: number | null; readonly registration: Registration | null }[],
): Promise<Catalogue> {
  const { bookings, connection } = events;
  const ask = { lane: 'review', purpose: 'events/map' } as const;
  const products: Product[] = [];
  for (let page = 0; page < mostPages; page++) {
    const { value } = await bookings.products.list({ offset: products.length }, ask);
    products.push(...value.items);
    if (value.start + value.length >= value.count) break;
  }
  const { timeZone } = connection.config.yoplanning;
  const wanted = open.flatMap(({ registration }) =>
    registration === null
      ? []
      : proposePlaces(registration, products, [], { timeZone }).map(({ productId }) => productId),
  );
  const starts = open.flatMap(({ startsAt }) => startsAt ?? []);
  const [first, last] = starts.length === 0 ? [Date.now(), Date.now()] : [Math.min(...starts), Math.max(...starts)];
  const sessions: Session[] = [];
  for (const product of [...new Set(wanted)].slice(0, mostProducts)) {
    const around = { after: new Date(first - dayMs), before: new Date(last + dayMs) };
    sessions.push(...(await bookings.sessions.list(product, around, ask)).value.items);
  }
  return { products, sessions: sessions.filter(({ status }) => status === 'offered') };
}

function propose(
  { events }: EventsSession,
  { products, sessions }: Catalogue,
  registration: Registration,
): ListedEvent['proposals'] {
  const { timeZone } = events.connection.config.yoplanning;
  return proposePlaces(registration, products, sessions, { timeZone }).map((proposal) => ({
    ...proposal,
    product: products.find(({ id }) => id === proposal.productId)?.title ?? proposal.productId,
    startsAt: sessions.find(({ id }) => id === proposal.sessionId)?.startsAt ?? null,
  }));
}

function rowOf({ event, title, activity, rate, startsAt, registrations, booked, place }: ListedEvent): string[] {
  return [
    title === null ? visible(event) : `${visible(title)} (${visible(event)})`,
    visible(activity),
    visible(rate),
    startsAt === null ? '' : new Date(startsAt).toISOString().slice(0, 16).replace('T', ' '),
    String(registrations),
    String(booked),
    place === null ? 'nowhere yet' : (place.sessionId ?? `${place.productId}, at its start`),
  ];
}

function proposalLines({ connectionId }: EventsSession, { event, title, proposals }: ListedEvent): string[] {
  const name = title === null ? visible(event) : visible(title);
  if (proposals.length === 0)
    return [`${name}: no product has a title like it. Say it with --product <id> --session <id>.`];
  return [
    `${name} could be:`,
    ...proposals.flatMap(({ product, startsAt, productId, sessionId, reason }) => [
      `  ${visible(product)}${startsAt === null ? '' : `, ${startsAt.slice(0, 16).replace('T', ' ')} UTC`} (title: ${reason.title}, start: ${reason.start}, place: ${reason.place})`,
      `    passerelle events map ${connectionId} --event ${JSON.stringify(event)} --product ${productId}${sessionId === null ? '' : ` --session ${sessionId}`}`,
    ]),
  ];
}

/** Says where an event goes; its registrations are looked at again. @throws {UsageError} no registration names it */
export async function mapEvent(session: EventsSession, place: EventPlace, by: string, output: Output): Promise<void> {
  const { sql, events, connectionId } = session;
  const known = (await knownEvents(sql, events.scope)).filter(({ event }) => event === place.event);
  if (known.length === 0)
    throw new UsageError(
      `no registration of ${connectionId} names the event ${JSON.stringify(place.event)}: "passerelle events map ${connectionId}" lists their keys`,
    );
  const { example } = known[0]!;
  const registration = registrationIn(
    session,
    (await shadowsByIds(sql, events.scope, 'yapla', [example])).get(example),
  );
  const about = { event: place.event, product: place.productId, session: place.sessionId ?? 'by its start' };
  const saving = async () =>
    await savePlace(sql, events.scope, place, { title: registration?.event.title ?? null, by });
  await carryOutDeed(sql, { ...events.scope, verb: 'mapEvent', by, about }, saving, () => false);
  const waiting = known.reduce((sum, { registrations, booked }) => sum + registrations - booked, 0);
  output.print(
    `${visible(place.event)} goes to ${place.sessionId === null ? `product ${place.productId}, to the session that starts when the event does` : `session ${place.sessionId}`}. ${waiting} of its registrations have no order yet: they are looked at now.`,
  );
}

/** Lets bookings begin. @throws {UsageError} there is no such plan */
export async function approvePlanned(
  { sql, events, connectionId }: EventsSession,
  plan: string,
  by: string,
  output: Output,
): Promise<void> {
  const found = /^\d{1,9}$/.test(plan) ? await findPlan(sql, events.scope, Number(plan)) : null;
  if (found === null)
    throw new UsageError(
      `${connectionId} has no plan ${JSON.stringify(plan)} of bookings: "passerelle events plan ${connectionId}" draws one`,
    );
  const approving = async () => await approveBookings(sql, events, found.id, by);
  await carryOutDeed(
    sql,
    { ...events.scope, verb: 'approve', by, about: { plan: found.number } },
    approving,
    () => false,
  );
  output.print(
    `Bookings of ${connectionId} begin. Each registration is booked by itself from now on; what cannot be is a case ("passerelle cases ${connectionId}").`,
  );
}
