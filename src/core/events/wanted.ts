/** What a registration asks for in Yoplanning's terms: who is to be booked into which session at which price. Pure. */
import { fold } from '../fold.js';
import type { Hindrance } from './bookings.js';
import { minorDigits, type Money, moneyOf } from './money.js';
import type { Registration } from './registration.js';
import type { EventPerson } from './shown.js';

/**
 * Who a participant is among the clients:
 * - `client`: this one; `new`: nobody so far, and the order may name them;
 * - `awaited`: a member whose client is on its way; `asked`: a member about whom a question is open;
 * - `many`: one of several, nobody knows which; `none`: nobody, and none may be made;
 * - `unknown`: by the number a member, whom Yapla does not show.
 */
export type ParticipantClient =
  | { readonly is: 'client'; readonly id: string }
  | { readonly is: 'new' | 'awaited' | 'asked' | 'many' | 'none' | 'unknown' };

/** A client who exists, or whom the order makes. */
export type WantedClient =
  { readonly id: string } | { readonly firstName: string; readonly lastName: string; readonly email: string | null };

export interface WantedItem {
  /** Tells the participant from the others, and stays the same whichever client they turn out to be. Personal data. */
  readonly who: string;
  readonly client: WantedClient;
  readonly amount: Money;
}

export interface Wanted {
  readonly sessionId: string;
  /** In the order of the participants. */
  readonly items: readonly WantedItem[];
  /** The whole price, where the registration is paid. Null: it is not, or nothing is to be paid. */
  readonly paid: Money | null;
  /** All of it as one text, which says the same where the same is wanted. Personal data. */
  readonly text: string;
}

export interface WantingContext {
  /** Null: nobody has said where the event goes; an undefined id: where it goes is not there any more. */
  readonly session: { readonly id: string | undefined } | null;
  /** In the order of the participants. */
  readonly clients: readonly ParticipantClient[];
  /** Of the team, ISO 4217. */
  readonly currency: string;
  readonly missingAmount: 'ask' | 'free';
}

/** Hindrances of people, the one that a person must end first. */
const ofPeople = [
  ['many', 'manyClients'],
  ['none', 'noClient'],
  ['unknown', 'unknownMember'],
  ['asked', 'personAsked'],
  ['awaited', 'peopleAwaited'],
] as const satisfies readonly (readonly [ParticipantClient['is'], Hindrance])[];

/** What is wanted, or what keeps it from being said. */
export function wantedOf(
  registration: Registration,
  { session, clients, currency, missingAmount }: WantingContext,
): { readonly wanted: Wanted } | { readonly hindrance: Hindrance } {
  if (session === null) return { hindrance: 'notMapped' };
  const { id: sessionId } = session;
  if (sessionId === undefined) return { hindrance: 'noSession' };
  for (const [is, hindrance] of ofPeople) if (clients.some((one) => one.is === is)) return { hindrance };
  if (registration.currency !== null && registration.currency !== currency) return { hindrance: 'otherCurrency' };
  if (registration.amount === null && missingAmount === 'ask') return { hindrance: 'noAmount' };
  const total = moneyOf(registration.amount ?? '0', currency);
  const amounts = sharesOf(total, registration.participants.length);
  const items: WantedItem[] = [];
  for (const [nth, person] of registration.participants.entries()) {
    const client = clientOf(person, clients[nth]!);
    if (client === null) return { hindrance: 'noClient' };
    items.push({ who: participantKey(person), client, amount: amounts[nth]! });
  }
  const paid = registration.paidAt === null || Number(total.amount) === 0 ? null : total;
  return { wanted: { sessionId, items, paid, text: textOf(sessionId, items) } };
}

/** Whoever has no name cannot be named in an order. */
function clientOf({ firstName, lastName, email }: EventPerson, known: ParticipantClient): WantedClient | null {
  if (known.is === 'client') return { id: known.id };
  return firstName === null || lastName === null ? null : { firstName, lastName, email };
}

/** A member by the number; anybody else by what was entered, in any spelling. */
export function participantKey({ memberId, firstName, lastName, email }: EventPerson): string {
  if (memberId !== null) return `member ${memberId}`;
  return `${fold(firstName ?? '')} ${fold(lastName ?? '')} ${email ?? ''}`;
}

function textOf(session: string, items: readonly WantedItem[]): string {
  const said = items.map(({ who, amount }) => [who, amount.amount]).sort(([a], [b]) => (a! < b! ? -1 : 1));
  return JSON.stringify([session, said]);
}

/** An amount in equal parts; what cannot be parted goes, a smallest coin each, to the first of them. */
export function sharesOf({ amount, currency }: Money, parts: number): readonly Money[] {
  const digits = minorDigits(currency);
  const minor = BigInt(amount.replace('.', ''));
  const [each, rest] = [minor / BigInt(parts), Number(minor % BigInt(parts))];
  return Array.from({ length: parts }, (_, nth) => {
    const text = String(nth < rest ? each + 1n : each).padStart(digits + 1, '0');
    return moneyOf(digits === 0 ? text : `${text.slice(0, -digits)}.${text.slice(-digits)}`, currency);
  });
}
