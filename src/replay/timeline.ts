/** What a recorded run did, event by event, for a person to read. Pure: made of the history alone. */
import { activityRuns, type ActivityRun } from './activityRuns.js';
import { bulkLines } from './bulkLines.js';
import { donationLines } from './donationLines.js';
import { factsLines } from './factsLines.js';
import type { RecordedEvent, RecordedHistory } from './history.js';
import { localAttempt } from './localAttempt.js';
import { importLines } from './importLines.js';
import { mirrorLines } from './mirrorLines.js';
import { recordLines } from './recordLines.js';
import { registrationLines } from './registrationLines.js';
import { failureText, updateOf, type Teller } from './words.js';

export interface TimelineLine {
  readonly eventId: number;
  readonly atMs: number;
  /** Ids, field names, counts and reasons; never a value. */
  readonly text: string;
}

const tellers: Readonly<Record<string, (history: RecordedHistory, runs: ReadonlyMap<number, ActivityRun>) => Teller>> =
  {
    bulkSync: bulkLines,
    deriveFacts: factsLines,
    mirrorCatalogue: mirrorLines,
    syncDonation: donationLines,
    syncRecord: recordLines,
    syncRegistration: registrationLines,
    yaplaImport: importLines,
  };

/** Types of workflows whose histories can be read. */
export const knownWorkflowTypes: readonly string[] = [...Object.keys(tellers), 'retention'];

/** The lines, in the history's order. Of a type that is not ours, only what Temporal itself says. */
export function timelineOf(history: RecordedHistory): TimelineLine[] {
  const runs = activityRuns(history.events);
  const tell = tellers[history.workflowType]?.(history, runs);
  return history.events.flatMap((event) => {
    const texts = tell?.(event) ?? inGeneral(event, runs);
    return texts.map((text) => ({ eventId: event.id, atMs: event.atMs, text }));
  });
}

/** What an event means whatever the workflow. */
function inGeneral(event: RecordedEvent, runs: ReadonlyMap<number, ActivityRun>): readonly string[] {
  const { id, type, attributes } = event;
  const run = runs.get(id);
  switch (type) {
    case 'WorkflowExecutionStarted':
      return ['started'];
    case 'ActivityTaskStarted':
      return run === undefined || run.attempts === 1
        ? []
        : [`${run.name}: attempt ${run.attempts}, after ${failureText(attributes['lastFailure'])}`];
    case 'MarkerRecorded': {
      const local = localAttempt(event);
      if (local === null) return [];
      if (local.failure === undefined) return [`${local.name}, local attempt`];
      return [`${local.name}, local attempt, failed: ${failureText(local.failure)}; now as an ordinary activity`];
    }
    case 'ActivityTaskCompleted':
      return run === undefined ? [] : [run.name];
    case 'ActivityTaskFailed':
      return [`${run?.name ?? 'an activity'} failed: ${failureText(attributes['failure'])}`];
    case 'ActivityTaskTimedOut':
      return [`${run?.name ?? 'an activity'} timed out`];
    case 'ActivityTaskCancelRequested':
      return [`${run?.name ?? 'an activity'} is called off`];
    case 'WorkflowTaskFailed':
      // The server refuses an end that a signal has overtaken: nothing is lost, and nothing is wrong.
      if (attributes['cause'] === 'WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND')
        return ['something came in the very moment of the last step, which is made again'];
      return [`a worker could not go on: ${failureText(attributes['failure'])}`];
    case 'WorkflowTaskTimedOut':
      return ['a worker did not answer in time'];
    case 'WorkflowExecutionSignaled':
      return [`signal ${String(attributes['signalName'])}`];
    case 'WorkflowExecutionUpdateAccepted':
      return [`update ${updateOf(event)[0]}`];
    case 'WorkflowExecutionContinuedAsNew':
      return [`continued as new: run ${String(attributes['newExecutionRunId'])}`];
    case 'WorkflowExecutionCompleted':
      return ['completed'];
    case 'WorkflowExecutionFailed':
      return [`failed: ${failureText(attributes['failure'])}`];
    case 'WorkflowExecutionTerminated':
      return [`terminated${reason(attributes['reason'])}`];
    case 'WorkflowExecutionCancelRequested':
      return ['cancelled by request'];
    case 'WorkflowExecutionCanceled':
      return ['ended as cancelled'];
    case 'WorkflowExecutionTimedOut':
      return ['timed out'];
    default:
      return [];
  }
}

function reason(given: unknown): string {
  return typeof given === 'string' && given !== '' ? `: ${given}` : '';
}
