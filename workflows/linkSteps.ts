/**
 * The steps of a link's live work, which the activities of its kind carry out. The first attempt at one is a local activity, made within the workflow task:
 * it costs Temporal's server one event, and no task of its own. Whatever ends it otherwise than with a result, the ordinary activity does
 * the same anew, with retries, heartbeats, and a place in the UI where a person sees what it waits for.
 */
import {
  ActivityFailure,
  type ActivityOptions,
  ApplicationFailure,
  CancellationScope,
  proxyActivities,
  proxyLocalActivities,
  sleep,
} from '@temporalio/workflow';
import type { ApplyDecisionInput } from '../activities/applyDecision.js';
import type { FailureCounts } from '../activities/attempts.js';
import type { Activities } from '../activities/index.js';
import type { ReadRecordInput } from '../activities/readRecord.js';
import type { Applied, LinkReading, ViewOfLink } from './linkRun.js';
import type { LiveSettings } from './syncRecord.messages.js';

/** What an activity that carries a decision out is asked. */
export type ApplyInput<Decision> = Omit<ApplyDecisionInput, 'decision'> & { readonly decision: Decision };

export interface LinkSteps<View extends ViewOfLink, Decision, Done extends Applied<View>> {
  readonly read: (input: ReadRecordInput) => Promise<LinkReading<View>>;
  /** Never as a local activity: it may wait for long, and be dropped. */
  readonly readLater: (input: ReadRecordInput) => Promise<LinkReading<View>>;
  readonly apply: (input: ApplyInput<Decision>) => Promise<Done>;
}

/** Failures of the whole connection, or of all that is written to a system: waited for in the open (types of activities/failures.ts). A spent quota is left to Temporal's retries. */
const stoppingFailures = [
  'ConnectionStopped',
  'WritesStopped',
  'AccessRefused',
  'RequestRefused',
  'UnexpectedResponse',
  'UnknownConnection',
  'KindNotOffered',
];

/**
 * A link that somebody else holds is free again soon. A system that fails, and a spent quota, name their own, longer delays
 * (activities/failures.ts), because every request costs quota.
 */
const activityOptions: ActivityOptions = {
  // Far beyond any request's own time-outs: whether the worker lives, its heartbeats tell.
  startToCloseTimeout: '2 minutes',
  retry: {
    initialInterval: '250 milliseconds',
    backoffCoefficient: 1.5,
    maximumInterval: '10 seconds',
    nonRetryableErrorTypes: stoppingFailures,
  },
};

/** A kind's activities: one takes a link's events and reads what they are about, the other carries a decision out; null: nothing is ever decided. */
export interface StepNames {
  readonly read: keyof Activities;
  readonly apply: keyof Activities | null;
}

export function linkSteps<View extends ViewOfLink, Decision, Done extends Applied<View>>(
  { heartbeatTimeoutMs, localAttemptMs, shownWaitMs }: LiveSettings,
  names: StepNames,
): LinkSteps<View, Decision, Done> {
  type Steps = LinkSteps<View, Decision, Done>;
  // Runs of before have none: nothing is then said about it.
  const shown = shownWaitMs === undefined ? {} : { shownWaitMs };
  const ordinary = proxyActivities<Activities>({ ...activityOptions, heartbeatTimeout: heartbeatTimeoutMs });
  const local = proxyLocalActivities<Activities>({
    // Counts from when it is asked for: a worker without a free place leaves it to the ordinary one, too.
    scheduleToCloseTimeout: localAttemptMs,
    retry: { maximumAttempts: 1 },
  });
  const readOf = (proxy: unknown) => (proxy as Record<string, Steps['read']>)[names.read]!;
  const applyOf = (proxy: unknown) => {
    if (names.apply === null) throw new TypeError('of this kind nothing is carried out');
    return (proxy as Record<string, Steps['apply']>)[names.apply]!;
  };
  return {
    read: (input) =>
      localFirst(
        () => readOf(local)({ ...input, ...shown }),
        (before) => readOf(ordinary)({ ...input, ...shown, ...before }),
      ),
    readLater: readOf(ordinary),
    apply: (input) =>
      localFirst(
        () => applyOf(local)({ ...input, ...shown }),
        (before) => applyOf(ordinary)({ ...input, ...shown, ...before }),
      ),
  };
}

async function localFirst<Result>(
  local: () => Promise<Result>,
  ordinary: (before: { readonly failed?: FailureCounts }) => Promise<Result>,
): Promise<Result> {
  try {
    return await local();
  } catch (error) {
    // A worker that stops cancels its local attempts as well: that ends no workflow.
    if (CancellationScope.current().consideredCancelled) throw error;
    if (budgetOpensAtMs(error) !== null) throw error;
    // A system that fails is not asked again at once: each request costs quota.
    const { retryAfterMs = 0, failed } = toldBy(error);
    if (retryAfterMs > 0) await sleep(retryAfterMs, { summary: 'a system failed: it is asked again' });
    return await ordinary(failed === undefined ? {} : { failed });
  }
}

/** What a failure tells besides its words (activities/failures.ts). */
interface Told {
  readonly retryAfterMs?: number;
  readonly retryAtMs?: number;
  readonly failed?: FailureCounts;
}

function toldBy(error: unknown): Told {
  const [told] = (causeOf(error)?.details ?? []) as Told[];
  return told ?? {};
}

function causeOf(error: unknown): ApplicationFailure | null {
  // What ends a local activity comes as it is.
  const cause = error instanceof ActivityFailure ? error.cause : error;
  return cause instanceof ApplicationFailure ? cause : null;
}

/** When the budget opens, where the wait for that is to be made in the open (epoch milliseconds); null: the failure is another, or Temporal waits. */
export function budgetOpensAtMs(error: unknown): number | null {
  const cause = causeOf(error);
  if (cause?.type !== 'BudgetExhausted' || cause.nonRetryable !== true) return null;
  return toldBy(error).retryAtMs ?? null;
}

/** What stopped a link's work: a failure's type, and what it says, which names records by id and quotes no value. */
export interface Stop {
  readonly failure: string;
  readonly reason: string;
}

/** Where the connection is refused, or its writes are; else null. */
export function stoppingFailure(error: unknown): Stop | null {
  const cause = error instanceof ActivityFailure ? error.cause : undefined;
  if (!(cause instanceof ApplicationFailure)) return null;
  const { type, message } = cause;
  return type !== undefined && type !== null && stoppingFailures.includes(type)
    ? { failure: type, reason: message }
    : null;
}
