/** How a donation stands once its events were taken. Pure; it stands in workflow histories. */

/**
 * - `kept`: with the member who gave;
 * - `donorUnknown`: kept, and nobody knows which member gave, or none did;
 * - `unreadable`: what Yapla told last cannot be read; a case is open;
 * - `unknown`: nothing was told of it.
 */
export type DonationState = 'kept' | 'donorUnknown' | 'unreadable' | 'unknown';

export interface DonationView {
  readonly state: DonationState;
  /** Nothing is decided about a donation: 0. */
  readonly version: number;
  /** Questions about it that are open. */
  readonly openCases: number;
}

/** What a look at a donation comes to, in one word, as the log and Temporal's UI show it. */
export type DonationOutcome = Exclude<DonationState, 'unreadable'> | 'case';

/** A donation is never written anywhere: it rests, always. */
export function nextDonationStep({ state }: DonationView): {
  readonly do: 'rest';
  readonly outcome: DonationOutcome;
} {
  return { do: 'rest', outcome: state === 'unreadable' ? 'case' : state };
}
