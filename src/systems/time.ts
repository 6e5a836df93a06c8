/**
 * Times as the two systems write them: with an offset, which counts, or without one, in the zone that is configured for the system
 * (`timeZone`). Yoplanning: `2018-06-03T18:30:00` (API v3.1). Yapla: RFC 3339, or `YYYY-MM-DD HH:MM:SS` (docs/systems.md).
 *
 * A time without offset can stand for two instants (core/zone.ts). Both are told, and each caller takes the one that does no harm: a record
 * is older than another only where it is for certain (src/link/readRecord.ts), a filter leaves nobody out, and a session ends early.
 */
import { instantsOf, localTime, type Instants } from '../core/zone.js';

const timestamp = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)\s?(Z|[+-]\d{2}:?\d{2})?)?$/i;

/** The instants that a timestamp can stand for, in epoch milliseconds. `null`: not a timestamp that we know. @param zone of texts that name none */
export function parseTimestamp(text: string, zone: string): Instants | null {
  const [, day, time, offset] = timestamp.exec(text.trim()) ?? [];
  if (day === undefined) return null;
  const written = (as: string) => Date.parse(`${day}T${time ?? '00:00'}${as}`);
  if (offset !== undefined) {
    const at = written(offset.toUpperCase().replace(/^([+-]\d{2})(\d{2})$/, '$1:$2'));
    return Number.isNaN(at) ? null : { first: at, last: at };
  }
  const local = written('Z');
  return Number.isNaN(local) ? null : instantsOf(local, zone);
}

/** Which side of a time a filter keeps: what is later, or earlier; `at`: that moment. */
export type FilterSide = 'later' | 'earlier' | 'at';

/**
 * A time as Yoplanning's filters want it, `2019-05-23 10:53:00`: a query string writes the space as `+`. Where the server could take that
 * for another instant, or for less than the whole second, it is moved so far that nothing is left out.
 */
export function filterTimestamp(at: Date, zone: string, side: FilterSide = 'at'): string {
  const second = (side === 'earlier' ? Math.ceil(at.getTime() / 1_000) : Math.floor(at.getTime() / 1_000)) * 1_000;
  const local = localTime(second, zone);
  const { first, last } = instantsOf(local, zone);
  const moved = side === 'later' ? second - last : side === 'earlier' ? second - first : 0;
  return new Date(local + moved).toISOString().slice(0, 19).replace('T', ' ');
}
