/** The timeline of `deriveFacts`: each look, and when the next is. */
import type { DerivedFacts } from '../../activities/deriveFacts.js';
import type { DeriveFactsInput } from '../../workflows/deriveFacts.messages.js';
import type { ActivityRun } from './activityRuns.js';
import { durationMs, firstPayload, type RecordedHistory } from './history.js';
import { durationText, type Teller } from './words.js';

export function factsLines(_: RecordedHistory, runs: ReadonlyMap<number, ActivityRun>): Teller {
  return ({ type, attributes, id }) => {
    const run = runs.get(id);
    switch (type) {
      case 'WorkflowExecutionStarted':
        return [`started for ${(firstPayload(attributes['input']) as DeriveFactsInput).connectionId}`];
      case 'ActivityTaskCompleted':
        if (run?.name !== 'deriveFacts') return null;
        return (run.result as DerivedFacts).waitMs === null
          ? ['looked: no field takes a fact any more']
          : ['looked: what the passing of time has changed is derived again'];
      case 'TimerStarted':
        return [`looks again after ${durationText(durationMs(attributes['startToFireTimeout']))}`];
      default:
        return null;
    }
  };
}
