import { activityInfo } from '@temporalio/activity';
import { personsOf } from '../src/core/record.js';
import { eventsOf } from '../src/link/bookings/open.js';
import { readRegistration as read, type RegistrationReading } from '../src/link/bookings/read.js';
import { attemptPatienceMs, LocalAttempts, withHeartbeat } from './attempts.js';
import type { Dependencies } from './dependencies.js';
import type { ReadRecordInput } from './readRecord.js';

export type { RegistrationReading };

/** Takes a registration's events, reads its order, and returns how the two stand, as hashes. */
export const readRegistration = ({ keyedSql, claims, configured }: Dependencies) => {
  const localAttempts = new LocalAttempts<RegistrationReading>();
  return async ({ connectionId, linkId, lane }: ReadRecordInput): Promise<RegistrationReading> => {
    const connection = await configured(personsOf(connectionId));
    const reading = {
      sql: keyedSql,
      claims,
      events: eventsOf(connection),
      linkId,
      lane,
      patienceMs: attemptPatienceMs(connection),
    };
    // A run reads one at a time in the lane `live`.
    const name = `${activityInfo().workflowExecution?.runId ?? 'none'}/${lane}`;
    return await localAttempts.join(name, () => withHeartbeat(() => read(reading), { first: 'later' }));
  };
};
