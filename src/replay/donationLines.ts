/** The timeline of `syncDonation`: who told what, and how the donation stands. Nothing is ever decided about one. */
import type { DonationReading } from '../../activities/readDonation.js';
import type { DonationState } from '../core/events/donations.js';
import type { ActivityRun } from './activityRuns.js';
import type { RecordedHistory } from './history.js';
import { liveLines, tookText } from './liveLines.js';
import type { Teller } from './words.js';

const stateWords: Readonly<Record<DonationState, string>> = {
  kept: 'kept, with the member who gave',
  donorUnknown: 'kept; which member gave is not known, or none did',
  unreadable: 'cannot be read: a question is open',
  unknown: 'nothing was told of it',
};

export function donationLines(_: RecordedHistory, runs: ReadonlyMap<number, ActivityRun>): Teller {
  return liveLines(runs, { apply: null, decisionTexts: () => [], endTexts });
}

function endTexts({ name, result, isLocal }: ActivityRun): string[] {
  const how = isLocal ? ' (local attempt)' : '';
  if (name !== 'readDonation') return [`${name}${how}`];
  const { view, events } = result as DonationReading;
  return [`read; took ${tookText(events)}; ${stateWords[view.state]}${how}`];
}
