/** Instants in zones, many of them around changes of clocks. */
import fc from 'fast-check';
import { localTime } from '../../src/core/zone.js';

const hourMs = 3_600_000;
const begin = Date.parse('2026-01-01');
const hours = Array.from({ length: 365 * 24 }, (_, nth) => begin + nth * hourMs);

/** A zone, and the hours of 2026 at whose beginning or within which its clocks are changed; and of a day that one of them left out. */
const zones = [
  'Europe/Paris',
  'America/Montreal',
  'America/St_Johns',
  'Australia/Lord_Howe',
  'Africa/Casablanca',
  'UTC',
].map((zone) => {
  const offset = (at: number) => localTime(at, zone) - at;
  return { zone, changes: hours.filter((at) => offset(at) !== offset(at + hourMs)) };
});
zones.push({ zone: 'Pacific/Apia', changes: [Date.parse('2011-12-30T09:00:00Z')] });

export interface ZonedInstant {
  readonly zone: string;
  /** Epoch milliseconds, of a whole second. */
  readonly at: number;
}

/** Half of them within some hours of a change. */
export const zonedInstants: fc.Arbitrary<ZonedInstant> = fc.constantFrom(...zones).chain(({ zone, changes }) => {
  const any = fc.integer({ min: Date.parse('2000-01-01'), max: Date.parse('2037-01-01') });
  const near =
    changes.length === 0
      ? any
      : fc
          .tuple(fc.constantFrom(...changes), fc.integer({ min: -4 * hourMs, max: 3 * hourMs }))
          .map(([change, away]) => change + away);
  return fc.oneof(any, near).map((at) => ({ zone, at: Math.floor(at / 1_000) * 1_000 }));
});

const writers = new Map<string, Intl.DateTimeFormat>();

/** A time as clocks of the zone show it, `2026-10-25 02:30:00`: as Swedes write it, and not by the code under test. */
export function writtenIn(zone: string, instant: number): string {
  const known = writers.get(zone);
  const writer = known ?? new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' });
  if (known === undefined) writers.set(zone, writer);
  return writer.format(instant);
}
