/** A donation as Yapla tells of it, in one shape whatever form it came in. None of its names is public (docs/systems.md). */
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

/** Not public; assumed to be those of registrations. */
export const donationStatuses = ['validated', 'waitingForPayment', 'cancelled'] as const;
export type DonationStatus = (typeof donationStatuses)[number];

/** Personal data: stays in memory and Postgres. */
export interface Donation {
  readonly id: string;
  readonly status: DonationStatus;
  readonly donor: EventPerson;
  /** Decimal text with the digits of its currency (money.ts), such as `12.50`. */
  readonly amount: string;
  /** ISO 4217. */
  readonly currency: string;
  /** When it was made, epoch milliseconds UTC; of a time that stands for two instants the first. */
  readonly date: number;
  /** Null: not shown. */
  readonly campaign: Titled | null;
  /** Epoch milliseconds UTC; null: not shown, or a time that stands for two instants. */
  readonly modifiedAt: number | null;
}

/** What stands in a document where a donation's parts do: nothing of it is checked. */
export interface ShownDonation {
  readonly id: Shown;
  readonly status: Shown;
  readonly donor: ShownPerson;
  readonly amount: Shown;
  readonly currency: Shown;
  readonly date: Shown;
  readonly campaign: ShownTitled;
  readonly modifiedAt: Shown;
}

/** The donation that a document shows, or everything that is wrong with it. */
export function readDonation(shown: ShownDonation, rules: EventRules<DonationStatus>): EventReading<Donation> {
  const reader = new EventReader(rules);
  const id = reader.needed('id', () => reader.id('id', shown.id));
  const status = reader.needed('status', () => reader.status('status', shown.status));
  const donor = reader.needed('donor', () => reader.person('donor', shown.donor));
  const price = reader.needed('amount', () => {
    const { amount, currency } = reader.price(shown);
    return amount === null || currency === null ? null : { amount, currency };
  });
  const date = reader.needed('date', () => reader.time('date', shown.date));
  const campaign = reader.titled('campaign', shown.campaign);
  const modified = reader.time('modifiedAt', shown.modifiedAt);
  return reader.end(() => ({
    id: id!,
    status: status!,
    donor: donor!,
    ...price!,
    date: date!.first,
    campaign,
    modifiedAt: onlyInstant(modified),
  }));
}
