/**
 * The catalogue as iCalendar (RFC 5545), for calendars that subscribe to it. `ical.js` writes it; the zones' rules are those of
 * `timezones-ical-library`. In doubt a time is written in UTC, which every reader understands alike:
 *
 * - A local time of the hour that happens twice means its first occurrence (RFC 5545, 3.3.5), and to some readers the second.
 * - Node and the rules may know a zone from different years (Morocco's has changed often), and readers may have rules of their own.
 *
 * Thousands of sessions take a second to write, in which no webhook would be answered: they are written a few at a time.
 */
import { setImmediate as others } from 'node:timers/promises';
import ICAL from 'ical.js';
import { tzlib_get_ical_block } from 'timezones-ical-library';
import { type CatalogueFeed, encodedId, type FeedSession } from '../core/events/feed.js';
import { detailLines, titleLine } from '../core/events/feedWords.js';
import { instantsOf, isTimeZone, localTime } from '../core/zone.js';

/** Sessions that are written before others have their turn: some milliseconds. */
const atOnce = 50;

const endOfLine = '\r\n';

// It does not count the space that a folded line begins with; 75 is what a line may have (RFC 5545, 3.1).
ICAL.foldLength = 74;

export interface CalendarOptions {
  /** Names the sessions together with their ids: it must stay the same for as long as somebody subscribes. */
  readonly connectionId: string;
  /** How often a calendar is told to look. */
  readonly maxAgeMs: number;
}

/** The same feed gives the same bytes. */
export async function calendarOf(
  feed: CatalogueFeed,
  { connectionId, maxAgeMs }: CalendarOptions,
): Promise<Uint8Array> {
  const zone = zoneOf(feed.timeZone);
  const sessions: string[] = [];
  let usesZone = false;
  for (const [nth, session] of feed.sessions.entries()) {
    const times = timesOf(session, zone);
    usesZone ||= times.zone !== null;
    sessions.push(eventOf(session, times, feed, connectionId).toString());
    if (nth % atOnce === atOnce - 1) await others();
  }
  const [head, end] = aroundSessions(feed, usesZone ? zone : null, maxAgeMs);
  return Buffer.from([...head, ...sessions, end, ''].join(endOfLine), 'utf8');
}

/** The lines before the sessions, and the one after them. */
function aroundSessions(
  { name, lang }: CatalogueFeed,
  zone: Zone | null,
  maxAgeMs: number,
): readonly [head: readonly string[], end: string] {
  const calendar = new ICAL.Component('vcalendar');
  calendar.addPropertyWithValue('version', '2.0');
  calendar.addPropertyWithValue('prodid', `-//Passerelle//catalogue//${lang.toUpperCase()}`);
  calendar.addPropertyWithValue('method', 'PUBLISH');
  // RFC 7986, and what calendars read that are older. The library does not know their types.
  for (const property of ['name', 'x-wr-calname']) calendar.addPropertyWithValue(property, escaped(name));
  if (maxAgeMs > 0) {
    const interval = ICAL.Duration.fromSeconds(Math.ceil(maxAgeMs / 1_000));
    const refresh = new ICAL.Property('refresh-interval');
    refresh.resetType('duration');
    refresh.setValue(interval);
    calendar.addProperty(refresh);
    calendar.addPropertyWithValue('x-published-ttl', interval.toString());
  }
  if (zone !== null) calendar.addSubcomponent(zone.rules);
  const lines = calendar.toString().split(endOfLine);
  return [lines.slice(0, -1), lines.at(-1)!];
}

interface Times {
  readonly start: ICAL.Time;
  readonly end: ICAL.Time | null;
  /** Null: they are in UTC. */
  readonly zone: Zone | null;
}

function eventOf(session: FeedSession, times: Times, feed: CatalogueFeed, connectionId: string): ICAL.Component {
  const { id, status, placesLeft, url, category, meetingPoint, address } = session;
  const event = new ICAL.Component('vevent');
  const add = (name: string, value: string | number | ICAL.Time) => event.addPropertyWithValue(name, value);
  const addTime = (name: string, time: ICAL.Time) => {
    const property = add(name, time);
    if (times.zone !== null) property.setParameter('tzid', times.zone.name);
  };
  add('uid', `${encodedId(id)}@${connectionId}.passerelle`);
  add('sequence', session.revision);
  // What has no answer awaited says by it when it was so (RFC 5545, 3.8.7.2).
  add('dtstamp', inUtc(session.knownAt));
  add('last-modified', inUtc(session.changedAt));
  addTime('dtstart', times.start);
  if (times.end !== null) addTime('dtend', times.end);
  add('status', status === 'cancelled' ? 'CANCELLED' : 'CONFIRMED');
  // Who looks at what is on is not busy then.
  add('transp', 'TRANSPARENT');
  add('summary', text(titleLine(session, feed)));
  add('description', text(detailLines(session, feed).join('\n')));
  const location = [meetingPoint, address].filter((one) => one !== null && one.trim() !== '').join(', ');
  if (location !== '') add('location', text(location));
  if (category !== null && category.trim() !== '') add('categories', text(category));
  if (url !== null) add('url', url);
  if (placesLeft !== null) add('x-passerelle-places-left', String(placesLeft));
  add('x-passerelle-known-at', session.knownAt);
  return event;
}

interface Zone {
  /** As the rules call it, which have one name for zones that have several (America/Montreal is America/Toronto). */
  readonly name: string;
  /** A `VTIMEZONE`. */
  readonly rules: ICAL.Component;
  readonly zone: ICAL.Timezone;
}

/** Null: times are written in UTC, because they are, or because nobody knows the zone's rules. */
function zoneOf(timeZone: string): Zone | null {
  const found = tzlib_get_ical_block(timeZone);
  if (typeof found === 'string' || found[0] === undefined) return null;
  const rules = new ICAL.Component(ICAL.parse(found[0]) as unknown[]);
  const zone = new ICAL.Timezone(rules);
  return zone.tzid === 'Etc/UTC' || !isTimeZone(zone.tzid) ? null : { name: zone.tzid, rules, zone };
}

/** In the zone's time where neither time is in doubt, else in UTC. */
function timesOf({ startsAt, endsAt }: FeedSession, zone: Zone | null): Times {
  const start = zone && inZone(startsAt, zone);
  const end = zone && endsAt !== null ? inZone(endsAt, zone) : null;
  if (start !== null && (endsAt === null || end !== null)) return { start, end, zone };
  return { start: inUtc(startsAt), end: endsAt === null ? null : inUtc(endsAt), zone: null };
}

/** Null: it would not be certain which instant is meant. */
function inZone(iso: string, { name, zone }: Zone): ICAL.Time | null {
  const instant = wholeSeconds(iso);
  const local = localTime(instant, name);
  const { first, last } = instantsOf(local, name);
  if (first !== last) return null;
  const time = fieldsOf(local, zone);
  return time.toUnixTime() * 1_000 === instant ? time : null;
}

function inUtc(iso: string): ICAL.Time {
  return fieldsOf(wholeSeconds(iso), ICAL.Timezone.utcTimezone);
}

/** Calendars know no smaller part. */
function wholeSeconds(iso: string): number {
  return Math.floor(Date.parse(iso) / 1_000) * 1_000;
}

/** @param local as `localTime` */
function fieldsOf(local: number, zone: ICAL.Timezone): ICAL.Time {
  const date = new Date(local);
  return new ICAL.Time(
    {
      year: date.getUTCFullYear(),
      month: date.getUTCMonth() + 1,
      day: date.getUTCDate(),
      hour: date.getUTCHours(),
      minute: date.getUTCMinutes(),
      second: date.getUTCSeconds(),
    },
    zone,
  );
}

/** Without the signs that no text of iCalendar may hold (RFC 5545, 3.3.11). */
function text(value: string): string {
  return value.replaceAll(/\r\n?/g, '\n').replaceAll(/[\p{Cc}\p{Cs}]/gu, (sign) => (sign === '\n' ? sign : ' '));
}

function escaped(value: string): string {
  return value.replaceAll(/[\\;,]/g, (sign) => `\\${sign}`);
}
