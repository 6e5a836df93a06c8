/**
 * The one table of failures at the HTTP edge. Errors are matched by class (or by `type`, across Temporal), never by message.
 *
 * | class                | when                                             | what happens next                                              |
 * |----------------------|--------------------------------------------------|----------------------------------------------------------------|
 * | `BudgetExhausted`    | our own budget would wait long                   | wait until `retryAtMs`; no request was sent                    |
 * | `ConnectionStopped`  | the connection's work was stopped (401/403, guard) | wait for `passerelle resume`; no request was sent            |
 * | `WritesStopped`      | writes were stopped (403 on a write)             | the same; reads go on                                          |
 * | `Throttled`          | 429                                              | the budget is closed; retry after `retryAfterMs` plus jitter   |
 * | `ServerFailed`       | 5xx                                              | Temporal's retry policy, or the breaker's pause; may have taken effect |
 * | `NoAnswer`           | time-out, reset, refused connection              | the same; `effect` says whether it may have taken effect |
 * | `AccessRefused`      | 401, 403                                         | what `stopped` says is stopped until a person fixes it: the connection, its writes, or only whoever asked |
 * | `InvalidRecord`      | 400 (and 409, 422) on a write                    | not retried; a case with the refused fields' names             |
 * | `RecordMissing`      | 404 on a write                                   | the decision is stale; decide again. On a read 404 is an answer |
 * | `RequestRefused`     | any other 4xx, a redirect on a write             | not retried: our configuration or code is wrong                |
 * | `UnexpectedResponse` | malformed JSON, wrong shape, too large           | not retried as is; names path and field, never the value       |
 * | `UnreadableRecord`   | the same of one record (an `UnexpectedResponse`) | not retried; a case, and everybody else goes on                |
 *
 * No message carries a value of a record or a server's own words: these can quote personal data. The words of a 400 travel in
 * `InvalidRecord.words`, which is not enumerable, straight into the case in Postgres.
 */

import type { BlockedBy, Budget, Stopped } from '../store/budget.js';
import type { Incoming } from './client.js';

/** `none`: certainly not applied. `unknown`: the server may have applied it. */
export type Effect = 'none' | 'unknown';

export type FailureType =
  | 'BudgetExhausted'
  | 'ConnectionStopped'
  | 'WritesStopped'
  | 'Throttled'
  | 'ServerFailed'
  | 'NoAnswer'
  | 'AccessRefused'
  | 'InvalidRecord'
  | 'RecordMissing'
  | 'RequestRefused'
  | 'UnexpectedResponse';

/**
 * What a request does there. Said by the one who sends it: its method tells nothing, since a query of GraphQL is a POST, too. `update` changes one
 * record, or removes it; `check` asks whether something could be done, with the data that it would be done with: it changes nothing, and its data can be
 * refused; `session` opens or renews what the others are sent under; `none`: nothing was asked (a stored document, a delivery, a permit).
 */
export type Access = 'read' | 'check' | 'create' | 'update' | 'session' | 'none';

/** Where a failure happened. Ids and paths only. */
export interface FailureContext {
  readonly connection: string;
  readonly system: string;
  readonly access: Access;
  readonly method: string;
  /** Path with ids, without query. */
  readonly path: string;
  readonly record?: string;
}

/** Whether a request changes a record there. */
export function isWrite(access: Access): boolean {
  return access === 'create' || access === 'update';
}

/** What a request that was sent can have done there, whatever became of its answer: a read or a check nothing, anything else what it was to do. */
export function effectOf({ context }: { readonly context: FailureContext }): Effect {
  return context.access === 'read' || context.access === 'check' ? 'none' : 'unknown';
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
  /** What happened, without place and advice: for anyone who knows better advice. */
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

/** The account is read, and takes no writes until a person has mended that. */
export class WritesStopped extends Failure {
  readonly type = 'WritesStopped';
  constructor(
    context: FailureContext,
    /** What stopped them, in our own words (see `AccessRefused`). */
    readonly reason: string,
  ) {
    super(
      `not sent: writes are stopped (${reason})`,
      'none',
      context,
      'Repair the cause, then run `passerelle resume`; what only reads goes on',
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

/** What a 403 keeps from being sent: whatever the credential is used for, or what asks for the resource alone. */
export type Forbids = 'credential' | 'resource';

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
    /** Better advice than that of the status. */
    readonly advice?: string,
    /** What a 403 is about. A 401 is always about the credential. */
    readonly forbids: Forbids = 'credential',
  ) {
    const [what, whatToDo] = refusals[status];
    super(what, 'none', context, `${advice ?? whatToDo}, then run \`passerelle resume\``);
  }

  /**
   * What is stopped of the credential; null: nothing, only whoever asked waits. The one rule about it: a credential that is not known can do
   * nothing. One that may not use a resource besides people (orders, products) goes on with people. One that may not write people can still
   * read, and one that may not read them can do nothing.
   */
  get stopped(): Stopped | null {
    if (this.status === 401) return 'all';
    if (this.forbids === 'resource') return null;
    return isWrite(this.context.access) ? 'writes' : 'all';
  }

  /** What the credential is stopped for, in our own words. */
  get reason(): string {
    const { method, path } = this.context;
    return `${this.status} on ${method} ${path}${this.advice === undefined ? '' : `: ${this.advice}`}`;
  }
}

/** Stops of the credential what the refusal says (`AccessRefused.stopped`). */
export async function stopRefused(budget: Pick<Budget, 'stop'>, { stopped, reason }: AccessRefused): Promise<void> {
  if (stopped !== null) await budget.stop(reason, stopped);
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
  | WritesStopped
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

/** A write was not taken, or not sent, because the account takes none now: reads, and the other system, go on. */
export function isStoppedWrite(error: unknown): error is WritesStopped | AccessRefused {
  return error instanceof WritesStopped || (error instanceof AccessRefused && error.stopped === 'writes');
}

// From an answer that is not a success to its row in the table of failures (failures.ts).

const SHORTEST_RETRY_MS = 1_000;
/** Jitter on top of the server's time: a tenth of it, within these bounds, so that many who wait do not come back as one. */
const LEAST_JITTER_MS = 250;
const MOST_JITTER_MS = 30_000;
/** Of the server's own words, so much is kept for the case. */
const MOST_WORDS = 4_096;

export interface Refusing {
  readonly withoutSecrets: (text: string) => string;
  /** See `limits.maxRetryAfterMs`. */
  readonly maxRetryAfterMs: number;
  /** See `HttpClientOptions`. */
  readonly ifReadOnly?: string | undefined;
  /** See `HttpRequest`. */
  readonly forbids?: Forbids | undefined;
}

const ifForbidden = 'Have the right granted to the credential; people are synchronised meanwhile';

/** @returns null for a success, and for a 404 on a read, which is an answer */
export function failureOf(
  incoming: Incoming,
  context: FailureContext,
  { withoutSecrets, maxRetryAfterMs, ifReadOnly, forbids = 'credential' }: Refusing,
): AnyFailure | null {
  const { status } = incoming;
  const read = context.access === 'read';
  if (status >= 200 && status < 300) return null;
  if (status === 401) return new AccessRefused(context, status);
  if (status === 403) {
    const advice = forbids === 'resource' ? ifForbidden : isWrite(context.access) ? ifReadOnly : undefined;
    return new AccessRefused(context, status, advice, forbids);
  }
  if (status === 429) return new Throttled(context, withJitter(throttleMs(incoming, maxRetryAfterMs)));
  if (status === 404) return read ? null : new RecordMissing(context);
  if (status >= 500) return new ServerFailed(context, effectOf({ context }), status);
  if (!read && (status === 400 || status === 409 || status === 422)) {
    return new InvalidRecord(context, status, refusedFields(incoming.text), incoming.text.slice(0, MOST_WORDS));
  }
  if (status >= 300 && status < 400) return redirected(incoming, context, withoutSecrets);
  if (status >= 400) {
    return new RequestRefused(
      context,
      status,
      `the server refused the request (${status})`,
      'Check the configured addresses, paths and page size with `passerelle doctor`',
    );
  }
  return new UnexpectedResponse(context, effectOf({ context }), `the answer has the unusual status ${status}`);
}

/**
 * How long a 429 asks us to wait: by `Retry-After` (seconds, or a date, which is measured against the server's own clock), else
 * by the number in Django REST framework's text ("Expected available in 86368 seconds.", in whatever language). At least a second, and
 * at most `mostMs`: a server, or something between, that names another century must not silence the connection for that long.
 */
export function throttleMs(incoming: Pick<Incoming, 'headers' | 'text' | 'answeredAtMs'>, mostMs: number): number {
  const { headers, text, answeredAtMs } = incoming;
  const namedMs = retryAfterMs(headers, answeredAtMs) ?? detailMs(text) ?? 0;
  return Math.min(mostMs, Math.max(SHORTEST_RETRY_MS, namedMs));
}

function retryAfterMs(headers: Incoming['headers'], answeredAtMs: number): number | null {
  const value = headers['retry-after']?.trim();
  if (value === undefined || value === '') return null;
  if (/^\d+(\.\d+)?$/.test(value)) return Number(value) * 1_000;
  const until = Date.parse(value);
  if (Number.isNaN(until)) return null;
  const serverNow = Date.parse(headers['date'] ?? '');
  return until - (Number.isNaN(serverNow) ? answeredAtMs : serverNow);
}

function detailMs(text: string): number | null {
  const detail = (parse(text) as { detail?: unknown } | null)?.detail;
  const seconds = typeof detail === 'string' ? /\d+(?:\.\d+)?/.exec(detail) : null;
  return seconds === null ? null : Number(seconds[0]) * 1_000;
}

/** A time that the server named, and a little more: many who wait must not come back as one. */
export function withJitter(ms: number): number {
  return Math.round(ms + Math.random() * Math.min(MOST_JITTER_MS, Math.max(LEAST_JITTER_MS, ms / 10)));
}

/** What a name of a field looks like. Anything else among the keys of an answer could be a value. */
const identifier = /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/;
/** Fields stand no deeper in an answer: whatever does is somebody's joke, and must not exhaust the stack. */
const DEEPEST_FIELD = 20;
/** Keys that say something about the answer, not about a field. */
const notFields = new Set([
  'detail',
  'details',
  'message',
  'messages',
  'code',
  'status',
  'result',
  'success',
  'type',
  'title',
]);
/** Wrappers around the fields. They are left out of the path. */
const wrappers = new Set(['error', 'errors', 'data']);

/**
 * The fields that the body of a 400 names, in Django REST framework's form: `{ "email": ["…"], "items": [{}, { "price":
 * { "amount": ["…"] } }] }` gives `email` and `items.1.price.amount`. Names only, never the words.
 */
export function refusedFields(text: string): string[] {
  const found = new Set<string>();
  const visit = (value: unknown, path: readonly string[], depth = 0) => {
    if (depth > DEEPEST_FIELD) return;
    if (typeof value === 'string' || isWords(value)) {
      if (path.length > 0) found.add(path.join('.'));
    } else if (Array.isArray(value)) {
      value.forEach((inner, index) => visit(inner, [...path, String(index)], depth + 1));
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, inner] of Object.entries(value)) {
        if (path.length === 0 && notFields.has(key)) continue;
        if (!identifier.test(key)) continue;
        visit(inner, path.length === 0 && wrappers.has(key) ? path : [...path, key], depth + 1);
      }
    }
  };
  visit(parse(text), []);
  return [...found];
}

function isWords(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every((word) => typeof word === 'string');
}

function redirected(
  incoming: Incoming,
  context: FailureContext,
  withoutSecrets: (text: string) => string,
): RequestRefused {
  // Only where it leads: the server wrote the rest, which can hold what we asked for, or anything else.
  const place = withoutSecrets(destinationOf(incoming.headers['location'], context.path));
  return new RequestRefused(
    context,
    incoming.status,
    `the server redirects (${incoming.status}) and the request was not sent on${place ? `: to ${place}` : ''}`,
    'Configure this path, or the address before it, exactly in the form that the server wants (often only a slash at the end differs)',
  );
}

/** Where a redirect leads, in our own words and its origin; empty: nothing that can be told. */
function destinationOf(location: string | undefined, path: string): string {
  if (location === undefined) return '';
  const [target = ''] = location.split(/[?#]/);
  if (target.endsWith(`${path}/`)) return 'the same path with a slash at the end';
  if (path.endsWith('/') && target.endsWith(path.slice(0, -1))) return 'the same path without the slash at the end';
  try {
    const { protocol, origin, host } = new URL(target, 'relative://here');
    // An address without a scheme keeps that of the base: its host tells whether it is a relative one.
    if (protocol === 'relative:') return host === 'here' ? 'another path of the same server' : 'another server';
    return protocol === 'https:' || protocol === 'http:' ? origin : '';
  } catch {
    return '';
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
