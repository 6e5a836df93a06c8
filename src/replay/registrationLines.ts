/** The timeline of `syncRegistration`: who told what, what was read, decided and done about an order, and what is waited for. */
import type { AppliedBooking } from '../../activities/applyBooking.js';
import type { RegistrationReading } from '../../activities/readRegistration.js';
import { type BookingDecision, type BookingView, nextBookingStep } from '../core/events/bookings.js';
import type { ActivityRun } from './activityRuns.js';
import type { RecordedHistory } from './history.js';
import { liveLines, tookText } from './liveLines.js';
import type { Teller } from './words.js';

export function registrationLines(_: RecordedHistory, runs: ReadonlyMap<number, ActivityRun>): Teller {
  return liveLines(runs, {
    apply: 'applyBooking',
    decisionTexts: (decision) => [decisionText(decision as BookingDecision)],
    endTexts,
  });
}

function decisionText(decision: BookingDecision): string {
  const parts: string[] = [decision.kind];
  if (decision.kind === 'ask') parts.push(decision.question, ...(decision.why === null ? [] : [decision.why]));
  if (decision.kind === 'cancel') parts.push(`by ${decision.by}`);
  if ('answers' in decision && decision.answers !== null) parts.push(`as a person answered ${decision.answers}`);
  return `decided: ${parts.join(', ')}`;
}

function endTexts(run: ActivityRun): string[] {
  const how = run.isLocal ? ' (local attempt)' : '';
  if (run.name === 'readRegistration') {
    const { view, events } = run.result as RegistrationReading;
    return [`read; took ${tookText(events)}; ${viewText(view)}${how}`, ...restText(view)];
  }
  if (run.name !== 'applyBooking') return [`${run.name}${how}`];
  const { outcome, written, cases, view } = run.result as AppliedBooking;
  const parts: string[] = [outcome];
  if (written.yoplanning.length > 0) parts.push(`yoplanning took ${written.yoplanning.join(', ')}`);
  if (cases.length > 0) parts.push(`opened ${cases.join(', ')}`);
  return [`${parts.join('; ')}${how}`, ...restText(view)];
}

function viewText({ state, registration, order, asked }: BookingView): string {
  if (state !== 'linked' || registration === null) return state;
  const { status, hindrance } = registration;
  const shown = order === null ? 'no order' : order.isCancelled ? 'a cancelled order' : 'an order';
  return [status, ...(hindrance === null ? [] : [hindrance]), shown, ...asked.map((one) => `asked: ${one}`)].join(', ');
}

/** What was decided where nothing had to be carried out: the history has no event of its own for that. Decided anew, by the same pure function. */
function restText(view: BookingView): string[] {
  const step = nextBookingStep(view);
  return step.do === 'rest' ? [`decided (rest): ${step.outcome}`] : [];
}
