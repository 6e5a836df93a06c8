/** What a workflow asked Temporal for: as its history has it, and as today's code asks for it. */
import { durationMs, firstPayload, nameOf, type RecordedEvent } from './history.js';

/** Search attributes are left out: the SDK does not show a replayed workflow's. */
export type Command =
  | { readonly kind: 'activity'; readonly name: string; readonly input: unknown }
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

function commandOf({ type, attributes }: RecordedEvent): Command | null {
  switch (type) {
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

/** In words: `the activity readRecord`. */
export function commandText(command: Command): string {
  switch (command.kind) {
    case 'activity':
      return `the activity ${command.name}`;
    case 'timer':
      return `a timer of ${command.ms} ms`;
    case 'continueAsNew':
      return 'to continue as new';
    case 'complete':
      return 'to complete';
  }
}
