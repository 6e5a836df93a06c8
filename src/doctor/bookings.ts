import type { YoplanningConfig } from '../config/yoplanning.js';
import { UnexpectedResponse } from '../http/failures.js';
import { contentIn } from '../systems/mapping.js';
import { openBookings } from '../systems/yoplanning/bookings.js';
import type { Listed } from '../systems/yoplanning/reading.js';
import type { Session } from '../systems/yoplanning/sessions.js';
import { ask, type Attempts } from './attempt.js';
import type { Tell } from './check.js';
import type { ObservedClient } from './observe.js';
import { outline } from './outline.js';

/** Another list of sessions than the configured one answered. */
interface OtherList {
  readonly other: YoplanningConfig['events']['sessions'];
}

/**
 * Examines what an account sells and what is booked there, with four requests at most: the products, the sessions of one (in the list that is
 * configured, and where there is none, in the other), and the latest orders.
 */
export async function examineBookings(
  settings: string,
  config: YoplanningConfig,
  observed: ObservedClient,
  attempts: Attempts,
  tell: Tell,
): Promise<void> {
  const bookings = openBookings(observed.http, config);
  const products = await attempts.run('products', () => bookings.products.list({}, ask));
  if (attempts.isOver()) return;
  if ('value' in products) {
    const { value } = products.value;
    tell('products', 'ok', `${value.count} products are sold online`);
    tellUnreadable('products', value, tell);
    const [product] = value.items;
    if (product === undefined) tell('sessions', 'skipped', 'there is no product whose sessions could be looked at');
    else {
      const sessions = await attempts.run('sessions', () => sessionsOf(product.id, config, observed));
      if (attempts.isOver()) return;
      if ('value' in sessions) checkSessions(sessions.value, settings, config, observed, tell);
    }
  }

  const orders = await attempts.run('orders', () => bookings.orders.list({}, ask));
  if (!('value' in orders)) return;
  const { value } = orders.value;
  tell('orders', 'ok', `${value.count} orders; whether one may be placed shows with the first`);
  tellUnreadable('orders', value, tell);
  checkOrders(settings, config, observed, tell);
}

/** @throws the failure of the configured list, where there is no other one either */
async function sessionsOf(
  product: string,
  config: YoplanningConfig,
  observed: ObservedClient,
): Promise<Listed<Session> | OtherList> {
  const { http } = observed;
  try {
    return (await openBookings(http, config).sessions.list(product, {}, ask)).value;
  } catch (failure) {
    // An answer of another shape is no missing list.
    if (!(failure instanceof UnexpectedResponse) || observed.latest()?.status !== 404) throw failure;
    const other = config.events.sessions === 'availabilities' ? 'sessionGroups' : 'availabilities';
    const events = { ...config.events, sessions: other } as const;
    try {
      await openBookings(http, { ...config, events }).sessions.list(product, {}, ask);
    } catch (otherFailure) {
      if (otherFailure instanceof UnexpectedResponse) throw failure;
      throw otherFailure;
    }
    return { other };
  }
}

function checkSessions(
  sessions: Listed<Session> | OtherList,
  settings: string,
  { events }: YoplanningConfig,
  observed: ObservedClient,
  tell: Tell,
): void {
  if ('other' in sessions) {
    const finding = `the list that is configured (${events.sessions}) does not answer, and ${sessions.other} does`;
    tell('sessions', 'failed', finding, `set ${settings}.events.sessions to ${sessions.other}`);
    return;
  }
  tell('sessions', 'ok', `${sessions.count} sessions of the first product (${events.sessions})`);
  tellUnreadable('sessions', sessions, tell);
  if (sessions.items.length === 0) return tell('places', 'skipped', 'the first product has no session to look at');
  const missing = [
    ...(events.session.placesLeftField !== null && sessions.items.every(({ placesLeft }) => placesLeft === null)
      ? ['placesLeftField']
      : []),
    ...(events.session.priceField !== null && sessions.items.every(({ price }) => price === null)
      ? ['priceField']
      : []),
  ];
  tellMissing('places', 'session', missing, settings, observed, tell);
}

function checkOrders(settings: string, { events }: YoplanningConfig, observed: ObservedClient, tell: Tell): void {
  const documents = observed.documents('results');
  if (documents.length === 0) return tell('order', 'skipped', 'there is no order to look at');
  const { statusField, createdField, modifiedField } = events.order;
  const missing = Object.entries({ statusField, createdField, modifiedField })
    .filter(([, path]) => path !== null && documents.every((one) => contentIn(one, path) === undefined))
    .map(([name]) => name);
  tellMissing('order', 'order', missing, settings, observed, tell);
}

/** What no session, or order, has: the names of settings, and the names that the answer has instead. */
function tellMissing(
  name: string,
  of: 'session' | 'order',
  missing: readonly string[],
  settings: string,
  observed: ObservedClient,
  tell: Tell,
): void {
  if (missing.length === 0) return tell(name, 'ok', `each setting of events.${of} leads to something`);
  const paths = missing.map((setting) => `${settings}.events.${of}.${setting}`).join(', ');
  const advice = 'correct these places by the names below, or set them to null where the account does not show it';
  tell(name, 'warning', `no ${of} has what ${paths} names`, advice, outline(observed.latest()?.body));
}

function tellUnreadable(name: string, { unreadable: [first, ...others] }: Listed<unknown>, tell: Tell): void {
  if (first === undefined) return;
  const found = others.length === 0 ? 'one record cannot be read' : `${others.length + 1} records cannot be read`;
  const advice = 'correct the record there or the setting named; everything else goes on';
  tell(name, 'warning', `${found}: ${first.failure.what}`, advice);
}
