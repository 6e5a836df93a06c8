/** The timeline of `syncRegistration`: who told what, what was read, decided and done about an order, and what is waited for. */
import type { AppliedBooking, ApplyBookingInput } from '../../activities/applyBooking.js';
import type { RegistrationReading } from '../../activities/readRegistration.js';
import { type BookingDecision, type BookingView, nextBookingStep } from '../core/events/bookings.js';
import type { RecordResult, SyncRecordInput } from '../../workflows/syncRecord.messages.js';
import type { ActivityRun } from './activityRuns.js';
import { durationMs, firstPayload, type RecordedHistory } from './history.js';
import { countsText, signalText, startText, waitText } from './recordLines.js';
import { searchAttribute, type Teller } from './words.js';

export function registrationLines(_: RecordedHistory, runs: ReadonlyMap<number, ActivityRun>): Teller {
  let state: unknown = 'running';
  return (event) => {
    const { type, attributes, id } = event;
    const run = runs.get(id);
    switch (type) {
      case 'WorkflowExecutionStarted':
        return [startText(firstPayload(attributes['input']) as SyncRecordInput)];
      case 'WorkflowExecutionSignaled':
        return [signalText(event)];
      case 'ActivityTaskScheduled':
        return run?.name === 'applyBooking' ? [decisionText((run.input as ApplyBookingInput).decision)] : [];
      case 'MarkerRecorded': {
        // One that failed is told as of any workflow; its decision stands with the ordinary activity that follows.
        if (run?.result === undefined) return null;
        const { decision } = run.result as AppliedBooking;
        return [...(decision === undefined ? [] : [decisionText(decision)]), ...endTexts(run)];
      }
      case 'ActivityTaskCompleted':
        return run === undefined ? [] : endTexts(run);
      case 'UpsertWorkflowSearchAttributes':
        state = searchAttribute(event, 'PasserelleState') ?? state;
        return [];
      case 'TimerStarted':
        return [waitText(state, durationMs(attributes['startToFireTimeout']))];
      case 'WorkflowExecutionContinuedAsNew': {
        const { carried } = firstPayload(attributes['input']) as SyncRecordInput;
        return [`continued as new, run ${String(attributes['newExecutionRunId'])}: ${countsText(carried!.counts)}`];
      }
      case 'WorkflowExecutionCompleted': {
        const { lastOutcome, counts } = firstPayload(attributes['result']) as RecordResult;
        return [`completed, last: ${lastOutcome ?? 'nothing'}; ${countsText(counts)}`];
      }
      default:
        return null;
    }
  };
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
    const took = events.map(({ system, event, n }) => (n === 1 ? `${system} ${event}` : `${system} ${event} ×${n}`));
    return [`read; took ${took.join(', ') || 'no event'}; ${viewText(view)}${how}`, ...restText(view)];
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
