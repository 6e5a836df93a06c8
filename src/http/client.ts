/**
 * The only door to the two systems. See createHttpClient() for what it guarantees.
 */
import type { Lane } from '../store/budget.js';

/** Who asks, and for what: decides the lane of the budget and names the record in errors and in the request log. */
export interface Ask {
  readonly lane: Lane;
  /** Id (never a name or an e-mail) of the record the request is about, for errors and the request log. */
  readonly record?: string;
  /** Groups requests in the request log, for "what did this sync cost": the workflow's run or the command. */
  readonly purpose: string;
  /** Cancels the wait for a permit, and the request. */
  readonly signal?: AbortSignal;
}
