/**
 * How failures cross into Temporal. What happens next is decided by type: see the table in src/http/failures.ts. Nothing here
 * carries a value of a record; an unknown error's message is dropped, because it could quote one.
 */
import { log } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { KindNotOffered } from '../src/connection.js';
import { UnreadableValue } from '../src/core/normalise.js';
import {
  BudgetExhausted,
  type Failure,
  isFailure,
  isStoppedWrite,
  NoAnswer,
  RecordMissing,
  ServerFailed,
  Throttled,
} from '../src/http/failures.js';
import { DatabaseError, withoutValues } from '../src/store/database.js';
import { ClaimLost, LinkBusy } from '../src/link/claims.js';
import { NewsUnread } from '../src/link/creations.js';
import { ExportGone } from '../src/link/exportedPage.js';
import { NoYaplaList } from '../src/link/exportedScan.js';
import { ListAwaited } from '../src/link/listReadings.js';
import { attemptsToRead } from '../src/link/unreadable.js';
import { MisplacedField } from '../src/systems/mapping.js';
import { type AttemptInput, beginAttempt, countFailure, type FailureCounts, isShown } from './attempts.js';
import { UnknownConnection } from './dependencies.js';

/** A tenth of the wait, at random: Temporal's own retries have no jitter, and many workers must not come back at once. */
const jitterShare = 0.1;

/** Runs an activity's work and turns what it throws into what Temporal understands. */
export async function withFailures<T>(work: () => Promise<T>, input: AttemptInput = {}): Promise<T> {
  beginAttempt(input);
  try {
    return await work();
  } catch (error) {
    if (error instanceof ApplicationFailure || error instanceof CancelledFailure) throw error;
    const cause = causeOf(error);
    const failed = countFailure(cause);
    const tell = (unexpected: UnexpectedError) => void log.error('an unexpected error', { unexpected });
    throw withCounts(toApplicationFailure(error, { nth: failed[cause], tell, isShown }), failed);
  }
}

/** What an attempt's failure is counted under. */
function causeOf(error: unknown): string {
  if (isFailure(error)) return error.type;
  return error instanceof Error ? error.name : 'UnknownError';
}

/** For the workflow, which hands them from a local attempt to the ordinary one, and for anyone who reads its history. */
function withCounts(failure: ApplicationFailure, failed: FailureCounts): ApplicationFailure {
  const { message, type, nonRetryable, nextRetryDelay } = failure;
  const [told] = (failure.details ?? []) as object[];
  return ApplicationFailure.create({
    message,
    ...(type === undefined || type === null ? {} : { type }),
    nonRetryable: nonRetryable ?? false,
    details: [{ ...told, failed }],
    ...(nextRetryDelay === undefined || nextRetryDelay === null ? {} : { nextRetryDelay }),
  });
}

interface Crossing {
  /** How often the activity failed with this, one behind the other, this time included. */
  readonly nth?: number | undefined;
  /** Takes what may be told of an error that nobody expected. */
  readonly tell?: (unexpected: UnexpectedError) => void;
  /** Whether so long a wait is to be made in the open, by the one who asked for the activity. */
  readonly isShown?: (waitMs: number) => boolean;
}

/** A failure as Temporal is told of it. */
export function toApplicationFailure(
  error: unknown,
  { nth = 1, tell = () => undefined, isShown = () => false }: Crossing = {},
): ApplicationFailure {
  if (isFailure(error)) return fromFailure(error, nth, isShown);
  if (
    error instanceof LinkBusy ||
    error instanceof ClaimLost ||
    error instanceof NewsUnread ||
    error instanceof ListAwaited
  ) {
    return ApplicationFailure.create({ type: error.name, message: error.message });
  }
  if (error instanceof MisplacedField || error instanceof UnreadableValue) {
    // The field map does not fit: like an answer that cannot be read, a person must look.
    return ApplicationFailure.create({ type: 'UnexpectedResponse', message: error.message, nonRetryable: true });
  }
  if (
    error instanceof UnknownConnection ||
    error instanceof KindNotOffered ||
    error instanceof NoYaplaList ||
    error instanceof ExportGone
  ) {
    return ApplicationFailure.create({ type: error.name, message: error.message, nonRetryable: true });
  }
  const safe = withoutValues(error);
  if (safe instanceof DatabaseError) {
    return ApplicationFailure.create({ type: 'DatabaseError', message: safe.message });
  }
  tell(describeUnexpected(error));
  const code = errorCode(error);
  return ApplicationFailure.create({
    type: error instanceof Error ? error.name : 'UnknownError',
    message: `an unexpected error${code ? ` (${code})` : ''}; the worker's log has its stack`,
  });
}

function fromFailure(failure: Failure, nth: number, isShown: (waitMs: number) => boolean): ApplicationFailure {
  const common = { type: failure.type, message: failure.message };
  if (isStoppedWrite(failure)) {
    // Who met the refusal itself waits as all do who come after it.
    return ApplicationFailure.create({ ...common, type: 'WritesStopped', nonRetryable: true });
  }
  const retryAtMs = openAgainAtMs(failure);
  if (retryAtMs !== null) {
    const waitMs = retryAtMs - Date.now();
    const nextRetryDelay = delay(waitMs);
    // Told as of the budget, which is closed until then: anyone who met it first waits as all others do, and makes no attempts of its own.
    const type = 'BudgetExhausted';
    return ApplicationFailure.create({
      ...common,
      type,
      details: [{ retryAtMs }],
      nextRetryDelay,
      nonRetryable: isShown(waitMs),
    });
  }
  if (failure instanceof Throttled) {
    return ApplicationFailure.create({ ...common, nextRetryDelay: delay(failure.retryAfterMs) });
  }
  // A record that is missing while it is written makes the decision stale: the next attempt decides again.
  if (failure instanceof ServerFailed || failure instanceof NoAnswer || failure instanceof RecordMissing) {
    const retryAfterMs = delay(serverRetryMs(nth));
    // Told a second time, because Temporal keeps the first from the workflow: who makes the next attempt by itself waits as long.
    return ApplicationFailure.create({ ...common, details: [{ retryAfterMs }], nextRetryDelay: retryAfterMs });
  }
  if (failure.type === 'UnexpectedResponse' && nth < attemptsToRead) {
    // Under another type: the workflow holds on `UnexpectedResponse`, and Temporal must retry this one.
    return ApplicationFailure.create({ ...common, type: 'UnreadableAnswer' });
  }
  return ApplicationFailure.create({ ...common, nonRetryable: true });
}

/** A wait that a 429 asks for is waited for as for a spent quota where it is longer: it is then shown, and `resume` ends it. */
const longThrottleMs = 60_000;

/** When a budget that this failure closed, or found closed, opens again, in epoch milliseconds; null: it is open, or opens in a moment. */
function openAgainAtMs(failure: Failure): number | null {
  if (failure instanceof BudgetExhausted) return failure.retryAtMs;
  if (failure instanceof Throttled && failure.retryAfterMs > longThrottleMs) return Date.now() + failure.retryAfterMs;
  if (failure instanceof ServerFailed || failure instanceof NoAnswer) return failure.retryAtMs ?? null;
  return null;
}

/** Doubles from a second up to a quarter of an hour: a server that is down for a day must not cost the day's quota in attempts. */
function serverRetryMs(nth: number): number {
  return Math.min(1_000 * 2 ** (nth - 1), longestServerRetryMs);
}

const longestServerRetryMs = 15 * 60_000;

/** A delay of 0 would end the retries: at least a second. */
function delay(ms: number): number {
  return Math.max(1_000, ms) * (1 + Math.random() * jitterShare);
}

/** What may be told of an error that nobody expected: where it arose, and nothing that it says, because that can quote a value. */

export interface UnexpectedError {
  readonly name: string;
  /** Code of Node.js, undici or PostgreSQL, where it has one. */
  readonly code?: string;
  /** The stack's frames, innermost first, each as `function (file:line:column)`. */
  readonly frames: readonly string[];
  readonly cause?: UnexpectedError;
}

/** Causes of causes are followed so far. */
const deepest = 3;

export function describeUnexpected(error: unknown, depth = 0): UnexpectedError {
  if (!(error instanceof Error)) return { name: `a thrown ${typeof error}`, frames: [] };
  const code = errorCode(error);
  return {
    name: error.name,
    ...(code === undefined ? {} : { code }),
    frames: framesOf(error),
    ...(error.cause === undefined || depth === deepest ? {} : { cause: describeUnexpected(error.cause, depth + 1) }),
  };
}

/** An error's code, if it looks like one. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' && /^[A-Z0-9_]{1,64}$/.test(error.code) ? error.code : undefined;
}

/** A message of several lines can contain what looks like a frame: it is cut off first, and a frame must end in a place in a file. */
function framesOf({ stack = '', message }: Error): string[] {
  const end = message === '' ? -1 : stack.indexOf(message);
  const trace = end < 0 ? stack : stack.slice(end + message.length);
  return [...trace.matchAll(/^ {4}at (.+:\d+:\d+\)?)$/gm)].map(([, frame]) => frame!);
}
