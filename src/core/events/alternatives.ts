/** Other sessions of a product, where one has no place left: for a person who answers. Pure. */

export interface OfferedSession {
  readonly id: string;
  /** ISO 8601 in UTC. */
  readonly startsAt: string;
  /** Null: not shown. */
  readonly placesLeft: number | null;
}

export interface FullSession {
  readonly id: string;
  /** Epoch milliseconds. */
  readonly startsAtMs: number;
}

/** A person reads a handful. */
const most = 5;

/** By any clock on earth, what begins within so long belongs to the same day for somebody who wants to come. */
const sameDayMs = 12 * 3_600_000;

/**
 * Those with room that have not begun: first of the same day, the nearest first, then of the days that follow. Whether one has room that shows no
 * number of places, only an order tells: it is among them.
 *
 * @param sessions of the same product @param people who need a place
 */
export function alternativesOf<Session extends OfferedSession>(
  full: FullSession,
  sessions: readonly Session[],
  { people, nowMs }: { readonly people: number; readonly nowMs: number },
): readonly Session[] {
  const later = (one: Session) => Date.parse(one.startsAt) - full.startsAtMs;
  const fits = sessions.filter(
    (one) =>
      one.id !== full.id &&
      Date.parse(one.startsAt) > nowMs &&
      later(one) > -sameDayMs &&
      (one.placesLeft === null || one.placesLeft >= people),
  );
  const isSameDay = (one: Session) => later(one) < sameDayMs;
  const order = (one: Session, other: Session) =>
    Math.abs(later(one)) - Math.abs(later(other)) || (one.id < other.id ? -1 : 1);
  return [...fits.filter(isSameDay).sort(order), ...fits.filter((one) => !isSameDay(one)).sort(order)].slice(0, most);
}
