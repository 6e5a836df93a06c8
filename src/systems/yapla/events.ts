/**
 * Registrations and donations as Yapla's webhooks show them, at configured places (`yapla.events`), in their canonical shapes.
 */
import type { YaplaEventsConfig } from '../../config/yaplaEvents.js';
import { type Donation, readDonation } from '../../core/events/donation.js';
import { readRegistration, type Registration } from '../../core/events/registration.js';
import type { EventReading, Shown, ShownPerson } from '../../core/events/shown.js';
import { isJsonObject } from '../../core/document.js';
import { contentIn } from '../places.js';
import type { JsonObject } from '../system.js';
import { parseTimestamp } from '../time.js';

export interface YaplaEvents {
  readonly events: YaplaEventsConfig;
  /** Of times that name none: `yapla.timeZone`. */
  readonly timeZone: string;
}

/** What the inbox says happened: of something that was told to be cancelled the body may well show another status. */
type Told = 'created' | 'updated' | 'deleted';

/** @param body the whole body of the webhook, or a document in its form */
export function registrationOf(
  { events, timeZone }: YaplaEvents,
  body: JsonObject,
  told: Told = 'updated',
): EventReading<Registration> {
  const { registration: places, currency } = events;
  const shownAt = showing(body, places.document);
  return readRegistration(
    {
      id: shownAt(places.id),
      status: told === 'deleted' ? places.statuses.cancelled[0] : shownAt(places.status),
      event: {
        id: shownAt(places.eventId),
        title: shownAt(places.eventTitle),
        start: shownAt(places.eventStart),
        end: shownAt(places.eventEnd),
        place: shownAt(places.eventPlace),
      },
      activity: { id: shownAt(places.activityId), title: shownAt(places.activityTitle) },
      rate: shownAt(places.rate),
      participants: participantsIn(shownAt(places.participants), places.participant),
      amount: shownAt(places.amount),
      currency: shownAt(places.currency),
      paidAt: shownAt(places.paidAt),
      modifiedAt: shownAt(places.modified),
    },
    {
      statuses: places.statuses,
      maxParticipants: places.maxParticipants,
      currency,
      parseTime: (text) => parseTimestamp(text, timeZone),
    },
  );
}

/** @param body the whole body of the webhook */
export function donationOf(
  { events, timeZone }: YaplaEvents,
  body: JsonObject,
  told: Told = 'updated',
): EventReading<Donation> {
  const { donation: places, currency } = events;
  const shownAt = showing(body, places.document);
  return readDonation(
    {
      id: shownAt(places.id),
      status: told === 'deleted' ? places.statuses.cancelled[0] : shownAt(places.status),
      donor: personIn(shownAt, places.donor),
      amount: shownAt(places.amount),
      currency: shownAt(places.currency),
      date: shownAt(places.date),
      campaign: { id: shownAt(places.campaignId), title: shownAt(places.campaignTitle) },
      modifiedAt: shownAt(places.modified),
    },
    { statuses: places.statuses, currency, parseTime: (text) => parseTimestamp(text, timeZone) },
  );
}

type ShownAt = (place: string | null) => Shown;

/** What stands at places of the document that a body holds. Where there is none, nothing stands anywhere. */
function showing(body: JsonObject, document: string): ShownAt {
  const held = contentIn(body, document);
  return (place) => (place === null || !isJsonObject(held) ? undefined : contentIn(held, place));
}

type PersonPlaces = YaplaEventsConfig['registration']['participant'];

function personIn(shownAt: ShownAt, { memberId, firstName, lastName, email }: PersonPlaces): ShownPerson {
  return {
    memberId: shownAt(memberId),
    firstName: shownAt(firstName),
    lastName: shownAt(lastName),
    email: shownAt(email),
  };
}

function participantsIn(list: Shown, places: PersonPlaces): readonly (ShownPerson | null)[] | 'notList' | undefined {
  if (list === undefined || list === null) return undefined;
  if (!Array.isArray(list)) return 'notList';
  return list.map((one) => (isJsonObject(one) ? personIn(showing(one, ''), places) : null));
}
