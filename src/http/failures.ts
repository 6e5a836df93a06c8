/**
 * The one table of failures at the HTTP edge. Errors are matched by class (or by `type`, across Temporal), never by message.
 *
 * | class                | when                                             | what happens next                                              |
 * |----------------------|--------------------------------------------------|----------------------------------------------------------------|
 * | `BudgetExhausted`    | our own budget would wait long                   | wait until `retryAtMs`; no request was sent                    |
 * | `ConnectionStopped`  | the connection's work was stopped (401/403, guard) | wait for `passerelle resume`; no request was sent            |
 * | `Throttled`          | 429                                              | the budget is closed; retry after `retryAfterMs` plus jitter   |
 * | `ServerFailed`       | 5xx                                              | Temporal's retry policy, or the breaker's pause; may have taken effect |
 * | `NoAnswer`           | time-out, reset, refused connection              | the same; `effect` says whether it may have taken effect |
 * | `AccessRefused`      | 401, 403                                         | the connection is stopped until a person fixes it              |
 * | `InvalidRecord`      | 400 (and 409, 422) on a write                    | not retried; a case with the refused fields' names             |
 * | `RecordMissing`      | 404 on a write                                   | the decision is stale; decide again. On a read 404 is an answer |
 * | `RequestRefused`     | any other 4xx, a redirect on a write             | not retried: our configuration or code is wrong                |
 * | `UnexpectedResponse` | malformed JSON, wrong shape, too large           | not retried as is; names path and field, never the value       |
 * | `UnreadableRecord`   | the same of one record (an `UnexpectedResponse`) | not retried; a case, and everybody else goes on                |
 *
 * No message carries a value of a record or a server's own words: these can quote personal data. The words of a 400 travel in
 * `InvalidRecord.words`, which is not enumerable, straight into the case in Postgres.
 */

import type { BlockedBy } from '../store/budget.js';

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

/**
 * Base of all failures at the HTTP edge. `JSON.stringify` gives type, effect, context and the class's own fields, none of which
 * holds a value of a record; `words` of an `InvalidRecord` stays out.
 */
export abstract class Failure extends Error {
  abstract readonly type: FailureType;
  /** Whether the server may have applied the request. Always `none` for a read. */
  readonly effect: Effect;
  readonly context: FailureContext;
  /** What happened, without place and advice: for whoever knows better advice. */
  declare readonly what: string;

  constructor(what: string, effect: Effect, context: FailureContext, whatToDo: string) {
    const record = context.record === undefined ? '' : `, record ${context.record}`;
    super(`${context.connection}/${context.system}${record}: ${context.method} ${context.path}: ${what}. ${whatToDo}.`);
    this.name = new.target.name;
    Object.defineProperty(this, 'name', { enumerable: false });
    Object.defineProperty(this, 'what', { value: what, enumerable: false });
    this.effect = effect;
    this.context = context;
  }
}

const reasons: Record<BlockedBy, string> = {
  second: 'the requests of this second are used up',
  day: "the day's requests are used up",
  liveShare: "the day's requests are used up, but for the share kept for changes as they happen",
  closed: 'the server asked us to wait (429)',
  lane: 'requests of an earlier lane are in line',
  breaker: 'the server fails at every request, and is tried again only now and then',
};

export class BudgetExhausted extends Failure {
  readonly type = 'BudgetExhausted';
  constructor(
    context: FailureContext,
    /** Epoch milliseconds of this machine: the earliest moment at which asking again can succeed. */
    readonly retryAtMs: number,
    readonly reason: BlockedBy,
  ) {
    const at = new Date(retryAtMs).toISOString();
    super(`not sent: ${reasons[reason]}`, 'none', context, `It is tried again at ${at}; nothing needs to be done`);
  }
}

export class ConnectionStopped extends Failure {
  readonly type = 'ConnectionStopped';
  constructor(
    context: FailureContext,
    /** What stopped it, in our own words (see `AccessRefused` and the guard). */
    readonly reason: string,
  ) {
    super(
      `not sent: this connection is stopped (${reason})`,
      'none',
      context,
      'Repair the cause, then run `passerelle resume`',
    );
  }
}

export class Throttled extends Failure {
  readonly type = 'Throttled';
  constructor(
    context: FailureContext,
    /** The time the server names, at least one second, plus jitter. */
    readonly retryAfterMs: number,
  ) {
    super(
      'the server refused it because too many requests were sent (429)',
      'none',
      context,
      `It is tried again in ${Math.ceil(retryAfterMs / 1_000)} s; if this comes back, something else uses the same credential, or the configured limits are too high`,
    );
  }
}

/** A failure of the server, whatever was asked: see the breaker in store/budget.ts. */
abstract class Outage extends Failure {
  /** While the breaker is open: epoch milliseconds of this machine when the next request may try. */
  declare retryAtMs?: number;
}

export class ServerFailed extends Outage {
  readonly type = 'ServerFailed';
  constructor(
    context: FailureContext,
    effect: Effect,
    readonly status: number,
  ) {
    super(
      `the server failed (${status})`,
      effect,
      context,
      'It is tried again; if only this record fails, look at its data in both systems',
    );
  }
}

export class NoAnswer extends Outage {
  readonly type = 'NoAnswer';
  constructor(
    context: FailureContext,
    effect: Effect,
    /** Code of Node.js or undici (`ECONNREFUSED`, `UND_ERR_HEADERS_TIMEOUT` …). */
    readonly code: string,
  ) {
    super(
      `no answer came (${code})`,
      effect,
      context,
      'It is tried again; if it persists, check the address and the network',
    );
  }
}

const refusals = {
  401: [
    'the server does not know the credential (401)',
    'Put a valid token into the environment variable that the configuration names and restart the workers',
  ],
  403: [
    'the server knows the credential, but it may not do this (403)',
    'Check the configured team or campaign, and have the right granted to the credential',
  ],
} as const;

export class AccessRefused extends Failure {
  readonly type = 'AccessRefused';
  constructor(
    context: FailureContext,
    readonly status: 401 | 403,
  ) {
    const [what, whatToDo] = refusals[status];
    super(what, 'none', context, `${whatToDo}, then run \`passerelle resume\``);
  }
}

export class InvalidRecord extends Failure {
  readonly type = 'InvalidRecord';
  /** The server's own words: can quote values. Not enumerable; for the case in Postgres only. */
  declare readonly words: string;
  constructor(
    context: FailureContext,
    readonly status: number,
    /** Dotted paths of the refused fields, as the server names them. Empty when it names none. */
    readonly fields: readonly string[],
    words: string,
  ) {
    const which = fields.length === 0 ? 'it names no field' : `fields: ${fields.join(', ')}`;
    super(
      `the server refused the record's data (${status}; ${which})`,
      'none',
      context,
      "Correct the record; the server's own words stand with its case",
    );
    Object.defineProperty(this, 'words', { value: words, enumerable: false });
  }
}

export class RecordMissing extends Failure {
  readonly type = 'RecordMissing';
  constructor(context: FailureContext) {
    super('the record does not exist there (404)', 'none', context, 'It is read and decided again');
  }
}

export class RequestRefused extends Failure {
  readonly type = 'RequestRefused';
  constructor(
    context: FailureContext,
    readonly status: number,
    what: string,
    whatToDo: string,
  ) {
    super(what, 'none', context, whatToDo);
  }
}

export class UnexpectedResponse extends Failure {
  readonly type = 'UnexpectedResponse';
  constructor(
    context: FailureContext,
    effect: Effect,
    what: string,
    /** Where the answer differs from what was expected, for answers of the wrong shape. */
    readonly places: readonly { readonly path: string; readonly expected: string }[] = [],
  ) {
    super(
      what,
      effect,
      context,
      'Run `passerelle doctor`: the configured paths, or our knowledge of this API, may be wrong',
    );
  }
}

/**
 * One record of an answer cannot be read, and the answer is fine otherwise: a question about that record (src/cases/unreadable.ts), which
 * stops nobody else.
 */
export class UnreadableRecord extends UnexpectedResponse {
  constructor(
    { context, effect, what, places }: UnexpectedResponse,
    /** Null: not even its id can be read. */
    readonly id: string | null,
  ) {
    super(id === null ? context : { ...context, record: id }, effect, what, places);
  }
}

/** Every failure there is: switch over `type`. */
export type AnyFailure =
  | BudgetExhausted
  | ConnectionStopped
  | Throttled
  | ServerFailed
  | NoAnswer
  | AccessRefused
  | InvalidRecord
  | RecordMissing
  | RequestRefused
  | UnexpectedResponse;

/** Matches by class. */
export function isFailure(error: unknown): error is AnyFailure {
  return error instanceof Failure;
}
