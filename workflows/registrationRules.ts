/** What is decided about a registration's link, and what the worker's log says of it: names, ids and counts, never a value. */
import type { AppliedBooking } from '../activities/applyBooking.js';
import { type BookingDecision, type BookingView, nextBookingStep } from '../src/core/events/bookings.js';
import type { LinkRules } from './linkRun.js';

export const registrationRules: LinkRules<BookingView, BookingDecision, AppliedBooking> = {
  nextStep: nextBookingStep,
  toldOf: (decision, { cases }) => ({
    ...('answers' in decision && decision.answers !== null ? { answers: decision.answers } : {}),
    ...(decision.kind === 'ask' && decision.why !== null ? { why: decision.why } : {}),
    ...(cases.length === 0 ? {} : { cases }),
  }),
};
