/** What the timelines of both workflows share: reading one event, and saying counts and durations. */
import type { FailureCounts } from '../../activities/attempts.js';
import { firstPayload, payload, type RecordedEvent } from './history.js';

/** Says what an event means to one type of workflow; `[]`: nothing to say, null: what it means to any. */
export type Teller = (event: RecordedEvent) => readonly string[] | null;

/** A failure's type and message. Ours carry no values (activities/failures.ts). */
export function failureText(failure: unknown): string {
  const { message, applicationFailureInfo, cause } = (failure ?? {}) as {
    message?: string;
    applicationFailureInfo?: { type?: string; details?: unknown };
    cause?: unknown;
  };
  const own = [applicationFailureInfo?.type, message].filter((text) => text !== undefined && text !== '').join(': ');
  if (applicationFailureInfo === undefined && cause !== undefined && cause !== null) return failureText(cause);
  return (own || 'a failure without a message') + failedText(applicationFailureInfo?.details);
}

/** How often what failed before a failure, by cause: what counted, and what did not (activities/attempts.ts). Once: nothing to say. */
function failedText(details: unknown): string {
  const { failed = {} } = (firstPayload(details) ?? {}) as { failed?: FailureCounts };
  const causes = Object.entries(failed);
  if (causes.reduce((sum, [, n]) => sum + n, 0) < 2) return '';
  return ` (failed so far: ${causes.map(([cause, n]) => `${cause} ${counted(n, 'time')}`).join(', ')})`;
}

/** One search attribute that an event sets; undefined: it leaves it. */
export function searchAttribute({ attributes }: RecordedEvent, name: string): unknown {
  const { indexedFields } = (attributes['searchAttributes'] ?? {}) as { indexedFields?: Record<string, unknown> };
  return indexedFields?.[name] === undefined ? undefined : payload(indexedFields[name]);
}

/** What a signal carried. */
export function signalArgument({ attributes }: RecordedEvent): unknown {
  return firstPayload(attributes['input']);
}

/** An accepted update's name, and what it carried. */
export function updateOf({ attributes }: RecordedEvent): [name: string, argument: unknown] {
  const { input } = (attributes['acceptedRequest'] ?? {}) as { input?: { name?: string; args?: unknown } };
  return [input?.name ?? '', firstPayload(input?.args)];
}

/** `1 event`, `2 events`. */
export function counted(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}

/** A duration as a person says it: `40 ms`, `1.5 s`, `24 h`. */
export function durationText(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${Number((ms / 1_000).toFixed(1))} s`;
  if (ms < 3_600_000) return `${Number((ms / 60_000).toFixed(1))} min`;
  return `${Number((ms / 3_600_000).toFixed(1))} h`;
}
