/**
 * First attempts within a workflow task (local activities: workflows/recordSteps.ts). Nobody waits for one that takes longer than it may,
 * but it goes on; so that its end is not lost, the ordinary attempt that follows it in this worker waits for that end.
 */
import { activityInfo } from '@temporalio/activity';
import { withHeartbeat } from './heartbeat.js';

/** A local attempt waits no longer for a permit of the budget: the workflow task that it runs in holds a place of the worker's. */
const localPatienceMs = 1_000;

/** How long this attempt may wait for a permit; undefined: for `limits.longWaitMs`, as any request. */
export function attemptPatienceMs(): number | undefined {
  return activityInfo().isLocal ? localPatienceMs : undefined;
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
