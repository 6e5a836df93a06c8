/** Registrations and donations as webhooks show them, in the assumed shape (systems/yapla.md): times by the clocks of the account, amounts as text. */
import { localTime } from '../../../core/zone.js';
import type { JsonObject } from '../../../systems/system.js';
import type { EventsKind, SandboxDonation, SandboxRegistration, Status } from './account.js';
import type { Participant } from './schema.js';

export interface ShownAs {
  readonly timeZone: string;
  readonly currency: string;
}

const words: Readonly<Record<Status, string>> = {
  validated: 'validated',
  waitingForPayment: 'waiting_for_payment',
  cancelled: 'cancelled',
};

/** `2026-06-12 09:00:00`, without a zone. */
export function shownTime(atMs: number, zone: string): string {
  return new Date(localTime(atMs, zone)).toISOString().slice(0, 19).replace('T', ' ');
}

/** What a registration costs in all, in cents. */
export function costOf({ event, rate, participants }: SandboxRegistration): number {
  return (event.rates.find(({ name }) => name === rate)?.amount ?? 0) * participants.length;
}

export function decimal(cents: number): string {
  return (cents / 100).toFixed(2);
}

export function registrationDocument(registration: SandboxRegistration, { timeZone, currency }: ShownAs): JsonObject {
  const { id, event, activity, rate, participants, status, paidAtMs, updatedAtMs } = registration;
  return {
    id: Number(id),
    status: words[status],
    event: {
      id: Number(event.id),
      title: event.title,
      start: shownTime(Date.parse(event.start), timeZone),
      end: shownTime(Date.parse(event.end), timeZone),
      place: event.place,
    },
    activity: activity === null ? null : { id: Number(activity.id), title: activity.title },
    rate,
    participants: participants.map(personDocument),
    amount: decimal(costOf(registration)),
    currency,
    paid_at: paidAtMs === null ? null : shownTime(paidAtMs, timeZone),
    updated_at: shownTime(updatedAtMs, timeZone),
  };
}

export function donationDocument(donation: SandboxDonation, { timeZone, currency }: ShownAs): JsonObject {
  const { id, donor, amount, campaign, status, madeAtMs, updatedAtMs } = donation;
  return {
    id: Number(id),
    status: words[status],
    donor: personDocument(donor),
    amount: decimal(amount),
    currency,
    date: shownTime(madeAtMs, timeZone),
    campaign: { title: campaign },
    updated_at: shownTime(updatedAtMs, timeZone),
  };
}

/** What is not known of a person is left out. */
function personDocument({ memberId, firstName, lastName, email }: Participant): JsonObject {
  return {
    ...(memberId === null ? {} : { member_id: Number(memberId) }),
    first_name: firstName,
    last_name: lastName,
    ...(email === null ? {} : { email }),
  };
}

/** A webhook's body. */
export function eventsBody(kind: EventsKind, word: string, document: JsonObject): JsonObject {
  return { event: `${kind}.${word}`, data: document };
}
