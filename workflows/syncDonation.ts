/**
 * `syncDonation`: keeps what Yapla tells of one donation. It waits for nobody but a person's look at a body that cannot be read, and writes
 * nothing. How such a workflow lives: liveWork.ts. That it is one like those of other kinds gives it what these have: events are gathered, one
 * at a time looks, and what fails is tried again.
 */
import type { Applied } from './linkRun.js';
import { type DonationView, nextDonationStep } from '../src/core/events/donations.js';
import { keepInStep } from './liveWork.js';
import type { RecordResult, SyncRecordInput } from './syncRecord.messages.js';

const donation = {
  rules: { nextStep: nextDonationStep, toldOf: () => ({}) },
  activities: { read: 'readDonation', apply: null },
} as const;

export async function syncDonation(input: SyncRecordInput): Promise<RecordResult> {
  return await keepInStep<DonationView, never, Applied<DonationView>>(input, donation);
}
