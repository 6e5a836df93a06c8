/**
 * The one table of failures at the HTTP edge. Errors are matched by class (or by `type`, across Temporal), never by message.
 *
 * | class                | when                                             | what happens next                                              |
 * |----------------------|--------------------------------------------------|----------------------------------------------------------------|
 * | `BudgetExhausted`    | our own budget would wait long                   | wait until `retryAtMs`; no request was sent                    |
 * | `ConnectionStopped`  | the connection's work was stopped (401/403, guard) | wait for `passerelle resume`; no request was sent            |
 * | `Throttled`          | 429                                              | the budget is closed; retry after `retryAfterMs` plus jitter   |
 * | `ServerFailed`       | 5xx                                              | Temporal's retry policy; may have taken effect                 |
 * | `NoAnswer`           | time-out, reset, refused connection              | Temporal's retry policy; `effect` says whether it may have taken effect |
 * | `AccessRefused`      | 401, 403                                         | the connection is stopped until a person fixes it              |
 * | `InvalidRecord`      | 400 (and 409, 422) on a write                    | not retried; a case with the refused fields' names             |
 * | `RecordMissing`      | 404 on a write                                   | the decision is stale; decide again. On a read 404 is an answer |
 * | `RequestRefused`     | any other 4xx, a redirect on a write             | not retried: our configuration or code is wrong                |
 * | `UnexpectedResponse` | malformed JSON, wrong shape, too large           | not retried as is; names path and field, never the value       |
 *
 * No message carries a value of a record or a server's own words: these can quote personal data. The words of a 400 travel in
 * `InvalidRecord.words`, which is not enumerable, straight into the case in Postgres.
 */

/** `none`: certainly not applied. `unknown`: the server may have applied it. */
export type Effect = 'none' | 'unknown';

export type FailureType =
  | 'BudgetExhausted'
  | 'ConnectionStopped'
  | 'Throttled'
  | 'ServerFailed'
  | 'NoAnswer'
  | 'AccessRefused'
  | 'InvalidRecord'
  | 'RecordMissing'
  | 'RequestRefused'
  | 'UnexpectedResponse';

/** Where a failure happened. Ids and paths only. */
export interface FailureContext {
  readonly connection: string;
  readonly system: string;
  readonly method: string;
  /** Path with ids, without query. */
  readonly path: string;
  readonly record?: string;
}
