/** Events, registrations and donations as the people of an association enter them in Yapla's screens. */
import { z } from 'zod';
import { webhookFaultsSchemas, webhookTargetSchema } from '../../webhooks/options.js';

const count = z.number().int().nonnegative().default(0);
const cents = z.number().int().nonnegative();
const text = z.string().min(1);

/** How many there are from the start. Deterministic by `seed`. */
export const eventsOptionsSchema = z.strictObject({
  seed: z.number().int().default(1),
  events: count,
  registrations: count,
  donations: count,
  /** ISO 4217, of all amounts. */
  currency: z.string().default('EUR'),
  /** What its webhook tells of a cancelled registration: that it was updated, or a word of its own; `nothing`: no webhook is sent. */
  cancellation: z.enum(['updated', 'cancelled', 'nothing']).default('updated'),
  webhooks: z
    .strictObject({
      registration: webhookTargetSchema.nullable().default(null),
      donation: webhookTargetSchema.nullable().default(null),
    })
    .prefault({}),
  webhookFaults: z
    .strictObject({
      registration: webhookFaultsSchemas.yapla.prefault({}),
      donation: webhookFaultsSchemas.yapla.prefault({}),
    })
    .prefault({}),
});

export const newEventSchema = z.strictObject({
  title: text,
  /** Instants; shown by the clocks of the account. */
  start: z.iso.datetime(),
  end: z.iso.datetime(),
  place: z.string().nullable().default(null),
  /** Titles of its parts; a registration may choose one. */
  activities: z.array(text).default([]),
  /** Names of rates and what each costs one participant. */
  rates: z.array(z.strictObject({ name: text, amount: cents })).default([]),
});

export const participantSchema = z.strictObject({
  /** Of the member that the participant is; left out: none. */
  memberId: z.string().nullable().default(null),
  firstName: z.string(),
  lastName: z.string(),
  /** Additional participants may have none. */
  email: z.string().nullable().default(null),
});

export const newRegistrationSchema = z.strictObject({
  event: text,
  activity: z.string().nullable().default(null),
  rate: z.string().nullable().default(null),
  participants: z.array(participantSchema).min(1),
  /** Left out: validated where it is free, else it waits for its payment. */
  status: z.enum(['validated', 'waitingForPayment']).optional(),
});

/** What a person changes of a registration; left out: nothing. */
export const registrationEditSchema = z.strictObject({
  activity: z.string().nullable().optional(),
  rate: z.string().nullable().optional(),
  participants: z.array(participantSchema).min(1).optional(),
});

export const newDonationSchema = z.strictObject({
  donor: participantSchema,
  amount: cents,
  campaign: z.string().default('Campagne annuelle'),
  status: z.enum(['validated', 'waitingForPayment']).default('validated'),
});

export const donationEditSchema = z.strictObject({
  amount: cents.optional(),
  status: z.enum(['validated', 'waitingForPayment', 'cancelled']).optional(),
});

export type ResolvedEventsOptions = z.output<typeof eventsOptionsSchema>;
export type NewEvent = z.input<typeof newEventSchema>;
export type NewRegistration = z.input<typeof newRegistrationSchema>;
export type RegistrationEdit = z.input<typeof registrationEditSchema>;
export type NewDonation = z.input<typeof newDonationSchema>;
export type DonationEdit = z.input<typeof donationEditSchema>;
export type Participant = z.output<typeof participantSchema>;
