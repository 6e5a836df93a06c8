/**
 * What the feeds of a connection show: its sessions to come, how many places are left, and when that was known. Pure. Made of the catalogue alone, so
 * nothing in it can be about a person.
 */
import type { Money } from './money.js';

/** A session with its product, as the mirror knows it. */
export interface CatalogueRow {
  /** Of the session group. */
  readonly id: string;
  readonly productId: string;
  /** By language (ISO 639-1); at least one. */
  readonly titles: Readonly<Record<string, string>>;
  readonly category: string | null;
  readonly meetingPoint: string | null;
  readonly address: string | null;
  /** ISO 8601 in UTC, as all times here. */
  readonly startsAt: string;
  /** Null: not shown. */
  readonly endsAt: string | null;
  /** Null: not shown. */
  readonly placesLeft: number | null;
  /** Null: not shown. */
  readonly price: Money | null;
  /** Of the product: an indication. Null: not shown. */
  readonly standardPrice: Money | null;
  /** It was called off, or stood in no whole list any more. */
  readonly isGone: boolean;
  /** When it was last shown whole, or proven gone. */
  readonly knownAt: string;
  /** When anything of it, or of its product, was last seen to be another. */
  readonly changedAt: string;
  /** So often its times, or whether it takes place, changed. */
  readonly revision: number;
}

export interface FeedSession {
  readonly id: string;
  readonly productId: string;
  /** In French where it is translated, else in the language that the mirror reads. */
  readonly title: string;
  readonly titles: Readonly<Record<string, string>>;
  readonly category: string | null;
  readonly meetingPoint: string | null;
  readonly address: string | null;
  readonly startsAt: string;
  /** Null: not shown, or none that can be: not after its start, or beyond all calendars. */
  readonly endsAt: string | null;
  readonly status: 'offered' | 'cancelled';
  /** 0 or more; null: not shown, or cancelled. */
  readonly placesLeft: number | null;
  readonly price: Money | null;
  /** The price is the product's, which the vendor calls an indication. */
  readonly isPriceIndicative: boolean;
  /** Where it can be booked; null: not known. */
  readonly url: string | null;
  readonly knownAt: string;
  readonly changedAt: string;
  readonly revision: number;
}

export interface CatalogueFeed {
  readonly name: string;
  /** Of the words around, ISO 639-1. */
  readonly lang: string;
  /** IANA name: by its clocks people read the times. */
  readonly timeZone: string;
  /** No session is known from before then; null: there is none. */
  readonly knownSince: string | null;
  /** When this feed last became another; null: nothing is known yet. */
  readonly changedAt: string | null;
  /** The soonest first. */
  readonly sessions: readonly FeedSession[];
}

export interface FeedSettings {
  readonly name: string;
  readonly lang: string;
  readonly timeZone: string;
  /** With `{product}` and `{session}` where ids belong; null: nobody knows. */
  readonly pageUrl: string | null;
}

/** @param lastOverAt when the last session was over that is shown no more; null: none is known */
export function feedOf(
  { sessions: rows, lastOverAt }: { readonly sessions: readonly CatalogueRow[]; readonly lastOverAt: string | null },
  settings: FeedSettings,
): CatalogueFeed {
  const known = rows.map(({ knownAt }) => knownAt);
  return {
    name: settings.name,
    lang: settings.lang,
    timeZone: settings.timeZone,
    knownSince: first(known),
    // That the time of knowing moves on, or that a session is over, changes a feed, too.
    changedAt: last([
      ...known,
      ...rows.map(({ changedAt }) => changedAt),
      ...(lastOverAt === null ? [] : [lastOverAt]),
    ]),
    sessions: rows.map((row) => sessionOf(row, settings)),
  };
}

function sessionOf(row: CatalogueRow, { lang, pageUrl }: FeedSettings): FeedSession {
  const { id, productId, titles, category, meetingPoint, address, startsAt, endsAt, isGone } = row;
  return {
    id,
    productId,
    title: titles['fr'] ?? titles[lang] ?? Object.values(titles)[0] ?? '',
    titles,
    category,
    meetingPoint,
    address,
    startsAt,
    endsAt: endsAt !== null && canEnd(startsAt, endsAt) ? endsAt : null,
    status: isGone ? 'cancelled' : 'offered',
    placesLeft: isGone || row.placesLeft === null ? null : Math.max(0, row.placesLeft),
    price: row.price ?? row.standardPrice,
    isPriceIndicative: row.price === null && row.standardPrice !== null,
    url: pageUrl === null ? null : pageOf(pageUrl, { productId, id }),
    knownAt: row.knownAt,
    changedAt: row.changedAt,
    revision: row.revision,
  };
}

/** After iCalendar's last year there is nothing. */
const latestMs = Date.UTC(9_999, 11, 31);

function canEnd(startsAt: string, endsAt: string): boolean {
  const end = Date.parse(endsAt);
  return end > Date.parse(startsAt) && end < latestMs;
}

function pageOf(pageUrl: string, { productId, id }: { readonly productId: string; readonly id: string }): string {
  const page = pageUrl.replaceAll('{product}', () => encodedId(productId)).replaceAll('{session}', () => encodedId(id));
  // Signs of iCalendar itself; in an address they mean the same when they are written so.
  return page.replaceAll(',', '%2C').replaceAll(';', '%3B');
}

/** An id as a part of an address, whatever stands in it. */
export function encodedId(id: string): string {
  // Half of a sign is none that can be encoded.
  return encodeURIComponent(id.replaceAll(/\p{Cs}/gu, '\uFFFD'));
}

/** Of times written alike, ISO 8601 in UTC. */
function first(times: readonly string[]): string | null {
  return times.reduce<string | null>((least, one) => (least === null || one < least ? one : least), null);
}

function last(times: readonly string[]): string | null {
  return times.reduce<string | null>((most, one) => (most === null || one > most ? one : most), null);
}
