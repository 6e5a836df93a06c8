/**
 * How failures cross into Temporal. What happens next is decided by type: see the table in src/http/failures.ts. Nothing here
 * carries a value of a record; an unknown error's message is dropped, because it could quote one.
 */
import { activityInfo, log } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { KindNotOffered } from '../src/connection.js';
import { UnreadableValue } from '../src/core/normalise.js';
import {
  BudgetExhausted,
  isFailure,
  NoAnswer,
  RecordMissing,
  ServerFailed,
  Throttled,
  type Failure,
} from '../src/http/failures.js';
import { DatabaseError, withoutValues } from '../src/store/database.js';
import { ClaimLost, LinkBusy } from '../src/link/claims.js';
import { NewsUnread } from '../src/link/creations.js';
import { ListAwaited } from '../src/link/listReadings.js';
import { MisplacedField } from '../src/systems/mapping.js';
import { UnknownConnection } from './dependencies.js';
import { describeUnexpected, errorCode, type UnexpectedError } from './unexpected.js';

/** An answer that could not be read may be a hiccup of something in between: it is asked for so often before a person is. */
const attemptsToRead = 3;

/** A tenth of the wait, at random: Temporal's own retries have no jitter, and many workers must not come back at once. */
const jitterShare = 0.1;

/** Runs an activity's work and turns what it throws into what Temporal understands. */
export async function withFailures<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toApplicationFailure(error, activityInfo().attempt, (unexpected) => {
      log.error('an unexpected error', { unexpected });
    });
  }
}

/**
 * @param attempt of the activity, from 1
 * @param tell takes what may be told of an error that nobody expected
 */
export function toApplicationFailure(
  error: unknown,
  attempt: number,
  tell: (unexpected: UnexpectedError) => void = () => undefined,
): unknown {
  if (error instanceof ApplicationFailure || error instanceof CancelledFailure) return error;
  if (isFailure(error)) return fromFailure(error, attempt);
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
  if (error instanceof UnknownConnection || error instanceof KindNotOffered) {
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

function fromFailure(failure: Failure, attempt: number): ApplicationFailure {
  const common = { type: failure.type, message: failure.message };
  if (failure instanceof BudgetExhausted) {
    return ApplicationFailure.create({
      ...common,
      details: [{ retryAtMs: failure.retryAtMs }],
      nextRetryDelay: delay(failure.retryAtMs - Date.now()),
    });
  }
  if (failure instanceof Throttled) {
    return ApplicationFailure.create({ ...common, nextRetryDelay: delay(failure.retryAfterMs) });
  }
  if ((failure instanceof ServerFailed || failure instanceof NoAnswer) && failure.retryAtMs !== undefined) {
    // The breaker is open: who met it last waits as all others do, in the open, and makes no attempts of its own.
    return ApplicationFailure.create({
      type: 'BudgetExhausted',
      message: failure.message,
      details: [{ retryAtMs: failure.retryAtMs }],
      nextRetryDelay: delay(failure.retryAtMs - Date.now()),
    });
  }
  // A record that is missing while it is written makes the decision stale: the next attempt decides again.
  if (failure instanceof ServerFailed || failure instanceof NoAnswer || failure instanceof RecordMissing) {
    const retryAfterMs = delay(serverRetryMs(attempt));
    // Told a second time, because Temporal keeps the first from the workflow: who makes the next attempt by itself waits as long.
    return ApplicationFailure.create({ ...common, details: [{ retryAfterMs }], nextRetryDelay: retryAfterMs });
  }
  if (failure.type === 'UnexpectedResponse' && attempt < attemptsToRead) {
    // Under another type: the workflow holds on `UnexpectedResponse`, and Temporal must retry this one.
    return ApplicationFailure.create({ ...common, type: 'UnreadableAnswer' });
  }
  return ApplicationFailure.create({ ...common, nonRetryable: true });
}

/** Doubles from a second up to a quarter of an hour: a server that is down for a day must not cost the day's quota in attempts. */
function serverRetryMs(attempt: number): number {
  return Math.min(1_000 * 2 ** (attempt - 1), longestServerRetryMs);
}

const longestServerRetryMs = 15 * 60_000;

/** A delay of 0 would end the retries: at least a second. */
function delay(ms: number): number {
  return Math.max(1_000, ms) * (1 + Math.random() * jitterShare);
}
