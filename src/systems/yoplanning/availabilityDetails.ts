/** What one session offers besides: `availability-details/{session group}/` (a newer text of the vendor). Read only; only its id is public. */
import { z } from 'zod';
import type { YoplanningConfig } from '../../config/yoplanning.js';
import type { Money } from '../../core/events/money.js';
import type { Ask, HttpClient } from '../../http/client.js';
import type { JsonObject } from '../system.js';
import { mapped, readDocument } from './reading.js';
import { type Answered, createResource } from './resource.js';

export interface AvailabilityDetails {
  /** Of the session group. */
  readonly id: string;
  /** As for a session: by `yoplanning.events.session`. */
  readonly placesLeft: number | null;
  readonly price: Money | null;
  /** As answered: options and equipment, whose form is not public. */
  readonly document: JsonObject;
}

export interface Availability {
  /** Null: there is no such session. One request. @throws {UnreadableRecord} */
  get(sessionId: string, ask: Ask, lang?: string): Promise<Answered<AvailabilityDetails | null>>;
}

export function createAvailability(http: HttpClient, config: YoplanningConfig): Availability {
  const { paths, team, timeZone, events } = config;
  const { placesLeftField, priceField } = events.session;
  const resource = createResource<JsonObject, Record<string, never>>(http, {
    filters: {},
    schema: z.looseObject({}),
    listPath: null,
    instancePath: paths.availabilityDetails,
    forbids: 'resource',
    places: { team },
    timeZone,
  });
  return {
    async get(sessionId, ask, lang = events.lang) {
      const answer = await resource.get(sessionId, ask, { lang });
      return mapped(
        answer,
        (document) =>
          document &&
          readDocument(document, config, answer, (reader) => ({
            id: sessionId,
            placesLeft:
              placesLeftField === null
                ? null
                : reader.count(placesLeftField, 'yoplanning.events.session.placesLeftField'),
            price: priceField === null ? null : reader.price(priceField, 'yoplanning.events.session.priceField'),
            document,
          })),
      );
    },
  };
}
