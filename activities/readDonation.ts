import { activityInfo } from '@temporalio/activity';
import { personsOf } from '../src/core/record.js';
import { eventsOf } from '../src/link/bookings/open.js';
import { type DonationReading, readDonation as read } from '../src/link/donations/read.js';
import { LocalAttempts, withHeartbeat } from './attempts.js';
import type { Dependencies } from './dependencies.js';
import type { ReadRecordInput } from './readRecord.js';

export type { DonationReading };

/** Takes a donation's events, keeps what they say, and returns how it stands. */
export const readDonation = ({ keyedSql, claims, configured }: Dependencies) => {
  const localAttempts = new LocalAttempts<DonationReading>();
  return async ({ connectionId, linkId, lane }: ReadRecordInput): Promise<DonationReading> => {
    const connection = await configured(personsOf(connectionId));
    const reading = { sql: keyedSql, claims, events: eventsOf(connection, 'donation'), linkId };
    const name = `${activityInfo().workflowExecution?.runId ?? 'none'}/${lane}`;
    return await localAttempts.join(name, () => withHeartbeat(() => read(reading), { first: 'later' }));
  };
};
