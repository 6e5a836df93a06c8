/**
 * How often attempts at an activity failed, by what failed. Temporal counts attempts, whatever ended them: by its number, a link that
 * somebody else held for a while would use up the patience that is meant for answers that cannot be read.
 *
 * The counts go from one attempt to the next with the signs of life, and from a local attempt to the ordinary activity with its failure
 * and the workflow (workflows/linkSteps.ts). An attempt that dies with its worker counts for nothing.
 */
import { activityInfo, Context, heartbeat } from '@temporalio/activity';
import type { OpenConnection } from '../src/connection.js';
import { attemptsToRead } from '../src/link/unreadable.js';

/** Attempts that failed, by the failure's type. */
export type FailureCounts = Readonly<Record<string, number>>;

/** What anyone who asks for an activity says about its attempts. */
export interface AttemptInput {
  /** What failed before this activity was asked for, where a local attempt came first. */
  readonly failed?: FailureCounts;
  /** Waits for a budget that are longer are not made by Temporal, but by the one who asked, in the open. Left out: none is. */
  readonly shownWaitMs?: number;
}

/** What one attempt tells the next. */
interface Told {
  readonly failed: FailureCounts;
  /** Of the activity's own: what it has done so far. */
  readonly done?: unknown;
}

class Attempt {
  failed: FailureCounts;
  done: unknown;

  constructor(readonly input: AttemptInput) {
    const { failed = input.failed ?? {}, done } = told();
    this.failed = failed;
    this.done = done;
  }

  tell(): void {
    if (!activityInfo().isLocal) heartbeat({ failed: this.failed, done: this.done } satisfies Told);
  }
}

const attempts = new WeakMap<Context, Attempt>();

/** To be called before anything else of the attempt. */
export function beginAttempt(input: AttemptInput): void {
  attempts.set(Context.current(), new Attempt(input));
}

/** Whether so long a wait for a budget is to be made in the open. */
export function isShown(waitMs: number): boolean {
  return waitMs > (current().input.shownWaitMs ?? Number.POSITIVE_INFINITY);
}

/** Counts a failure of this attempt, and tells the next. @returns all that failed, this one included */
export function countFailure(cause: string): FailureCounts {
  const attempt = current();
  attempt.failed = { ...attempt.failed, [cause]: (attempt.failed[cause] ?? 0) + 1 };
  attempt.tell();
  return attempt.failed;
}

/** Something succeeded: what fails from now on is counted anew. */
export function succeeded(): void {
  current().failed = {};
}

/** See `unreadableRecord`. */
export function isLastTry(): boolean {
  return (current().failed['UnexpectedResponse'] ?? 0) >= attemptsToRead - 1;
}

/** A sign of life. @param done what the next attempt is to find in {@link toldBefore}, should this one die */
export function signOfLife(done: unknown): void {
  const attempt = current();
  attempt.done = done;
  attempt.tell();
}

/** What an attempt before this one told of its work. */
export function toldBefore(): unknown {
  return told().done;
}

/** In tests an activity may be called without `beginAttempt`. */
function current(): Attempt {
  const context = Context.current();
  const known = attempts.get(context) ?? new Attempt({});
  attempts.set(context, known);
  return known;
}

/** Nothing, of a first attempt. */
function told(): Partial<Told> {
  return (activityInfo().heartbeatDetails as Told | null | undefined) ?? {};
}

// Signs of life of an activity, while it works.

/**
 * Heartbeats several times within the activity's own heartbeat time-out, until `work` ends.
 *
 * @param first `at once`: so that a pause or a cancel that came before reaches it; `later`: what is over sooner costs the server nothing
 * @param details what the next attempt is to be told of, should this one die
 */
export async function withHeartbeat<T>(
  work: () => Promise<T>,
  {
    first = 'at once',
    details = () => undefined,
  }: { readonly first?: 'at once' | 'later'; readonly details?: () => unknown } = {},
): Promise<T> {
  const timeoutMs = activityInfo().heartbeatTimeoutMs;
  if (timeoutMs === undefined) return await work();
  if (first === 'at once') signOfLife(details());
  const timer = setInterval(() => signOfLife(details()), Math.max(timeoutMs / 4, 50));
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}

/*
 * First attempts within a workflow task (local activities: workflows/linkSteps.ts). Nobody waits for one that takes longer than it may,
 * but it goes on; so that its end is not lost, the ordinary attempt that follows it in this worker waits for that end.
 */

/** How long this attempt may wait for a permit; undefined: for `limits.longWaitMs`, as any request. */
export function attemptPatienceMs({ config }: Pick<OpenConnection, 'config'>): number | undefined {
  return activityInfo().isLocal ? config.live.localPatienceMs : undefined;
}

/** Local attempts under way in this worker. */
export class LocalAttempts<Result> {
  readonly #underWay = new Map<string, Promise<Result>>();

  /**
   * Runs `work`, unless a local attempt at the same is still under way: then its end is this attempt's end, too.
   *
   * @param name of what is attempted, the same at every attempt
   */
  async join(name: string, work: () => Promise<Result>): Promise<Result> {
    const earlier = this.#underWay.get(name);
    if (earlier !== undefined) return await withHeartbeat(() => earlier, { first: 'later' });
    if (!activityInfo().isLocal) return await work();
    const attempt = work();
    this.#underWay.set(name, attempt);
    try {
      return await attempt;
    } finally {
      this.#underWay.delete(name);
    }
  }
}
