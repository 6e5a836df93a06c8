/** The timeline of `bulkSync`: phases, pages, the plan and who approved it, chunks, and what it waited for. */
import type { References } from '../link/fillReferences.js';
import type {
  ApplyCounts,
  BulkSyncInput,
  BulkSyncResult,
  Decider,
  PlanMessage,
} from '../../workflows/bulkSync.messages.js';
import type { PageFacts } from '../core/scan.js';
import type { MadePlan } from '../../activities/makePlan.js';
import { planItemKinds } from '../core/plan.js';
import type { ActivityRun } from './activityRuns.js';
import { durationMs, firstPayload, type RecordedEvent, type RecordedHistory } from './history.js';
import { counted, durationText, searchAttribute, signalArgument, updateOf, type Teller } from './words.js';

export function bulkLines(_history: RecordedHistory, runs: ReadonlyMap<number, ActivityRun>): Teller {
  return (event) => {
    const { type, attributes, id } = event;
    const run = runs.get(id);
    switch (type) {
      case 'WorkflowExecutionStarted': {
        const { connectionId, carried } = firstPayload(attributes['input']) as BulkSyncInput;
        const from = carried === undefined ? '' : `; carried on with the step ${carried.step}`;
        return [`started for ${connectionId}${from}`];
      }
      case 'WorkflowExecutionSignaled':
        return [messageText('signal', String(attributes['signalName']), signalArgument(event))];
      case 'WorkflowExecutionUpdateAccepted':
        return [messageText('update', ...updateOf(event))];
      case 'UpsertWorkflowSearchAttributes':
        return stateTexts(event);
      case 'ActivityTaskScheduled':
        return run?.name === 'markPlan' ? [markText(run.input as MarkInput)] : [];
      case 'ActivityTaskCompleted':
        return run === undefined ? null : doneTexts(run);
      case 'TimerStarted':
        return [`goes on after ${durationText(durationMs(attributes['startToFireTimeout']))}, or when told`];
      case 'WorkflowExecutionCompleted': {
        const { outcome, plan, applied, differences } = firstPayload(attributes['result']) as BulkSyncResult;
        const which = plan === null ? 'without a plan' : `plan ${plan}`;
        const left = differences === null ? '' : `; ${counted(differences, 'person differs', 'people differ')}`;
        return [`completed: ${outcome}, ${which}${itemsText(applied)}${left}`];
      }
      default:
        return null;
    }
  };
}

function messageText(how: 'signal' | 'update', name: string, argument: unknown): string {
  if (argument === undefined) return `${how}: ${name}`;
  const { plan, decision } = argument as PlanMessage;
  return `${how}: ${name} plan ${plan}${decision === undefined ? '' : `, decision ${decision}`}`;
}

function stateTexts(event: RecordedEvent): string[] {
  const phase = searchAttribute(event, 'PasserellePhase');
  const state = searchAttribute(event, 'PasserelleState');
  return [
    ...(typeof phase === 'string' ? [`phase: ${phase}`] : []),
    ...(typeof state === 'string' ? [`state: ${state}`] : []),
  ];
}

interface MarkInput {
  readonly status: string;
  readonly by?: Decider;
}

function markText({ status, by }: MarkInput): string {
  return `the plan is ${status}${by === undefined ? '' : `, by ${deciderText(by)}`}`;
}

/** Who a person is, the database tells: the history has no name. */
function deciderText(by: Decider): string {
  if ('rule' in by) return `rule: ${by.rule}`;
  return by.person === null ? 'a person' : `decision ${by.person}`;
}

/** Activities whose end says nothing that the next line does not say. */
const silent: ReadonlySet<string> = new Set([
  'prepareBulk',
  'openScan',
  'countOutcomes',
  'markPlan',
  'applyLocalItems',
]);

function doneTexts({ name, input, result }: ActivityRun): string[] {
  if (silent.has(name)) return [];
  const given = input as Record<string, unknown>;
  const answer = result as Record<string, unknown>;
  switch (name) {
    case 'scanPages':
      return (result as readonly PageFacts[]).map(({ start, received, seen, count, firstKnown }) => {
        const moved = firstKnown ? '' : '; the list moved, this page proves nothing';
        const where = `${String(given['system'])}, from ${start}`;
        const all = count === null ? '' : ` of ${count}`;
        return `page of ${where}: ${counted(received, 'record')}; ${seen}${all} seen${moved}`;
      });
    case 'endScan':
      return [`scan ${String(given['scanId'])} is ${String(given['status'])}`];
    case 'matchRecords':
      return [`matched: ${String(answer['linked'])} linked, ${counted(Number(answer['doubts']), 'doubt')}`];
    case 'draftPlan':
      return [`plan ${String(answer['number'])} is opened`];
    case 'makePlan':
      return [planText(result as MadePlan)];
    case 'applyItems':
      return [`items ${String(given['from'])} to ${Number(given['to']) - 1}${itemsText(result as ApplyCounts)}`];
    case 'countUnsettled': {
      const open = answer['open'] as readonly string[];
      return open.length === 0 ? [] : [`creations whose effect is unknown, in ${open.join(' and ')}`];
    }
    case 'settleIntents':
      return [`creations settled; ${counted(Number(answer['reopened']), 'item')} to be applied again`];
    case 'verify':
      return [
        `verified ${counted(Number(answer['links']), 'link')}: ${String(answer['differences'])} differ, ${String(answer['inQuestion'])} in question`,
      ];
    case 'fillReferences': {
      const { filled, failed = 0 } = result as Partial<References>;
      const left = failed === 0 ? '' : `, ${failed} left to the next run`;
      return [`${counted(filled ?? 0, 'reference')} stored${left}`];
    }
    case 'liftStops':
      return ['the stop is lifted'];
    default:
      return [name];
  }
}

function planText({ totals, guard, heldBack, remoteItems }: MadePlan): string {
  const items = planItemKinds.flatMap((kind) => (totals.items[kind] === 0 ? [] : [`${kind} ${totals.items[kind]}`]));
  const parts = [`planned: ${items.join(', ') || 'nothing to do'}`, `${remoteItems} need requests`];
  if (heldBack > 0) parts.push(`${heldBack} held back`);
  if (guard.length > 0) parts.push(`the guard trips: ${guard.map((trip) => trip.code).join(', ')}`);
  return parts.join('; ');
}

function itemsText({ outcomes }: ApplyCounts): string {
  const parts = Object.entries(outcomes).map(([outcome, n]) => `${outcome} ${n}`);
  return parts.length === 0 ? '' : `: ${parts.sort().join(', ')}`;
}
