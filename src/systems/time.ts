/**
 * Times as the two systems write them. Yoplanning: `2018-06-03T18:30:00`, without a zone, in UTC (API v3.1). Yapla's session
 * expiry: RFC 3339, or `YYYY-MM-DD HH:MM:SS` without a zone, in UTC (seen in other people's connectors, docs/systems.md).
 */

const timestamp = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)\s?(Z|[+-]\d{2}:?\d{2})?)?$/i;

/** Epoch milliseconds of a timestamp; without a zone it is UTC. `null`: not a timestamp that we know. */
export function parseTimestamp(text: string): number | null {
  const [, day, time, zone] = timestamp.exec(text.trim()) ?? [];
  if (day === undefined) return null;
  const offset = zone === undefined ? 'Z' : zone.toUpperCase().replace(/^([+-]\d{2})(\d{2})$/, '$1:$2');
  const at = Date.parse(`${day}T${time ?? '00:00'}${offset}`);
  return Number.isNaN(at) ? null : at;
}

/** A time as Yoplanning's filters want it, `2019-05-23 10:53:00` in UTC: a query string writes the space as `+`. */
export function filterTimestamp(at: Date): string {
  return at.toISOString().slice(0, 19).replace('T', ' ');
}
