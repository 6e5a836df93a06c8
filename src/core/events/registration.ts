/**
 * A registration to an event of Yapla, in one shape whatever form it came in. What is public of it is little (docs/systems.md): a status,
 * several participants in one registration, additional ones perhaps without an e-mail address, an event with activities and rates.
 */
import { nameWords } from '../names.js';
import {
  type EventPerson,
  EventReader,
  type EventReading,
  type EventRules,
  onlyInstant,
  type Shown,
  type ShownPerson,
  type ShownTitled,
  type Titled,
} from './shown.js';

/** Yapla's three (its help pages). */
export const registrationStatuses = ['validated', 'waitingForPayment', 'cancelled'] as const;
export type RegistrationStatus = (typeof registrationStatuses)[number];

export interface RegisteredEvent {
  /** Null: not shown (an export has none); then there is a title. */
  readonly id: string | null;
  readonly title: string | null;
  /** Epoch milliseconds UTC. Of a time that stands for two instants (core/zone.ts) the first; null: not shown. */
  readonly start: number | null;
  /** The same, but the last instant; null: not shown. */
  readonly end: number | null;
  readonly place: string | null;
}

/** Personal data: stays in memory and Postgres. */
export interface Registration {
  readonly id: string;
  readonly status: RegistrationStatus;
  readonly event: RegisteredEvent;
  /** The part of the event that was chosen; null: none is shown. */
  readonly activity: Titled | null;
  /** Name of the rate. */
  readonly rate: string | null;
  /** At least one, all different; of a cancelled registration as they are shown. */
  readonly participants: readonly EventPerson[];
  /** What it costs in all: decimal text with the digits of its currency (money.ts), such as `12.50`; null: not shown. */
  readonly amount: string | null;
  /** ISO 4217; null: nobody says, and no amount is shown. */
  readonly currency: string | null;
  /** Epoch milliseconds UTC; null: not paid, or not shown. */
  readonly paidAt: number | null;
  /** Epoch milliseconds UTC; null: not shown, or a time that stands for two instants, by which nothing can be put in order. */
  readonly modifiedAt: number | null;
}

/** Whether something later of it is known: it came late, or once more. Of one that tells no time nobody can say. */
export function isOverdue(
  { modifiedAt }: Pick<Registration, 'modifiedAt'>,
  known: Pick<Registration, 'modifiedAt'> | null,
): boolean {
  return modifiedAt !== null && modifiedAt < (known?.modifiedAt ?? -Infinity);
}

/** What stands in a document where a registration's parts do: nothing of it is checked. */
export interface ShownRegistration {
  readonly id: Shown;
  readonly status: Shown;
  readonly event: Readonly<Record<keyof RegisteredEvent, Shown>>;
  readonly activity: ShownTitled;
  readonly rate: Shown;
  /** Undefined: no list is shown; `notList`: something else stands there. An entry that is no object is null. */
  readonly participants: readonly (ShownPerson | null)[] | 'notList' | undefined;
  readonly amount: Shown;
  readonly currency: Shown;
  readonly paidAt: Shown;
  readonly modifiedAt: Shown;
}

export interface RegistrationRules extends EventRules<RegistrationStatus> {
  /** A registration of more is asked about before anybody is booked. */
  readonly maxParticipants: number;
}

/**
 * The registration that a document shows, or everything that is wrong with it. Of a cancelled one nobody is booked, so it can be read whatever
 * people it shows: to cancel it is how a person mends one that could not be read.
 */
export function readRegistration(shown: ShownRegistration, rules: RegistrationRules): EventReading<Registration> {
  const reader = new EventReader(rules);
  const id = reader.needed('id', () => reader.id('id', shown.id));
  const status = reader.needed('status', () => reader.status('status', shown.status));
  const event = readEvent(reader, shown.event);
  const activity = reader.titled('activity', shown.activity);
  const rate = reader.text('rate', shown.rate);
  const participants = readParticipants(reader, shown.participants);
  if (status !== 'cancelled') checkParticipants(reader, participants, rules);
  const price = reader.price(shown);
  const paidAt = reader.time('paidAt', shown.paidAt)?.first ?? null;
  const modified = reader.time('modifiedAt', shown.modifiedAt);
  return reader.end(() => ({
    id: id!,
    status: status!,
    event: event!,
    activity,
    rate,
    participants: (participants ?? []).filter((one) => one !== null),
    ...price,
    paidAt,
    modifiedAt: onlyInstant(modified),
  }));
}

type Reader = EventReader<RegistrationStatus>;

function readEvent(reader: Reader, shown: ShownRegistration['event']): RegisteredEvent | null {
  const titled = reader.needed('event', () => reader.titled('event', shown));
  const start = reader.time('event.start', shown.start)?.first ?? null;
  const end = reader.time('event.end', shown.end)?.last ?? null;
  const place = reader.text('event.place', shown.place);
  if (start !== null && end !== null && end < start) reader.note('event.end', 'endsBeforeStart');
  return titled === null ? null : { ...titled, start, end, place };
}

/** Null: what stands there is no list, or no person, which was noted. */
type ReadParticipants = readonly (EventPerson | null)[] | null;

function readParticipants(reader: Reader, shown: ShownRegistration['participants']): ReadParticipants {
  if (shown === undefined) return [];
  if (shown === 'notList') return reader.note('participants', 'notList');
  return shown.map((one, nth) => {
    const place = `participants[${nth}]`;
    return reader.needed(place, () => (one === null ? null : reader.person(place, one)));
  });
}

function checkParticipants(
  reader: Reader,
  participants: ReadParticipants,
  { maxParticipants }: RegistrationRules,
): void {
  if (participants === null) return;
  if (participants.length === 0) reader.note('participants', 'noParticipants');
  if (participants.length > maxParticipants) {
    reader.note('participants', 'tooManyParticipants');
    return;
  }
  participants.forEach((one, nth) => {
    const isThere = participants
      .slice(0, nth)
      .some((other) => one !== null && other !== null && areOnePerson(one, other));
    if (isThere) reader.note(`participants[${nth}]`, 'sameParticipantTwice');
  });
}

/**
 * Whether two participants of one registration look like one person entered twice: one member's id, or one name, and nothing that tells them
 * apart. A father and a son of one name are told apart by their addresses or their ids; else a person is asked.
 */
function areOnePerson(a: EventPerson, b: EventPerson): boolean {
  if (a.memberId !== null && b.memberId !== null) return a.memberId === b.memberId;
  const [first, second] = [a, b].map((one) => nameWords(one).words.join(' '));
  if (first !== second) return false;
  // Of somebody without a name only an address says who it is.
  if (first === '') return a.email !== null && a.email === b.email;
  return a.email === null || b.email === null || a.email === b.email;
}
