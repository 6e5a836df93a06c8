/** An activity's attempt within a workflow task (workflows/linkSteps.ts), as the SDK records it: in a marker of its own. */
import { firstPayload, type RecordedEvent } from './history.js';

/** Name that the SDK's core gives the marker. */
const markerName = 'core_local_activity';

export interface LocalAttempt {
  /** Of the activity. */
  readonly name: string;
  /** Undefined: it failed. */
  readonly result: unknown;
  /** Undefined: it did not fail. */
  readonly failure: unknown;
}

/** @returns null: the event is of something else */
export function localAttempt({ type, attributes }: RecordedEvent): LocalAttempt | null {
  if (type !== 'MarkerRecorded' || attributes['markerName'] !== markerName) return null;
  const { data, result } = (attributes['details'] ?? {}) as { data?: unknown; result?: unknown };
  const { activity_type: name = '' } = (firstPayload(data) ?? {}) as { activity_type?: string };
  return { name, result: firstPayload(result), failure: attributes['failure'] ?? undefined };
}
