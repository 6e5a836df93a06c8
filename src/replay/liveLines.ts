/**
 * The timeline of a workflow that keeps one link in step (workflows/liveWork.ts), whatever the kind of its records: who told what, what is
 * waited for, and where the run ends. What was read, decided and done says the kind.
 */
import { systemNames, type SystemName } from '../core/record.js';
import type { RecordCounts, RecordResult, SyncRecordInput } from '../../workflows/syncRecord.messages.js';
import type { ActivityRun } from './activityRuns.js';
import { durationMs, firstPayload, type RecordedEvent } from './history.js';
import { counted, durationText, searchAttribute, signalArgument, type Teller } from './words.js';

export interface KindWords {
  /** Name of the activity that carries a decision out; null: nothing is ever decided. */
  readonly apply: string | null;
  /** A decision as it was handed to that activity. */
  readonly decisionTexts: (decision: unknown) => readonly string[];
  /** What an activity came to, whose end the event is. */
  readonly endTexts: (run: ActivityRun, eventId: number) => readonly string[];
}

export function liveLines(runs: ReadonlyMap<number, ActivityRun>, words: KindWords): Teller {
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
        return run !== undefined && run.name === words.apply
          ? words.decisionTexts((run.input as { readonly decision: unknown }).decision)
          : [];
      case 'MarkerRecorded': {
        // One that failed is told as of any workflow; its decision stands with the ordinary activity that follows.
        if (run?.result === undefined) return null;
        const { decision } = run.result as { readonly decision?: unknown };
        return [...(decision === undefined ? [] : words.decisionTexts(decision)), ...words.endTexts(run, id)];
      }
      case 'ActivityTaskCancelRequested':
        return ['something else happened: the read of the probable echo is dropped for one in the lane live'];
      case 'ActivityTaskCompleted':
        return run === undefined ? [] : words.endTexts(run, id);
      case 'UpsertWorkflowSearchAttributes':
        state = searchAttribute(event, 'PasserelleState') ?? state;
        return [];
      case 'TimerStarted':
        return [waitText(state, durationMs(attributes['startToFireTimeout']))];
      case 'TimerFired':
        return state === 'waiting' ? ['looks whether it was settled meanwhile'] : [];
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

/** Events that a read took. */
export function tookText(
  events: readonly { readonly system: SystemName; readonly event: string; readonly n: number }[],
): string {
  const took = events.map(({ system, event, n }) => (n === 1 ? `${system} ${event}` : `${system} ${event} ×${n}`));
  return took.join(', ') || 'no event';
}

function startText({ connectionId, linkId, carried }: SyncRecordInput): string {
  const from = carried === undefined ? '' : `; carried on from the run before: ${countsText(carried.counts)}`;
  return `started for link ${linkId} of ${connectionId}${from}`;
}

function countsText({ events, echoes, written, created, cases, stale }: RecordCounts): string {
  const parts = [counted(events, 'event'), counted(echoes, 'echo', 'echoes')];
  for (const system of systemNames)
    if (written[system] > 0) parts.push(`${counted(written[system], 'field')} to ${system}`);
  if (created > 0) parts.push(`${created} created`);
  if (cases > 0) parts.push(counted(cases, 'case'));
  if (stale > 0) parts.push(`${stale} stale`);
  return parts.join(', ');
}

function signalText(event: RecordedEvent): string {
  const name = String(event.attributes['signalName']);
  if (name === 'answered') return `signal: case ${(signalArgument(event) as { caseId: number }).caseId} was answered`;
  if (name === 'resume') return 'signal: what stopped the connection is mended';
  const gathered = signalArgument(event) as Record<SystemName, number>;
  const parts = systemNames
    .filter((system) => gathered[system] > 0)
    .map((system) => `${gathered[system]} of ${system}`);
  return `signal: events gathered, ${parts.join(' and ') || 'none'}`;
}

function waitText(state: unknown, ms: number): string {
  const after = durationText(ms);
  if (state === 'stopped') return `the connection is refused: tries again after ${after}`;
  if (state === 'waitingForBudget') return `waits for the budget: goes on after ${after}`;
  if (state === 'waiting') return `waits for a person; looks again after ${after}`;
  return `lingers for ${after}`;
}
