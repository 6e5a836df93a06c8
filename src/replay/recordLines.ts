/** The timeline of `syncRecord`: who told what, what was read, decided and done, and what is waited for. */
import type { AppliedDecision } from '../../activities/applyDecision.js';
import type { ReadRecordInput, RecordReading } from '../../activities/readRecord.js';
import { nextStep, type LinkView, type LiveDecision, type LiveOutcome, type Trigger } from '../core/live.js';
import { systemNames, type SystemName } from '../core/record.js';
import type { ActivityRun } from './activityRuns.js';
import type { RecordedEvent, RecordedHistory } from './history.js';
import { liveLines, tookText } from './liveLines.js';
import type { Teller } from './words.js';

export function recordLines({ events }: RecordedHistory, runs: ReadonlyMap<number, ActivityRun>): Teller {
  const rests = restsOf(events, runs);
  return liveLines(runs, {
    apply: 'applyDecision',
    decisionTexts: (decision) => decisionTexts(decision as LiveDecision),
    endTexts: (run, eventId) => [...completionTexts(run), ...(rests.get(eventId) ?? [])],
  });
}

function completionTexts(run: ActivityRun): string[] {
  const how = run.isLocal ? ' (local attempt)' : '';
  if (run.name === 'readRecord') return [`${readText(run)}${how}`];
  if (run.name === 'applyDecision') return [`${appliedText(run.result as AppliedDecision)}${how}`];
  return [`${run.name}${how}`];
}

function readText({ input, result, calledOff }: ActivityRun): string {
  const { view, events } = result as RecordReading;
  // A local attempt never waits in the lane `idle`.
  const { lane } = (input ?? { lane: 'live' }) as Pick<ReadRecordInput, 'lane'>;
  const aside = calledOff ? ', which nobody waits for any more' : '';
  return `read in the lane ${lane}${aside}; took ${tookText(events)}; ${viewText(view)}`;
}

function viewText(view: LinkView): string {
  switch (view.state) {
    case 'merged':
      return `the person belongs to link ${view.mergedInto ?? 'unknown'}`;
    case 'doubtful':
      return 'who this is cannot be told';
    case 'unknown':
      return 'nobody is known under this id';
    case 'early':
      return 'no plan was approved yet';
    case 'linked':
      break;
  }
  const missing = systemNames.flatMap((system) => {
    const side = view[system];
    return typeof side === 'object' ? [] : [`${side} in ${system}`];
  });
  if (missing.length > 0) return missing.join(', ');
  const moved = view.fields.map(({ name }) => `${name} (${movers(view, name).join(' and ') || 'neither'})`);
  return moved.length === 0 ? 'both sides hold the base' : `changed since both agreed: ${moved.join(', ')}`;
}

function movers(view: LinkView, field: string): SystemName[] {
  return systemNames.filter((system) => {
    const side = view[system];
    return typeof side === 'object' && side.hashes[field] !== view.base?.[field];
  });
}

function decisionTexts(decision: LiveDecision): string[] {
  const { gone, create, asksCreation, adopt, conflicts, values } = decision;
  const parts: string[] = [];
  if (gone !== null) parts.push(`the record is gone from ${gone}: prove it and ask`);
  if (asksCreation) parts.push('ask whether to create the person');
  for (const system of systemNames) {
    const fields = decision.write[system];
    if (create === system) parts.push(`create the person in ${system} with ${fields.join(', ')}`);
    else if (fields.length > 0) parts.push(`write to ${system}: ${withReasons(fields, decision)}`);
  }
  if (values.length > 0) parts.push(`the person’s own value, where it is not held: ${values.join(', ')}`);
  if (adopt.length > 0) parts.push(`adopt: ${withReasons(adopt, decision)}`);
  if (conflicts.length > 0) parts.push(`a question: ${withReasons(conflicts, decision)}`);
  return [`decided (${decision.kind}): ${parts.join('; ') || 'nothing'}`];
}

function withReasons(fields: readonly string[], { reasons }: LiveDecision): string {
  return fields.map((field) => (reasons[field] === undefined ? field : `${field} (${reasons[field]})`)).join(', ');
}

const appliedWords: Readonly<Record<AppliedDecision['outcome'], string>> = {
  done: 'done',
  stale: 'stale: the record changed meanwhile, to be decided again',
  refused: 'refused: a system does not take the record',
  unsettled: 'unsettled: the new record has not shown up yet (or waits for an import file)',
  held: 'held: the guard asks first',
};

function appliedText({ outcome, written, deferred = [], created, cases, view }: AppliedDecision): string {
  const parts = [appliedWords[outcome]];
  for (const system of systemNames)
    if (written[system].length > 0) parts.push(`${system} took ${written[system].join(', ')}`);
  if (deferred.length > 0) parts.push(`${deferred.join(', ')} wait for an import file`);
  if (created !== null) parts.push(`created in ${created}`);
  if (cases.length > 0) parts.push(`opened ${cases.length === 1 ? 'a case' : 'cases'}: ${cases.join(', ')}`);
  if (outcome === 'stale') parts.push(viewText(view));
  return parts.join('; ');
}

const restWords: Partial<Readonly<Record<LiveOutcome, string>>> = {
  echo: 'echo: nothing is new',
  case: 'a question is open, nothing else is to be done',
  removed: 'the removal is known, nothing is to be done',
  held: 'what differs is held back',
  awaiting: 'the record that was created has not shown up yet',
  doubt: 'a person must say who this is',
  merged: 'the other link’s workflow goes on',
  unknown: 'nothing is to be done',
};

/**
 * What was decided where nothing had to be carried out: the history has no event of its own for that. Decided anew, by the same pure
 * function and on the same view; by the id of the activity's last event.
 */
function restsOf(events: readonly RecordedEvent[], runs: ReadonlyMap<number, ActivityRun>): Map<number, string[]> {
  const rests = new Map<number, string[]>();
  let answered = false;
  let answer = false;
  let isSecond = false;
  let triggers: readonly Trigger[] = [];
  for (const event of events) {
    const run = runs.get(event.id);
    if (event.type === 'WorkflowExecutionSignaled' && event.attributes['signalName'] === 'answered') answered = true;
    const begins = event.type === 'ActivityTaskScheduled' || run?.isLocal === true;
    if (begins && run?.name === 'readRecord') {
      // The ordinary attempt after a local one that failed looks at the same.
      answer = answered || (isSecond && answer);
      answered = false;
      isSecond = run.isLocal && run.result === undefined;
    }
    if (run === undefined || run.calledOff) continue;
    if (event.type !== 'ActivityTaskCompleted' && !(run.isLocal && run.result !== undefined)) continue;
    if (run.name === 'readRecord') {
      const { events: took } = run.result as RecordReading;
      triggers = [
        ...systemNames.filter((system) => took.some((one) => one.system === system)),
        ...(answer ? (['answer'] as const) : []),
      ];
    }
    const { view } = run.result as { view?: LinkView };
    const step = view === undefined ? null : nextStep(view, triggers);
    if (step?.do === 'rest' && run.name === 'readRecord')
      rests.set(event.id, [`decided (rest): ${restWords[step.outcome] ?? step.outcome}`]);
  }
  return rests;
}
