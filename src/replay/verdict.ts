/** What a replay comes to, in plain words. Pure. */
import { commandText, recordedCommands, type Command, type RecordedCommand } from './commands.js';
import type { RecordedEvent, RecordedHistory } from './history.js';

/**
 * - `deterministic`: today's code asks for the same things in the same order, so a run of this history would go on under it;
 * - `nondeterministic`: it asks for something else: Temporal would block a run of this history;
 * - `failed`: the code itself threw where its history goes on.
 */
export type Verdict =
  | { readonly is: 'deterministic'; readonly otherwise: readonly Otherwise[] }
  | {
      readonly is: 'nondeterministic';
      /** The event from which on history and code part; null: it could not be told. */
      readonly eventId: number | null;
      readonly history: string;
      readonly code: string;
      /** What the SDK says. */
      readonly details: string;
    }
  | { readonly is: 'failed'; readonly details: string };

/** The same thing asked for, with other contents: Temporal does not mind, but the decision is another. */
export interface Otherwise {
  readonly eventId: number;
  readonly what: string;
  /** Names of the parts that differ, such as `decision.write.yapla`. */
  readonly differs: readonly string[];
}

/** How the SDK ended a replay. By type: see replay.ts. */
export type ReplayEnd =
  | { readonly kind: 'completed' }
  | { readonly kind: 'nondeterminism'; readonly message: string }
  | { readonly kind: 'failure'; readonly message: string };

/** @param asked what the code asked for, in order, up to the replay's end */
export function verdictOf(history: RecordedHistory, asked: readonly Command[], end: ReplayEnd): Verdict {
  const recorded = recordedCommands(history.events);
  if (end.kind === 'completed') return { is: 'deterministic', otherwise: otherwiseOf(recorded, asked) };
  const details = essence(end.message);
  if (end.kind === 'failure') return { is: 'failed', details };
  const event = partingEvent(history.events, recorded, asked, end.message);
  if (event === null) {
    return { is: 'nondeterministic', eventId: null, history: 'unknown', code: wanted(end.message, null), details };
  }
  const before = recorded.filter((one) => one.event.id < event.id).length;
  return {
    is: 'nondeterministic',
    eventId: event.id,
    history: eventText(event, recorded),
    code: wanted(end.message, asked[before] ?? null),
    details,
  };
}

/** The SDK names the event in most cases, in words only; else it is the first whose command is of another kind or name. */
function partingEvent(
  events: readonly RecordedEvent[],
  recorded: readonly RecordedCommand[],
  asked: readonly Command[],
  message: string,
): RecordedEvent | null {
  const named = /HistoryEvent\(id: (\d+)/.exec(message)?.[1];
  if (named !== undefined) return events.find((event) => event.id === Number(named)) ?? null;
  return recorded.find(({ command }, at) => !isSame(command, asked[at]))?.event ?? null;
}

function isSame(one: Command, other: Command | undefined): boolean {
  return other !== undefined && one.kind === other.kind && nameIn(one) === nameIn(other);
}

function nameIn(command: Command): string {
  return command.kind === 'activity' || command.kind === 'localActivity' ? command.name : '';
}

function eventText(event: RecordedEvent, recorded: readonly RecordedCommand[]): string {
  const found = recorded.find((one) => one.event.id === event.id);
  return found === undefined ? event.type : `${commandText(found.command)} (${event.type})`;
}

/** What the SDK's core calls the things that a workflow can ask for and of which our interceptors are not told. */
const machines: Readonly<Record<string, string>> = {
  UpsertWorkflowSearchAttributes: 'to set search attributes',
  'Cancel timer': 'to cancel a timer',
  'Complete workflow': 'to complete',
  'Fail workflow': 'to fail',
  'Cancel workflow': 'to end as cancelled',
  Patch: 'a marker of patched()',
};

function wanted(message: string, next: Command | null): string {
  if (message.includes('No command scheduled')) return 'nothing here';
  const machine = /error: ([\w ]+?) ?machine does not handle/i.exec(message)?.[1];
  const known = machine === undefined ? undefined : machines[machine];
  if (known !== undefined) return known;
  if (next !== null) return commandText(next);
  return machine === undefined ? 'something else' : machine.toLowerCase();
}

/** The SDK wraps the sentence that matters in its own data structures. */
function essence(message: string): string {
  return /message: "((?:[^"\\]|\\.)*)"/.exec(message)?.[1]?.replaceAll('\\"', '"') ?? message;
}

function otherwiseOf(recorded: readonly RecordedCommand[], asked: readonly Command[]): Otherwise[] {
  return recorded.flatMap(({ event, command }, at) => {
    const now = asked[at];
    if (now === undefined) return [];
    // One that failed recorded no decision; the ordinary activity after it has it.
    if (command.kind === 'localActivity' && command.decision === undefined) return [];
    const differs = differences(command, now, []);
    return differs.length === 0 ? [] : [{ eventId: event.id, what: commandText(command), differs }];
  });
}

/** Paths at which two values differ, as JSON has them. */
function differences(one: unknown, other: unknown, at: readonly string[]): string[] {
  if (isObject(one) && isObject(other)) {
    const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
    return [...keys].flatMap((key) => differences(one[key], other[key], [...at, key]));
  }
  return JSON.stringify(one) === JSON.stringify(other) ? [] : [at.join('.') || 'all of it'];
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
