/** What a workflow asked Temporal for: as its history has it, and as today's code asks for it. */
import { durationMs, firstPayload, nameOf, type RecordedEvent } from './history.js';
import { localAttempt } from './localAttempt.js';

/** Search attributes are left out: the SDK does not show a replayed workflow's. */
export type Command =
  | { readonly kind: 'activity'; readonly name: string; readonly input: unknown }
  /** Of its input the history has nothing but the decision, and that only where it succeeded. */
  | { readonly kind: 'localActivity'; readonly name: string; readonly decision?: unknown }
  | { readonly kind: 'timer'; readonly ms: number }
  | { readonly kind: 'continueAsNew'; readonly input: unknown }
  | { readonly kind: 'complete'; readonly result: unknown };

export interface RecordedCommand {
  readonly event: RecordedEvent;
  readonly command: Command;
}

/** The commands that a history has, in its order. */
export function recordedCommands(events: readonly RecordedEvent[]): RecordedCommand[] {
  return events.flatMap((event) => {
    const command = commandOf(event);
    return command === null ? [] : [{ event, command }];
  });
}

function commandOf(event: RecordedEvent): Command | null {
  const { type, attributes } = event;
  switch (type) {
    case 'MarkerRecorded': {
      const local = localAttempt(event);
      return local === null ? null : localCommand(local.name, local.result);
    }
    case 'ActivityTaskScheduled':
      return {
        kind: 'activity',
        name: nameOf(attributes['activityType']),
        input: firstPayload(attributes['input']),
      };
    case 'TimerStarted':
      return { kind: 'timer', ms: durationMs(attributes['startToFireTimeout']) };
    case 'WorkflowExecutionContinuedAsNew':
      return { kind: 'continueAsNew', input: firstPayload(attributes['input']) };
    case 'WorkflowExecutionCompleted':
      return { kind: 'complete', result: firstPayload(attributes['result']) };
    default:
      return null;
  }
}

/** @param carrying the activity's input, or its result: either has the decision, if there is one */
export function localCommand(name: string, carrying: unknown): Command {
  const { decision } = (carrying ?? {}) as { decision?: unknown };
  return { kind: 'localActivity', name, ...(decision === undefined ? {} : { decision }) };
}

/** In words: `the activity readRecord`. */
export function commandText(command: Command): string {
  switch (command.kind) {
    case 'activity':
      return `the activity ${command.name}`;
    case 'localActivity':
      return `the local activity ${command.name}`;
    case 'timer':
      return `a timer of ${command.ms} ms`;
    case 'continueAsNew':
      return 'to continue as new';
    case 'complete':
      return 'to complete';
  }
}
