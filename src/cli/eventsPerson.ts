/** `passerelle events person`: what one person booked and gave. Shows personal data, on the terminal of the person who asks, and nowhere else. */
import type { BookedItem } from '../core/events/facts.js';
import { personsOf, type SystemName } from '../core/record.js';
import { localTime } from '../core/zone.js';
import { donationsOf, itemsOfClients, type StoredDonation } from '../store/facts.js';
import { linkOfRecord, pairsByIds } from '../store/links.js';
import { shadowsByIds } from '../store/shadows.js';
import type { EventsSession } from './eventsSession.js';
import { type Output, table } from './output.js';
import { UsageError } from './program.js';
import { visible, visibleJson } from './visible.js';

/** What is known of a person from events. */
interface Person {
  readonly yapla: string | null;
  readonly yoplanning: string | null;
  /** What active orders hold, the earliest session first. */
  readonly bookings: readonly BookedItem[];
  /** The latest first; those that wait for payment or are cancelled, too. */
  readonly donations: readonly StoredDonation[];
}

/** @param record as `yapla:1042` or `yoplanning:<id>` @throws {UsageError} nobody is known by it */
export async function showPerson(session: EventsSession, record: string, json: boolean, output: Output): Promise<void> {
  const person = await personOf(session, record);
  if (json) return output.print(visibleJson(person));
  const { timeZone } = session.events.connection.config.yapla;
  const bookings = person.bookings.map(({ startsAt, title, amount }) => [
    startsAt === null ? 'no date' : clockText(startsAt, timeZone),
    title === null ? '' : visible(title),
    amount === null ? '' : `${amount.amount} ${visible(amount.currency)}`,
  ]);
  const donations = person.donations.map(({ madeAt, campaign, amount, currency, status, id }) => [
    clockText(madeAt, timeZone),
    campaign === null ? '' : visible(campaign),
    `${amount} ${visible(currency)}`,
    `${status}, donation ${visible(id)}`,
  ]);
  output.print(`Booked in Yoplanning: ${bookings.length}`);
  if (bookings.length > 0) output.print(table(bookings, { indent: 2 }));
  output.print(`Given in Yapla: ${donations.length}`);
  if (donations.length > 0) output.print(table(donations, { indent: 2 }));
}

async function personOf({ connectionId, sql }: EventsSession, record: string): Promise<Person> {
  const persons = personsOf(connectionId);
  const { yapla, yoplanning } = await idsOf(sql, persons, record);
  const of = (kind: 'registration' | 'donation') => ({ connectionId, kind });
  const booked =
    yoplanning === null ? [] : (await itemsOfClients(sql, of('registration'), [yoplanning])).get(yoplanning)!;
  const bookings = [...booked].sort((a, b) => (a.startsAt ?? Infinity) - (b.startsAt ?? Infinity));
  const donations = yapla === null ? [] : (await donationsOf(sql, of('donation'), [yapla])).get(yapla)!;
  return { yapla, yoplanning, bookings, donations };
}

async function idsOf(
  sql: EventsSession['sql'],
  persons: ReturnType<typeof personsOf>,
  record: string,
): Promise<Readonly<Record<SystemName, string | null>>> {
  const [, system, id] = /^(yapla|yoplanning):(.+)$/.exec(record) ?? [];
  if (system === undefined || id === undefined)
    throw new UsageError(`expected "yapla:<number>" or "yoplanning:<id>", found "${visible(record)}"`);
  const link = await linkOfRecord(sql, persons, system as SystemName, id);
  const pair = link === null ? undefined : (await pairsByIds(sql, persons, [link])).get(link);
  if (pair !== undefined) return pair.ids;
  const known = await shadowsByIds(sql, persons, system as SystemName, [id]);
  if (!known.has(id)) throw new UsageError(`${visible(record)} is nobody of whom anything was ever read`);
  return { yapla: system === 'yapla' ? id : null, yoplanning: system === 'yoplanning' ? id : null };
}

/** `2026-09-05 14:00`, by the clocks of a zone. */
function clockText(instant: number, timeZone: string): string {
  return new Date(localTime(instant, timeZone)).toISOString().slice(0, 16).replace('T', ' ');
}
