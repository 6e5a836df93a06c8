/** What of a worker's metrics says how old the catalogue's mirror is, what it cost, and how the bookings stand. Counts and times; nothing of anybody. */
import { Gauge, type Registry } from 'prom-client';
import { mirroringConnections } from './catalogue.js';
import type { ConnectionConfig } from './config/schema.js';
import { credentialsOf } from './connection.js';
import { eventRequests } from './link/eventRequests.js';
import type { Sql } from './store/database.js';
import { bookingStand, mirrorStand } from './store/eventsStand.js';

export interface EventMetrics {
  /** Asks the database anew. */
  update(sql: Sql, connections: Readonly<Record<string, ConnectionConfig>>): Promise<void>;
  reset(): void;
}

export function eventMetrics(registry: Registry): EventMetrics {
  const gauge = <Label extends string>(name: string, help: string, labelNames: Label[]) =>
    new Gauge({ name, help, labelNames, registers: [registry] });
  const products = gauge(
    'passerelle_catalogue_products',
    'Products of the mirrored catalogue. sessions "unread": theirs were never read.',
    ['connection', 'sessions'],
  );
  const sessions = gauge('passerelle_catalogue_sessions', 'Sessions of the mirrored catalogue that are to come.', [
    'connection',
  ]);
  const oldest = gauge(
    'passerelle_catalogue_oldest_read_seconds',
    'Unix time at which the product was read whose sessions were read longest ago.',
    ['connection'],
  );
  const requests = gauge(
    'passerelle_event_requests_in_day',
    'Requests to Yoplanning within the last 24 hours: about bookings, and by the mirror of the catalogue (at most events.catalogue.requestsPerDay).',
    ['connection', 'of'],
  );
  const bookings = gauge(
    'passerelle_bookings',
    'Registrations: with an order (ordered), with a person’s word to wait for a place (waitingForPlace), or neither.',
    ['connection', 'state'],
  );
  const all = [products, sessions, oldest, requests, bookings];
  const reset = () => all.forEach((one) => one.reset());

  return {
    reset,
    async update(sql, connections) {
      reset();
      for (const [connection, config] of Object.entries(connections)) {
        if (config.events === undefined) continue;
        const stand = await bookingStand(sql, { connectionId: connection, kind: 'registration' });
        for (const [state, n] of Object.entries(stand)) bookings.set({ connection, state }, Number(n));
        const { yoplanning } = await credentialsOf(sql, config);
        const { bookings: sent, catalogue } = await eventRequests(sql, yoplanning, connection);
        requests.set({ connection, of: 'bookings' }, sent);
        if (config.events.catalogue !== null) requests.set({ connection, of: 'catalogue' }, catalogue);
      }
      for (const connection of mirroringConnections(connections)) {
        const stand = await mirrorStand(sql, { connectionId: connection, kind: 'registration' }, Date.now());
        products.set({ connection, sessions: 'read' }, stand.products - stand.unread);
        products.set({ connection, sessions: 'unread' }, stand.unread);
        sessions.set({ connection }, stand.sessions);
        if (stand.oldestReadAtMs !== null) oldest.set({ connection }, stand.oldestReadAtMs / 1_000);
      }
    },
  };
}
