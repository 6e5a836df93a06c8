/**
 * What a person's orders and donations say about the person, as values of fields: when the next session is, what was spent this season. Pure:
 * the same bookings at the same moment give the same facts. Time passes, so facts change without an event; each answer says until when it
 * holds.
 *
 * Days and seasons are those of one time zone, the club's: a session at half past eleven at night is on that evening there.
 */
import { type Money, sumMoney } from './money.js';
import { fold } from '../fold.js';
import type { CanonicalFields } from '../record.js';
import { instantsOf, localTime } from '../zone.js';

/** Facts from orders of Yoplanning. */
export const orderFacts = [
  'nextSession',
  'lastSession',
  'bookingsThisSeason',
  'spentThisSeason',
  'activities',
] as const;
export type OrderFact = (typeof orderFacts)[number];

/** Facts from donations of Yapla. */
export const donationFacts = ['lastDonation', 'donatedThisYear'] as const;
export type DonationFact = (typeof donationFacts)[number];

export type FactName = OrderFact | DonationFact;

/** Facts that are a day, `YYYY-MM-DD`. All others are text. */
export const dayFacts: ReadonlySet<FactName> = new Set<FactName>(['nextSession', 'lastSession', 'lastDonation']);

/** One place that an active order holds, or one voucher. */
export interface BookedItem {
  /** Epoch milliseconds; null: a voucher, or a session of which nobody knows when it starts. */
  readonly startsAt: number | null;
  /** Of the session's product; null: not known. */
  readonly title: string | null;
  /** Null: not shown. */
  readonly amount: Money | null;
  /** When the order was placed, epoch milliseconds; null: not shown. */
  readonly orderedAt: number | null;
}

/** A donation that counts: validated. */
export interface CountedDonation {
  /** Epoch milliseconds. */
  readonly madeAt: number;
  readonly amount: Money;
}

export interface FactRules {
  /** The day on which each season begins, `MM-DD`. */
  readonly seasonFrom: string;
  /** IANA name. */
  readonly timeZone: string;
  /** ISO 4217, of the team. Amounts of another currency are not counted: nobody has said at which rate. */
  readonly currency: string;
}

/** What is known now, and until when. */
export interface Facts<Name extends FactName> {
  /** Days as `YYYY-MM-DD`, counts and amounts as decimal text, titles in one line; null: there is none. */
  readonly values: Readonly<Record<Name, string | null>>;
  /** The first moment at which one of them may be another although nothing was booked or given, epoch milliseconds; null: never. */
  readonly changesAt: number | null;
}

/**
 * What orders say at a moment.
 *
 * - `nextSession`, `lastSession`: the day of the first session that is still to start, and of the last that has started;
 * - `bookingsThisSeason`: places whose session starts in the season in which the moment is;
 * - `spentThisSeason`: their amounts, and those of vouchers, and of sessions nobody knows the time of, that were ordered in that season;
 * - `activities`: titles of what was booked in that season, each once, in the order of the alphabet.
 */
export function factsOfOrders(items: readonly BookedItem[], rules: FactRules, now: number): Facts<OrderFact> {
  const { timeZone, currency } = rules;
  const season = seasonAt(now, rules);
  const isWithin = (at: number | null) => at !== null && at >= season.from && at < season.to;
  const starts = items.flatMap(({ startsAt }) => startsAt ?? []).sort((a, b) => a - b);
  const next = starts.find((at) => at > now);
  const last = starts.findLast((at) => at <= now);
  const booked = items.filter(({ startsAt }) => isWithin(startsAt));
  const paid = items.filter(({ startsAt, orderedAt }) => isWithin(startsAt ?? orderedAt));
  const spent = paid.flatMap(({ amount }) => (amount?.currency === currency ? [amount] : []));
  return {
    values: {
      nextSession: next === undefined ? null : dayOf(next, timeZone),
      lastSession: last === undefined ? null : dayOf(last, timeZone),
      bookingsThisSeason: String(booked.length),
      spentThisSeason: sumMoney(spent, currency).amount,
      activities: titlesOf(booked),
    },
    changesAt: items.length === 0 ? null : Math.min(next ?? Infinity, season.to),
  };
}

/**
 * What donations say at a moment.
 *
 * - `lastDonation`: the day of the last one that was made until then;
 * - `donatedThisYear`: the amounts of those of the calendar year, in the team's currency.
 */
export function factsOfDonations(
  donations: readonly CountedDonation[],
  { timeZone, currency }: Omit<FactRules, 'seasonFrom'>,
  now: number,
): Facts<DonationFact> {
  const year = seasonAt(now, { seasonFrom: '01-01', timeZone });
  const made = donations.filter(({ madeAt }) => madeAt <= now);
  const toCome = donations.flatMap(({ madeAt }) => (madeAt > now ? [madeAt] : []));
  const counted = made.filter(({ madeAt, amount }) => madeAt >= year.from && amount.currency === currency);
  const last = made.length === 0 ? null : Math.max(...made.map(({ madeAt }) => madeAt));
  return {
    values: {
      lastDonation: last === null ? null : dayOf(last, timeZone),
      donatedThisYear: sumMoney(
        counted.map(({ amount }) => amount),
        currency,
      ).amount,
    },
    changesAt: donations.length === 0 ? null : Math.min(year.to, ...toCome),
  };
}

/** The fields that take facts, with their values. @param mapped canonical field name to the fact that it shows */
export function fieldsOfFacts<Name extends FactName>(
  { values }: Facts<Name>,
  mapped: Readonly<Record<string, Name>>,
): CanonicalFields {
  return Object.fromEntries(Object.entries(mapped).map(([field, fact]) => [field, values[fact]]));
}

/** Whether a text is a day of every year, `MM-DD`. The 29th of February is none. */
export function isSeasonStart(text: string): boolean {
  if (!/^\d{2}-\d{2}$/.test(text)) return false;
  const at = new Date(`2001-${text}T00:00:00Z`);
  return !Number.isNaN(at.getTime()) && at.toISOString().slice(5, 10) === text;
}

/** The season, or year, in which a moment is: from its first instant to that of the next. Epoch milliseconds. */
export function seasonAt(
  now: number,
  { seasonFrom, timeZone }: Pick<FactRules, 'seasonFrom' | 'timeZone'>,
): { readonly from: number; readonly to: number } {
  const year = new Date(localTime(now, timeZone)).getUTCFullYear();
  const [before, from, to] = [year - 1, year, year + 1].map((one) => startOf(one, seasonFrom, timeZone)) as [
    number,
    number,
    number,
  ];
  return now < from ? { from: before, to: from } : { from, to };
}

function startOf(year: number, monthAndDay: string, zone: string): number {
  return instantsOf(Date.parse(`${String(year).padStart(4, '0')}-${monthAndDay}T00:00:00Z`), zone).first;
}

/** The day that the calendar of a zone shows at an instant, `YYYY-MM-DD`. */
function dayOf(at: number, zone: string): string {
  return new Date(localTime(at, zone)).toISOString().slice(0, 10);
}

/** In one line, a comma between two; null: there is none. In whatever spelling a title is there more than once, it is one. */
function titlesOf(items: readonly BookedItem[]): string | null {
  const titles = new Map<string, string>();
  // Of several spellings the first in the order of their letters, so that the order of the orders changes nothing.
  for (const title of items.flatMap((one) => one.title ?? []).sort()) {
    const known = fold(title);
    if (title !== '' && !titles.has(known)) titles.set(known, title);
  }
  if (titles.size === 0) return null;
  return [...titles]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, title]) => title)
    .join(', ');
}
