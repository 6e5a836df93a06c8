/** A connection opened for registrations: what Yapla's say, and what is sold and booked in Yoplanning. */
import type { EventsConfig } from '../../config/events.js';
import type { BookingRules } from '../../core/events/bookings.js';
import type { FieldHash, RecordKind, Scope } from '../../core/record.js';
import { KindNotOffered, type OpenConnection } from '../../connection.js';
import type { Bookings } from '../../systems/yoplanning/bookings.js';
import type { YaplaEvents } from '../../systems/yapla/events.js';

export interface OpenEvents {
  /** Of kind `registration`. */
  readonly scope: Scope;
  readonly connection: OpenConnection;
  readonly config: EventsConfig;
  readonly yapla: YaplaEvents;
  readonly bookings: Bookings;
  /** Of all amounts of the team, ISO 4217. */
  readonly currency: string;
  readonly rules: BookingRules;
  /** Keyed hash of a text, or of several under names of their own. */
  readonly hash: (name: string, text: string) => FieldHash;
}

/** @throws {KindNotOffered} where the connection has no events */
export function eventsOf(connection: OpenConnection, kind: RecordKind = 'registration'): OpenEvents {
  const { events, yapla, yoplanning } = connection.config;
  const scope = { connectionId: connection.scope.connectionId, kind };
  if (events === undefined || yapla.events === undefined) throw new KindNotOffered(scope, ['yapla', 'yoplanning']);
  const { order, currency } = yoplanning.events;
  return {
    scope,
    connection,
    config: events,
    yapla: { events: yapla.events, timeZone: yapla.timeZone },
    bookings: connection.bookings,
    currency,
    rules: {
      booksUnpaid: events.booksUnpaid,
      change: events.change,
      pay: events.pay,
      cancel: events.cancel,
      canCancelBy: order.cancelBy,
      canChange: order.changeBy === 'put',
    },
    hash: (name, text) => connection.hash({ [name]: text })[name]!,
  };
}
