/** Activities of a history, each with what it was asked and what it answered. Pure. */
import { firstPayload, nameOf, type RecordedEvent } from './history.js';
import { localAttempt } from './localAttempt.js';

export interface ActivityRun {
  readonly scheduledId: number;
  readonly name: string;
  /** An attempt within a workflow task: its one event is its end. */
  readonly isLocal: boolean;
  /** Undefined: not recorded, as of a local attempt. */
  readonly input: unknown;
  /** Of the attempt that ended it. */
  readonly attempts: number;
  /** Somebody called it off: its result was not waited for. */
  readonly calledOff: boolean;
  /** Undefined: it did not complete. */
  readonly result: unknown;
}

/** The run that each event is about, by the event's id. */
export function activityRuns(events: readonly RecordedEvent[]): ReadonlyMap<number, ActivityRun> {
  const about = new Map<number, RecordedEvent[]>();
  const scheduled = events.filter((event) => event.type === 'ActivityTaskScheduled');
  for (const event of scheduled) about.set(event.id, [event]);
  for (const event of events) about.get(Number(event.attributes['scheduledEventId']))?.push(event);
  const runs = new Map<number, ActivityRun>();
  for (const event of scheduled) {
    const all = about.get(event.id)!;
    const find = (type: string) => all.find((one) => one.type === type);
    const run: ActivityRun = {
      scheduledId: event.id,
      name: nameOf(event.attributes['activityType']),
      isLocal: false,
      input: firstPayload(event.attributes['input']),
      attempts: Number(find('ActivityTaskStarted')?.attributes['attempt'] ?? 1),
      calledOff: find('ActivityTaskCancelRequested') !== undefined,
      result: firstPayload(find('ActivityTaskCompleted')?.attributes['result']),
    };
    for (const one of all) runs.set(one.id, run);
  }
  for (const event of events) {
    const local = localAttempt(event);
    if (local === null) continue;
    const { name, result } = local;
    runs.set(event.id, {
      scheduledId: event.id,
      name,
      isLocal: true,
      input: undefined,
      attempts: 1,
      calledOff: false,
      result,
    });
  }
  return runs;
}
