import type { SystemName } from '../core/record.js';

/**
 * `ok`: as configured. `warning`: works, with a consequence that is named. `failed`: a sync would not work.
 * `skipped`: could not be checked, for the reason given.
 */
export type Verdict = 'ok' | 'warning' | 'failed' | 'skipped';

/** One question put to a real account, with its answer. Texts hold ids, settings and counts, never a value of a record, but for the texts that a choice's table lacks. */
export interface Check {
  readonly system: SystemName;
  /** What was checked, in a word or two: `address`, `credential`, `page`. */
  readonly name: string;
  readonly verdict: Verdict;
  /** What was found. */
  readonly finding: string;
  /** What to do about it. Always there when the check failed. */
  readonly advice?: string;
  /** Lines that help with the advice: ids to choose from, names and types that an answer has. */
  readonly details?: readonly string[];
}

export interface Diagnosis {
  readonly connection: string;
  readonly checks: readonly Check[];
  /** Requests that were sent: at most `mostRequests`. */
  readonly requests: number;
}

/** What an examination may cost, both systems together. */
export const mostRequests = 5;

/** What it may cost besides where a token of GraphQL turns out to have ended: its renewal, and the question once more. */
export const mostForToken = 2;

/** What it may cost besides where the connection does something about events (bookings.ts). */
export const mostForBookings = 4;

/** Tells one check of a system: `tell('credential', 'ok', 'the server knows the token')`. */
export type Tell = (
  name: string,
  verdict: Verdict,
  finding: string,
  advice?: string,
  details?: readonly string[],
) => void;
