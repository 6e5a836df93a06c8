/**
 * Registrations and donations of Yapla: `yapla.events`. That there are webhooks for them is public, none of their names is (docs/systems.md).
 * The defaults assume the shape most like what is assumed of members:
 *
 *     { "event": "registration.updated", "data": { "id", "status", "event": { "id", "title", "start", "end", "place" }, "activity": { "id", "title" },
 *       "rate", "participants": [{ "member_id", "first_name", "last_name", "email" }], "amount", "currency", "paid_at", "updated_at" } }
 *     { "event": "donation.created", "data": { "id", "status", "donor": { "member_id", "first_name", "last_name", "email" }, "amount", "currency",
 *       "date", "campaign": { "id", "title" }, "updated_at" } }
 */
import { z } from 'zod';
import { isCurrency } from '../core/events/money.js';
import { registrationColumns } from '../core/export/registrations.js';
import { fold } from '../core/fold.js';
import { placeText } from './values.js';

/** A place within the document; null: the account does not show it. */
const place = (text: string, assumed: string) =>
  placeText().nullable().default(assumed).describe(`Place of ${text}; null: it is not shown. Not public; assumed.`);

const words = (text: string) => z.array(z.string().min(1)).describe(text);

/** Statuses as texts: their words in French and English. */
const statusesSchema = (what: string) =>
  z
    .strictObject({
      validated: words(`Words for a ${what} that is validated. Accents, case, blanks and punctuation do not count.`)
        .min(1)
        .default(['validated', 'Validé', 'Validée']),
      waitingForPayment: words(`Words for a ${what} that waits for its payment.`)
        .min(1)
        .default(['waiting for payment', 'waiting payment', 'pending payment', 'En attente de paiement']),
      cancelled: words(`Words for a ${what} that is cancelled.`)
        .min(1)
        .default(['cancelled', 'canceled', 'Annulé', 'Annulée']),
    })
    .superRefine((statuses, context) => {
      const seen = new Map<string, string>();
      for (const [status, list] of Object.entries(statuses)) {
        for (const word of list) {
          const other = seen.get(fold(word));
          if (other !== undefined && other !== status) {
            const message = `expected words that no other status has: "${word}" stands under ${other} as well`;
            context.addIssue({ code: 'custom', path: [status], message });
          }
          seen.set(fold(word), status);
        }
      }
    })
    .prefault({});

const eventSchema = (what: string, assumed: Record<'created' | 'updated' | 'cancelled', string[]>) =>
  z
    .strictObject({
      path: z
        .string()
        .min(1)
        .nullable()
        .default('event')
        .describe(
          `Path in the body of the word that says what happened; null: none comes. At an address of its own (\`…/${what}s\`) a body needs no word: without one that is known it counts as an update. Not public; assumed.`,
        ),
      created: words(`Words for a new ${what}, in whatever case. Not public; assumed.`).default(assumed.created),
      updated: words(`Words for a changed ${what}. Not public; assumed.`).default(assumed.updated),
      cancelled: words(
        `Words for a cancelled ${what}: it counts as cancelled whatever status the body shows. Whether there is such an event is not public.`,
      ).default(assumed.cancelled),
    })
    .prefault({});

const documentSchema = (what: string) =>
  z.string().default('data').describe(`Path of the ${what} in the body; empty: the body itself. Not public; assumed.`);

const personPlaces = (who: string, within = '') => ({
  memberId: place(`the member's id of ${who}`, `${within}member_id`),
  firstName: place(`the first name of ${who}`, `${within}first_name`),
  lastName: place(`the last name of ${who}`, `${within}last_name`),
  email: place(`the e-mail address of ${who}`, `${within}email`),
});

const registrationSchema = z
  .strictObject({
    event: eventSchema('registration', {
      created: ['registration.created'],
      updated: ['registration.updated'],
      cancelled: ['registration.cancelled'],
    }),
    document: documentSchema('registration'),
    id: placeText().default('id').describe("Place of the registration's id. Not public; assumed."),
    status: placeText().default('status').describe('Place of its status. Not public; assumed.'),
    statuses: statusesSchema('registration'),
    eventId: place("the event's id", 'event.id'),
    eventTitle: place("the event's title", 'event.title'),
    eventStart: place('when the event begins', 'event.start'),
    eventEnd: place('when the event ends', 'event.end'),
    eventPlace: place('where the event is', 'event.place'),
    activityId: place('the id of the activity that was chosen', 'activity.id'),
    activityTitle: place("the activity's title", 'activity.title'),
    rate: place('the name of the rate', 'rate'),
    participants: placeText()
      .default('participants')
      .describe('Place of the list of participants. Not public; assumed.'),
    participant: z.strictObject(personPlaces('a participant')).prefault({}).describe('Places within each participant.'),
    amount: place('the amount in all', 'amount'),
    currency: place('the currency (ISO 4217)', 'currency'),
    paidAt: place('when it was paid', 'paid_at'),
    modified: place('when it was last changed', 'updated_at'),
    columns: z
      .partialRecord(z.enum(registrationColumns), z.array(z.string().min(1)).min(1))
      .default({})
      .describe(
        'Headers of the account’s own in the export of registrations (`passerelle import-registrations`): name of a column, such as `registrationNumber` or `rate`, to its headers. They come before those that are built in, in French and English, which are assumed: none is public.',
      ),
    maxParticipants: z
      .number()
      .int()
      .min(1)
      .default(50)
      .describe(
        'A registration of more participants is asked about, and nobody is booked. A class or a bus is about fifty; more are a mistake, or more than one session holds.',
      ),
  })
  .prefault({});

const donationSchema = z
  .strictObject({
    event: eventSchema('donation', {
      created: ['donation.created'],
      updated: ['donation.updated'],
      cancelled: ['donation.cancelled'],
    }),
    document: documentSchema('donation'),
    id: placeText().default('id').describe("Place of the donation's id. Not public; assumed."),
    status: placeText().default('status').describe('Place of its status. Not public; assumed.'),
    statuses: statusesSchema('donation'),
    donor: z.strictObject(personPlaces('the donor', 'donor.')).prefault({}).describe('Places of the donor.'),
    amount: placeText().default('amount').describe('Place of the amount. Not public; assumed.'),
    currency: place('the currency (ISO 4217)', 'currency'),
    date: placeText().default('date').describe('Place of when it was made. Not public; assumed.'),
    campaignId: place("the id of the donations' campaign", 'campaign.id'),
    campaignTitle: place("the campaign's title", 'campaign.title'),
    modified: place('when it was last changed', 'updated_at'),
  })
  .prefault({});

export const yaplaEventsSchema = z
  .strictObject({
    registration: registrationSchema,
    donation: donationSchema,
    currency: z
      .string()
      .refine(isCurrency, 'expected an ISO 4217 code, such as EUR')
      .nullable()
      .default(null)
      .describe(
        'ISO 4217 code of amounts that state no currency; null: none is assumed, and such an amount cannot be read.',
      ),
  })
  .superRefine(({ registration, donation }, context) => {
    const registrations = wordsOf(eventWordsOf(registration.event));
    for (const word of wordsOf(eventWordsOf(donation.event))) {
      if (!registrations.has(word)) continue;
      const message = `expected words that registrations do not have: "${word}" stands in events.registration.event as well`;
      context.addIssue({ code: 'custom', path: ['donation', 'event'], message });
    }
  })
  .describe(
    'Registrations to events, and donations. Left out: they are not looked at. Write `events: {}` for all of the defaults. Places are dotted paths within the document.',
  );

export type YaplaEventsConfig = z.infer<typeof yaplaEventsSchema>;

/** What a webhook's word says happened; see the inbox's events. */
export interface EventWords {
  readonly path: string | null;
  readonly created: readonly string[];
  readonly updated: readonly string[];
  readonly deleted: readonly string[];
}

/** A registration or donation that is cancelled is to the inbox what a record is that is deleted. */
export function eventWordsOf({
  path,
  created,
  updated,
  cancelled,
}: YaplaEventsConfig['registration']['event']): EventWords {
  return { path, created, updated, deleted: cancelled };
}

/** All words of an event in small letters: two kinds of record cannot share one. */
export function wordsOf({ created, updated, deleted }: Omit<EventWords, 'path'>): ReadonlySet<string> {
  return new Set([...created, ...updated, ...deleted].map((word) => word.trim().toLowerCase()));
}
