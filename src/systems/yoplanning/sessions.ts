/**
 * The sessions of a product: `session-groups` (API v3.1), or `availabilities` (a newer text of the vendor). Which of the two an account has is
 * configuration; both are read into the same. Read only.
 */
import { z } from 'zod';
import type { YoplanningConfig } from '../../config/yoplanning.js';
import type { Money } from '../../core/events/money.js';
import type { Ask, HttpClient } from '../../http/client.js';
import type { JsonObject } from '../system.js';
import { type DocumentReader, type Listed, readPage } from './reading.js';
import { type Answered, createResource, type FilterSpec } from './resource.js';

export interface Session {
  /** The session group's, which an order names. */
  readonly id: string;
  readonly productId: string;
  /** ISO 8601 in UTC. */
  readonly startsAt: string;
  /** ISO 8601 in UTC; null: not shown. */
  readonly endsAt: string | null;
  /** 0 or more; null: not shown. */
  readonly placesLeft: number | null;
  /** With tax; null: not shown. */
  readonly price: Money | null;
  /** `gone`: it no longer takes place (listed only with `status: all`). */
  readonly status: 'offered' | 'gone';
}

/** Seen in other connectors: `start_date__gt`, `start_date__lt`, and `status`, which is `created` (offered) or `all`. */
const sessionFilters = { start_date: 'datetime', status: 'text' } as const satisfies FilterSpec;

export interface SessionRequest {
  /** Position (0-based) of the first session wanted. Default: 0. */
  readonly offset?: number;
  /** Default: `yoplanning.pageSize`. */
  readonly limit?: number;
  /** Those that start later, or earlier. */
  readonly after?: Date;
  readonly before?: Date;
  /** `all`: also those that no longer take place. Left out: what the server shows. */
  readonly status?: 'created' | 'all';
}

export interface Sessions {
  /** One page of one product's sessions. One request. A filter may be ignored: check what comes. */
  list(productId: string, request: SessionRequest, ask: Ask): Promise<Answered<Listed<Session>>>;
}

type SessionDocument = JsonObject;

export function createSessions(http: HttpClient, config: YoplanningConfig): Sessions {
  const { paths, team, timeZone, pageSize, events } = config;
  const resource = createResource<SessionDocument, typeof sessionFilters>(http, {
    filters: sessionFilters,
    schema: z.unknown(),
    listPath: events.sessions === 'availabilities' ? paths.availabilities : paths.sessionGroups,
    instancePath: null,
    forbids: 'resource',
    places: { team },
    timeZone,
  });
  return {
    async list(productId, { offset = 0, limit = pageSize, after, before, status }, ask) {
      const start = { ...(after && { gt: after }), ...(before && { lt: before }) };
      const filters = { start_date: start, ...(status && { status }) };
      const answer = await resource.list({ offset, limit, filters, within: { product: productId } }, ask);
      return readPage(answer, offset, config, (reader) => sessionOf(reader, productId, config));
    },
  };
}

function sessionOf(reader: DocumentReader, productId: string, { events }: YoplanningConfig): Session {
  const { idField, startField, endField, placesLeftField, priceField, stateField, goneWords } = events.session;
  const setting = (name: keyof typeof events.session) => `yoplanning.events.session.${name}`;
  const idPath = idField ?? (events.sessions === 'availabilities' ? 'session_group' : 'id');
  const startsAt = reader.instant(startField, setting('startField'));
  if (startsAt === null) throw reader.lacking(startField, setting('startField'), 'a time');
  const state = stateField === null ? null : reader.text(stateField);
  return {
    id: reader.nestedId(idPath) ?? reader.id(idPath, setting('idField')),
    productId,
    startsAt,
    endsAt: endField === null ? null : reader.instant(endField, setting('endField')),
    placesLeft: placesLeftField === null ? null : reader.count(placesLeftField, setting('placesLeftField')),
    price: priceField === null ? null : reader.price(priceField, setting('priceField')),
    status: isOneOf(state, goneWords) ? 'gone' : 'offered',
  };
}

/** Whether a text is one of these words, in any case of letters. */
export function isOneOf(text: string | null, words: readonly string[]): boolean {
  const folded = text?.trim().toLowerCase();
  return words.some((word) => word.toLowerCase() === folded);
}
