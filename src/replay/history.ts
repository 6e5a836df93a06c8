/**
 * A recorded workflow history as plain data: from the server, from `temporal workflow show --output json`, or from a fixture. Payloads are
 * decoded on the way; they hold ids, names, counts and keyed hashes only.
 */
import { historyFromJSON, historyToJSON, type History } from '@temporalio/common/lib/proto-utils.js';

/** One event, with its attributes as the JSON form of Temporal's protocol names them. */
export interface RecordedEvent {
  readonly id: number;
  readonly atMs: number;
  /** Without prefix, as documentation and UI write it: `ActivityTaskScheduled`. */
  readonly type: string;
  readonly attributes: Attributes;
}

export type Attributes = Readonly<Record<string, unknown>>;

export interface RecordedHistory {
  readonly workflowType: string;
  /** Null where a server older than 1.25 recorded it: the start did not name it. */
  readonly workflowId: string | null;
  readonly events: readonly RecordedEvent[];
}

/** What was given is no history of a workflow. */
export class UnreadableHistory extends Error {
  override readonly name = 'UnreadableHistory';
}

/** @throws {UnreadableHistory} */
export function historyOfJson(json: unknown): History {
  let history: History;
  try {
    history = historyFromJSON(json);
  } catch (cause) {
    throw new UnreadableHistory(
      'this is no workflow history in JSON: expected what "temporal workflow show --output json" writes',
      { cause },
    );
  }
  if ((history.events ?? []).length === 0) throw new UnreadableHistory('the history has no events');
  return history;
}

/** @throws {UnreadableHistory} it does not begin with the start of a workflow */
export function readHistory(history: History): RecordedHistory {
  // By way of JSON: there, times, numbers and bytes have one form each, wherever the history came from.
  const { events } = JSON.parse(historyToJSON({ events: history.events ?? [] })) as { events: JsonEvent[] };
  const recorded = events.map(readEvent);
  const [first] = recorded;
  if (first?.type !== 'WorkflowExecutionStarted')
    throw new UnreadableHistory(
      'the history does not begin with the start of its workflow: it is a part, or has been edited',
    );
  const { workflowId } = first.attributes;
  return {
    workflowType: nameOf(first.attributes['workflowType']),
    workflowId: typeof workflowId === 'string' && workflowId !== '' ? workflowId : null,
    events: recorded,
  };
}

interface JsonEvent {
  readonly eventId: string;
  readonly eventTime: string;
  readonly eventType: string;
}

function readEvent(event: JsonEvent): RecordedEvent {
  const type = event.eventType
    .replace(/^EVENT_TYPE_/, '')
    .split('_')
    .map((word) => word.slice(0, 1) + word.slice(1).toLowerCase())
    .join('');
  const [, attributes] = Object.entries(event).find(([key]) => key.endsWith('EventAttributes')) ?? [];
  return {
    id: Number(event.eventId),
    atMs: Date.parse(event.eventTime),
    type,
    attributes: (attributes ?? {}) as Attributes,
  };
}

/** The `name` of an attribute that is an object with one, such as `activityType`; the empty string where it has none. */
export function nameOf(attribute: unknown): string {
  const { name } = (attribute ?? {}) as { name?: unknown };
  return typeof name === 'string' ? name : '';
}

/** The first payload of an attribute such as `input` or `result`, decoded; undefined: none, or encrypted by a codec. */
export function firstPayload(attribute: unknown): unknown {
  const { payloads } = (attribute ?? {}) as { payloads?: readonly unknown[] };
  return payloads === undefined ? undefined : payload(payloads[0]);
}

/** One payload, decoded. */
export function payload(one: unknown): unknown {
  const { metadata, data } = (one ?? {}) as { metadata?: { encoding?: string }; data?: string };
  const encoding = metadata?.encoding === undefined ? '' : Buffer.from(metadata.encoding, 'base64').toString();
  if (encoding === 'binary/null') return null;
  if (encoding !== 'json/plain' || data === undefined) return undefined;
  return JSON.parse(Buffer.from(data, 'base64').toString());
}

/** Milliseconds of a duration in the protocol's JSON: `1.500s`. */
export function durationMs(text: unknown): number {
  return typeof text === 'string' ? Math.round(Number.parseFloat(text) * 1_000) : 0;
}
