/** A registration of an export, in the form in which webhooks show one: so that files and webhooks are read by one configuration. */
import type { YaplaEventsConfig } from '../../config/yaplaEvents.js';
import type { FoldedRegistration, ParticipantColumn, SharedColumn } from '../../core/export/registrations.js';
import { fold } from '../../core/fold.js';
import { isJsonObject, laidOver } from '../../core/document.js';
import { nameWords } from '../../core/names.js';
import { localTime } from '../../core/zone.js';
import { contentIn, putAt } from '../places.js';
import type { Json, JsonObject } from '../system.js';
import { parseTimestamp } from '../time.js';

type Places = YaplaEventsConfig['registration'];

/** Where a webhook shows what a column does. */
const placesOf: Readonly<Record<Exclude<SharedColumn, 'registrationNumber'>, (places: Places) => string | null>> = {
  status: ({ status }) => status,
  eventTitle: ({ eventTitle }) => eventTitle,
  eventStart: ({ eventStart }) => eventStart,
  eventEnd: ({ eventEnd }) => eventEnd,
  eventPlace: ({ eventPlace }) => eventPlace,
  activityTitle: ({ activityTitle }) => activityTitle,
  rate: ({ rate }) => rate,
  amount: ({ amount }) => amount,
  currency: ({ currency }) => currency,
  paidAt: ({ paidAt }) => paidAt,
};

const ofParticipant = ['firstName', 'lastName', 'email'] as const satisfies readonly ParticipantColumn[];

/** A body as a webhook's, without a word for what happened. What the file does not show is not in it. */
export function registrationExported(
  { registration: places }: YaplaEventsConfig,
  { number, values, participants }: FoldedRegistration,
): JsonObject {
  const document: JsonObject = {};
  putAt(document, places.id, number);
  for (const [column, placeOf] of Object.entries(placesOf)) {
    const place = placeOf(places);
    const value = values[column as SharedColumn];
    if (place !== null && value !== undefined) putAt(document, place, value);
  }
  putAt(
    document,
    places.participants,
    participants.map((participant) => personExported(places.participant, participant)),
  );
  return inBody(places, document);
}

/** The body with a document where webhooks have it. */
export function inBody({ document: place }: Pick<Places, 'document'>, document: JsonObject): JsonObject {
  if (place === '') return document;
  const body: JsonObject = {};
  putAt(body, place, document);
  return body;
}

function personExported(places: Places['participant'], participant: FoldedRegistration['participants'][number]): Json {
  const document: JsonObject = {};
  for (const column of ofParticipant) {
    const place = places[column];
    const value = participant[column];
    if (place !== null && value !== undefined) putAt(document, place, value);
  }
  return document;
}

/** Titles, and the ids that go with them: a file shows no ids, and another title is another thing. */
const titled = [
  ['eventTitle', 'eventId'],
  ['activityTitle', 'activityId'],
] as const;

const days = ['eventStart', 'eventEnd', 'paidAt'] as const;

/**
 * What is known of a registration once a file showed it anew: what the file does not show stays, such as ids and the time of day.
 *
 * @param known the document as it was last shown
 * @param shown the document that was made of the file
 */
export function registrationLaidOver(
  places: Places,
  known: JsonObject,
  shown: JsonObject,
  timeZone: string,
): JsonObject {
  const merged = laidOver(known, shown);
  for (const name of days) {
    const place = places[name];
    if (place === null) continue;
    const [before, after] = [contentIn(known, place), contentIn(shown, place)];
    if (typeof before === 'string' && after !== undefined && dayOf(before, timeZone) === after)
      putAt(merged, place, before);
  }
  for (const [name, idName] of titled) {
    const [place, idPlace] = [places[name], places[idName]];
    if (place === null || idPlace === null || contentIn(shown, place) === undefined) continue;
    const [before, after] = [known, shown].map((document) => fold(textAt(document, place)));
    if (before !== after && contentIn(known, idPlace) !== undefined) putAt(merged, idPlace, null);
  }
  putAt(merged, places.participants, participantsOver(places, known, shown));
  return merged;
}

/** The day on which a time falls by the clocks of the account. */
function dayOf(text: string, timeZone: string): string | null {
  const at = parseTimestamp(text, timeZone);
  return at === null ? null : new Date(localTime(at.first, timeZone)).toISOString().slice(0, 10);
}

function textAt(document: JsonObject, place: string | null): string {
  const value = place === null ? undefined : contentIn(document, place);
  return typeof value === 'string' ? value : '';
}

/** Those of one name are one participant, who keeps what the file does not show. In the order in which they are known, newcomers behind. */
function participantsOver(places: Places, known: JsonObject, shown: JsonObject): Json[] {
  const nameOf = (participant: Json) => {
    if (!isJsonObject(participant)) return '';
    const { firstName, lastName } = places.participant;
    return nameWords({
      firstName: textAt(participant, firstName),
      lastName: textAt(participant, lastName),
    }).words.join(' ');
  };
  const listIn = (document: JsonObject) => {
    const list = contentIn(document, places.participants);
    return Array.isArray(list) ? list : [];
  };
  const left = [...listIn(shown)];
  const stayed = listIn(known).flatMap((before) => {
    const at = left.findIndex((one) => nameOf(one) === nameOf(before));
    if (at === -1) return [];
    const [after] = left.splice(at, 1);
    return isJsonObject(before) && isJsonObject(after) ? [laidOver(before, after)] : [];
  });
  return [...stayed, ...left];
}
