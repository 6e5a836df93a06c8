import { activityInfo, log } from '@temporalio/activity';
import type { BookingDecision } from '../src/core/events/bookings.js';
import { personsOf, type Scope } from '../src/core/record.js';
import { type AppliedBooking as Applied, applyBooking as apply } from '../src/link/bookings/carryOut.js';
import { eventsOf } from '../src/link/bookings/open.js';
import { bookingPurpose } from '../src/link/eventRequests.js';
import { requestsInDay } from '../src/store/budgetState.js';
import { type AttemptInput, attemptPatienceMs, LocalAttempts, withHeartbeat } from './attempts.js';
import type { Dependencies } from './dependencies.js';

export interface AppliedBooking extends Applied {
  /** What was carried out, of a local attempt: the history has no input of those, and a replay must find the decision in it. */
  readonly decision?: BookingDecision;
}

/** The scope, and what of it. */
export interface ApplyBookingInput extends Scope, AttemptInput {
  readonly linkId: string;
  readonly decision: BookingDecision;
  /** Of the view that was decided on. */
  readonly version: number;
  /** The same at every attempt, local or not, and of no other application. */
  readonly writeId: string;
}

/** Carries out what the workflow decided about a registration, if its link still is as it was; returns how it stands now. */
export const applyBooking = ({ keyedSql, claims, configured }: Dependencies) => {
  const localAttempts = new LocalAttempts<Applied>();
  return async (input: ApplyBookingInput): Promise<AppliedBooking> => {
    const connection = await configured(personsOf(input.connectionId));
    const patienceMs = attemptPatienceMs(connection);
    const applying = { ...input, sql: keyedSql, claims, events: eventsOf(connection), patienceMs };
    const applied = await localAttempts.join(input.writeId, () =>
      withHeartbeat(() => apply(applying), { first: 'later' }),
    );
    if (applied.written.yoplanning.length > 0) {
      const { connectionId } = input;
      const requests = await requestsInDay(keyedSql, connection.credentials.yoplanning, bookingPurpose(connectionId));
      log.info('what bookings cost in 24 hours', { connectionId, requests });
    }
    return activityInfo().isLocal ? { ...applied, decision: input.decision } : applied;
  };
};
