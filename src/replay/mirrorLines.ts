/** The timeline of `mirrorCatalogue`: what each turn read, and what is waited for. */
import type {
  CatalogueTurn,
  MirrorCatalogueInput,
  MirrorTotals,
  TurnCounts,
} from '../../workflows/mirrorCatalogue.messages.js';
import type { ActivityRun } from './activityRuns.js';
import { durationMs, firstPayload, type RecordedHistory } from './history.js';
import { counted, durationText, searchAttribute, type Teller } from './words.js';

export function mirrorLines(_: RecordedHistory, runs: ReadonlyMap<number, ActivityRun>): Teller {
  let state: unknown = 'running';
  return (event) => {
    const { type, attributes, id } = event;
    const run = runs.get(id);
    switch (type) {
      case 'WorkflowExecutionStarted': {
        const { connectionId, carried } = firstPayload(attributes['input']) as MirrorCatalogueInput;
        const before = carried === undefined ? '' : `; carried on from the run before: ${totalsText(carried.totals)}`;
        return [`started for ${connectionId}${before}`];
      }
      case 'WorkflowExecutionSignaled':
        return ['signal: to look at once, because something is mended or configured otherwise'];
      case 'ActivityTaskCompleted':
        return run?.name === 'readCatalogue' ? [turnText(run.result as CatalogueTurn)] : null;
      case 'UpsertWorkflowSearchAttributes':
        state = searchAttribute(event, 'PasserelleState') ?? state;
        return [];
      case 'TimerStarted':
        return [waitText(state, durationText(durationMs(attributes['startToFireTimeout'])))];
      case 'WorkflowExecutionContinuedAsNew': {
        const { carried } = firstPayload(attributes['input']) as MirrorCatalogueInput;
        return [`continued as new, run ${String(attributes['newExecutionRunId'])}: ${totalsText(carried!.totals)}`];
      }
      case 'WorkflowExecutionCompleted':
        return [`completed; ${totalsText(firstPayload(attributes['result']) as MirrorTotals)}`];
      default:
        return null;
    }
  };
}

function turnText(turn: CatalogueTurn): string {
  if (turn.isOver) return 'the connection mirrors no catalogue any more';
  const { requests, inDay, known, failed, gone, woken, products } = turn.turn;
  const parts = [
    `turn: ${counted(requests, 'request')}, ${inDay} within 24 hours`,
    `sessions of ${counted(products, 'product')} read, of ${known} known`,
    ...othersOf({ failed, gone, woken }),
  ];
  return parts.join('; ');
}

function totalsText({ turns, requests, products, failed, gone, woken }: MirrorTotals): string {
  const parts = [
    counted(turns, 'turn'),
    counted(requests, 'request'),
    `sessions of ${counted(products, 'product')} read`,
    ...othersOf({ failed, gone, woken }),
  ];
  return parts.join(', ');
}

function othersOf({ failed, gone, woken }: Pick<TurnCounts, 'failed' | 'gone' | 'woken'>): string[] {
  return [
    ...(failed === 0 ? [] : [`${counted(failed, 'list')} failed`]),
    ...(gone === 0 ? [] : [`${gone} gone`]),
    ...(woken === 0 ? [] : [`${counted(woken, 'registration')} woken`]),
  ];
}

function waitText(state: unknown, after: string): string {
  if (state === 'stopped') return `stopped: tries again after ${after}`;
  if (state === 'waitingForBudget') return `waits for the budget: goes on after ${after}`;
  return `the next turn is after ${after}`;
}
