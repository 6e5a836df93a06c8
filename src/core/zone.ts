/**
 * Local times of a time zone, and the instants that they stand for. In most hours that is one; where clocks are put back, an hour happens
 * twice and stands for two; where they are put forward, an hour does not exist, and could be either of what it would be by the clock before
 * and by the clock after. By Node's own `Intl`, which brings the zones' rules: Node 20 has no `Temporal`.
 */

import { remembering } from './remembered.js';

/** The first and the last instant, in epoch milliseconds, that a text can stand for: the same where it stands for one. */
export interface Instants {
  readonly first: number;
  readonly last: number;
}

/** Whether it is the name of a zone in the IANA database, such as `Europe/Paris`; an offset is none: it knows no summer. */
export function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    return clockOf(name) !== undefined;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** Made once for each zone: making one costs more than asking it a thousand times. */
const clocks = new Map<string, Intl.DateTimeFormat>();

function clockOf(zone: string): Intl.DateTimeFormat {
  const known = clocks.get(zone);
  if (known !== undefined) return known;
  const clock = new Intl.DateTimeFormat('en', {
    timeZone: zone,
    hourCycle: 'h23',
    era: 'short',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  clocks.set(zone, clock);
  return clock;
}

/** What the clocks of a zone show at an instant, as the epoch milliseconds at which clocks in UTC show the same. */
export function localTime(instant: number, zone: string): number {
  const parts = new Map(
    clockOf(zone)
      .formatToParts(instant)
      .map(({ type, value }) => [type, value]),
  );
  const part = (type: Intl.DateTimeFormatPartTypes) => Number(parts.get(type));
  const year = parts.get('era') === 'BC' ? 1 - part('year') : part('year');
  const shown = new Date(0);
  // Not by Date.UTC, which takes the years up to 99 for those of the last century.
  shown.setUTCFullYear(year, part('month') - 1, part('day'));
  shown.setUTCHours(part('hour'), part('minute'), part('second'));
  return shown.getTime() + (((instant % 1_000) + 1_000) % 1_000);
}

/** No zone has put its clocks by more than a day, nor twice within two. */
const dayMs = 86_400_000;

/** A day of a zone's clocks during which they are not put, by its offset; null: they are. Times of records fall into few days, and `Intl` is slow. */
const rememberDay = remembering<number | null>(8_192);

/** The instants at which the clocks of a zone show a time. @param local as `localTime` */
export function instantsOf(local: number, zone: string): Instants {
  if (zone === 'UTC') return { first: local, last: local };
  const day = Math.floor(local / dayMs);
  const offset = rememberDay(`${zone} ${day}`, () => {
    const [begin, end] = [day * dayMs, (day + 1) * dayMs - 1].map((at) => ({ at, ...computed(at, zone) }));
    const isQuiet = begin!.first === begin!.last && end!.first === end!.last && end!.first - begin!.first === dayMs - 1;
    return isQuiet ? begin!.at - begin!.first : null;
  });
  return offset === null ? computed(local, zone) : { first: local - offset, last: local - offset };
}

function computed(local: number, zone: string): Instants {
  const offsets = [local - dayMs, local + dayMs].map((instant) => localTime(instant, zone) - instant);
  const candidates = offsets.map((offset) => local - offset);
  const shown = candidates.filter((instant) => localTime(instant, zone) === local);
  // None: the hour that does not exist.
  const possible = shown.length > 0 ? shown : candidates;
  return { first: Math.min(...possible), last: Math.max(...possible) };
}
