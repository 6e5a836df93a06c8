/**
 * The only door to the two systems. See createHttpClient() for what it guarantees.
 */
import { type Dispatcher, Pool } from 'undici';
import type { HttpConfig } from '../config/limits.js';
import { excessOf, parseJson, stringifyJson } from '../core/json.js';
import {
  type Budget,
  type Lane,
  type Permit,
  type PermitAsk,
  PermitPostponed,
  PermitsStopped,
} from '../store/budget.js';
import {
  type Access,
  type AnyFailure,
  BudgetExhausted,
  ConnectionStopped,
  type FailureContext,
  effectOf,
  failureOf,
  type Forbids,
  isWrite,
  NoAnswer,
  type ServerFailed,
  stopRefused,
  throttleMs,
  UnexpectedResponse,
  WritesStopped,
} from './failures.js';

/** Who asks, and for what: decides the lane of the budget and names the record in errors and in the request log. */
export interface Ask {
  readonly lane: Lane;
  /** Id (never a name or an e-mail) of the record the request is about, for errors and the request log. */
  readonly record?: string;
  /** Groups requests in the request log, for "what did this sync cost": the workflow's run or the command. */
  readonly purpose: string;
  /** Anyone who must wait for a permit for longer fails with `BudgetExhausted`. Default: `limits.longWaitMs`. */
  readonly patienceMs?: number | undefined;
  /** What `reserve` is asked for ends in a write. `send` knows it of its request. */
  readonly writes?: boolean;
  /** Cancels the wait for a permit, and the request. */
  readonly signal?: AbortSignal;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** What it does there: decides what a lost answer means, and whether 404 is an answer. */
  readonly access: Exclude<Access, 'none'>;
  /** Below the base address, starting with a slash, ids filled in and encoded; without query. */
  readonly path: string;
  /** Encoded as a form: a space becomes `+`. Parameters that are undefined are left out. */
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent instead of `body`: a form, encoded. */
  readonly form?: string;
  /** Besides those of the client; these win. */
  readonly headers?: Readonly<Record<string, string>>;
  /** What kind of request this is, for the request log: the path without ids (`/teams/{team}/clients/{id}`). Default: none. */
  readonly kind?: string;
  /**
   * What a 401 does: `stop` (default) stops the connection; `answer` returns it as an answer, for a session whose token is
   * renewed first.
   */
  readonly onUnauthorised?: 'stop' | 'answer';
  /** Statuses (4xx) that are answers, too: the one who sends this reads what stands in them. Without JSON they have no body. */
  readonly answers?: readonly number[];
  /** What a 403 keeps from being sent from then on (`AccessRefused.stopped`). Default: `credential`. */
  readonly forbids?: Forbids;
}

export interface Answer {
  readonly status: number;
  /** Names in lower case; repeated headers joined by commas. */
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed JSON; null when there was no content, and on a 404 or 401 whose content is not JSON. */
  readonly body: unknown;
  /** Id of the request in the request log. */
  readonly requestId: string;
  /** Epoch milliseconds, with fractions: when the first byte went out and when the head of the answer came. */
  readonly sentAtMs: number;
  readonly answeredAtMs: number;
  /** For failures that anyone who reads the answer finds in it. */
  readonly context: FailureContext;
}

export interface HttpClient {
  /**
   * Takes a permit (unless one is given), sends one request, and waits for the answer. A 2xx and a 404 on a read are answers; for
   * everything else see the table in failures.ts.
   * @param permit from `reserve`; with undefined, one is taken
   * @throws {AnyFailure} @throws the signal's reason when `ask.signal` fires
   */
  send(request: HttpRequest, ask: Ask, permit?: Permit): Promise<Answer>;
  /**
   * Takes the permits for requests that must follow each other without waiting, together. Where the limit allows fewer at once, that
   * many; `send` takes the others when their time comes. Give back with `release` those that are not used. Where writes are stopped and
   * `ask.writes` says that one of them writes, none is given: no read is spent for a write that may not be sent.
   * @throws {BudgetExhausted} {ConnectionStopped} {WritesStopped} as `send`
   */
  reserve(n: number, ask: Ask): Promise<Permit[]>;
  release(permits: readonly Permit[]): void;
  /** Waits for the requests under way and closes the connections. The budget is not ours to end. */
  close(): Promise<void>;
}

export interface HttpClientOptions {
  readonly connection: string;
  readonly system: string;
  /** With or without a path; `HttpRequest.path` is appended. */
  readonly baseUrl: string;
  /** Asked before each request: credentials. May take its time (to renew a session); no permit is held meanwhile. */
  readonly headers: () => Record<string, string> | Promise<Record<string, string>>;
  readonly budget: Budget;
  readonly http: HttpConfig;
  /** The longest time that a 429 may close the budget for (`limits.maxRetryAfterMs`). */
  readonly maxRetryAfterMs: number;
  /** Texts that must never appear in an error: tokens and keys. */
  readonly secrets: readonly string[];
  /** What a person can do where the credential may read and not write (403 on a write). Default: have the right granted. */
  readonly ifReadOnly?: string | undefined;
}

/** Longest time that a request can be under way: what `createBudget` needs to know. */
export function inFlightTimeoutMs(http: HttpConfig): number {
  return http.connectTimeoutMs + http.headersTimeoutMs + http.bodyTimeoutMs;
}

/**
 * An HTTP client for one base address and one credential. It guarantees that
 * - nothing is sent without a permit of the budget, and the end of each request is reported to it, whatever that end is;
 * - nothing is sent twice: no retries, no redirects (Temporal retries; a redirect loses a write's body);
 * - nothing is waited for without a time limit, nor read without a size limit;
 * - what was sent is exactly the JSON given; what is returned can be written back without loss;
 * - each failure is one of the table in failures.ts and carries no value, no query, no secret.
 */
export function createHttpClient(options: HttpClientOptions): HttpClient {
  return new UndiciClient(options);
}

class UndiciClient implements HttpClient {
  readonly #options: HttpClientOptions;
  readonly #pool: Pool;
  readonly #basePath: string;
  readonly #timeoutMs: number;

  constructor(options: HttpClientOptions) {
    const { http } = options;
    const base = new URL(options.baseUrl);
    this.#options = options;
    this.#basePath = base.pathname.replace(/\/$/, '');
    this.#timeoutMs = inFlightTimeoutMs(http);
    this.#pool = new Pool(base.origin, {
      connections: http.connections,
      // One request at a time on a connection: the next one would be re-sent if the one before it broke.
      pipelining: 1,
      connect: { timeout: http.connectTimeoutMs },
      headersTimeout: http.headersTimeoutMs,
      bodyTimeout: http.bodyTimeoutMs,
      keepAliveTimeout: http.keepAliveMs,
      keepAliveMaxTimeout: http.keepAliveMs,
      maxResponseSize: http.maxResponseBytes,
    });
  }

  async send(request: HttpRequest, ask: Ask, given?: Permit): Promise<Answer> {
    const context = this.#context(request, ask);
    let credentials: Record<string, string>;
    try {
      credentials = await this.#options.headers();
    } catch (error) {
      if (given) this.release([given]);
      throw error;
    }
    const permit = await this.#validPermit(given, { ...ask, writes: isWrite(request.access) }, context);
    const incoming = await this.#exchange(request, ask, credentials, permit, context);
    const failure = failureOf(incoming, context, {
      withoutSecrets: (text) => this.#withoutSecrets(text),
      maxRetryAfterMs: this.#options.maxRetryAfterMs,
      ifReadOnly: this.#options.ifReadOnly,
      forbids: request.forbids,
    });
    if (failure !== null && !isAnswer(request, incoming.status)) {
      // Should the database be away the failure still tells what happened; the next request finds the same.
      await this.#react(failure, incoming).catch(() => undefined);
      throw failure;
    }
    const { status, headers, sentAtMs, answeredAtMs } = incoming;
    const body = bodyOf(incoming, context);
    return { status, headers, body, requestId: String(permit.id), sentAtMs, answeredAtMs, context };
  }

  reserve(n: number, ask: Ask): Promise<Permit[]> {
    const most = Math.min(n, this.#options.budget.largestGroup(ask.lane));
    return this.#take(most, ask, this.#context({ method: 'reserve', access: 'none', path: `${n} requests` }, ask));
  }

  release(permits: readonly Permit[]): void {
    for (const permit of permits) this.#options.budget.release(permit);
  }

  close(): Promise<void> {
    return this.#pool.close();
  }

  #context({ method, access, path }: Pick<FailureContext, 'method' | 'access' | 'path'>, ask: Ask): FailureContext {
    const { connection, system } = this.#options;
    const where = { connection, system, access, method, path: this.#withoutSecrets(path.split(/[?#]/)[0]!) };
    return ask.record === undefined ? where : { ...where, record: ask.record };
  }

  #withoutSecrets(text: string): string {
    return this.#options.secrets.reduce(
      (rest, secret) => (secret === '' ? rest : rest.replaceAll(secret, '***')),
      text,
    );
  }

  async #validPermit(given: Permit | undefined, ask: Ask, context: FailureContext): Promise<Permit> {
    if (given !== undefined) {
      if (given.remainingMs() > 0) return given;
      // Held for too long: the window may count it no more at the time it would reach the server.
      this.release([given]);
    }
    const [permit] = await this.#take(1, ask, context);
    return permit!;
  }

  async #take(n: number, ask: PermitAsk, context: FailureContext): Promise<Permit[]> {
    try {
      return await this.#options.budget.take(n, ask);
    } catch (error) {
      if (error instanceof PermitPostponed) throw new BudgetExhausted(context, error.retryAtMs, error.blockedBy);
      if (error instanceof PermitsStopped) {
        throw new (error.stopped === 'writes' ? WritesStopped : ConnectionStopped)(context, error.reason);
      }
      throw error;
    }
  }

  async #exchange(
    request: HttpRequest,
    ask: Ask,
    credentials: Record<string, string>,
    permit: Permit,
    context: FailureContext,
  ): Promise<Incoming> {
    const { budget } = this.#options;
    const log = { method: request.method, access: request.access, kind: request.kind ?? '' };
    const reached = { sent: false, headed: false };
    try {
      return await exchange(this.#pool, {
        method: request.method,
        path: this.#basePath + request.path + queryOf(request.query),
        headers: { ...standardHeaders(request), ...credentials, ...request.headers },
        body: request.form ?? (request.body === undefined ? null : stringifyJson(request.body)),
        deadlineMs: Math.min(this.#timeoutMs, permit.remainingMs()),
        signal: ask.signal,
        onSending: () => {
          reached.sent = true;
        },
        onHead: (status) => {
          reached.headed = true;
          budget.answered(permit, { ...log, status });
        },
      });
    } catch (error) {
      if (reached.sent && !reached.headed) budget.answered(permit, { ...log, status: null, mayStillArrive: true });
      const failure = error instanceof ExchangeBroken ? brokenFailure(error, reached.sent, context) : null;
      if (failure?.type === 'NoAnswer' && !reached.headed) await this.#outage(failure).catch(() => undefined);
      // A server that cannot be reached must not use up the day. After the failure is told: a probe that is given back may be given anew.
      if (!reached.sent) budget.release(permit);
      throw failure ?? error;
    }
  }

  /** Tells the breaker, and the failure until when nothing is sent. */
  async #outage(failure: ServerFailed | NoAnswer): Promise<void> {
    const retryAtMs = await this.#options.budget.failed(failure.context.record);
    if (retryAtMs !== null) failure.retryAtMs = retryAtMs;
  }

  /** What a failure means for the requests to come. Awaited, so that no other request slips through before it holds. */
  async #react(failure: AnyFailure, incoming: Incoming): Promise<void> {
    const { budget, maxRetryAfterMs } = this.#options;
    if (failure.type === 'ServerFailed') await this.#outage(failure);
    if (failure.type === 'Throttled') await budget.close(throttleMs(incoming, maxRetryAfterMs), '429');
    if (failure.type === 'AccessRefused') await stopRefused(budget, failure);
  }
}

function standardHeaders({ body, form }: HttpRequest): Record<string, string> {
  const headers = { accept: 'application/json', 'user-agent': 'passerelle' };
  if (form !== undefined) return { ...headers, 'content-type': 'application/x-www-form-urlencoded' };
  return body === undefined ? headers : { ...headers, 'content-type': 'application/json' };
}

/** Whether the one who sends this reads a refusal of this status himself. */
function isAnswer({ onUnauthorised, answers = [] }: HttpRequest, status: number): boolean {
  return answers.includes(status) || (status === 401 && onUnauthorised === 'answer');
}

function queryOf(query: HttpRequest['query']): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined) parameters.append(name, String(value));
  }
  return parameters.size === 0 ? '' : `?${parameters.toString()}`;
}

function brokenFailure(broken: ExchangeBroken, sent: boolean, context: FailureContext): AnyFailure {
  const effect = sent ? effectOf({ context }) : 'none';
  if (broken.code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') {
    return new UnexpectedResponse(context, effect, 'the answer is larger than http.maxResponseBytes');
  }
  return new NoAnswer(context, effect, broken.code);
}

function bodyOf(incoming: Incoming, context: FailureContext): unknown {
  const { status, text } = incoming;
  if (text.trim() === '') return null;
  const effect = effectOf({ context });
  let body: unknown;
  try {
    body = parseJson(text);
  } catch {
    if (status >= 400) return null;
    const type = incoming.headers['content-type']?.split(';')[0] ?? 'no content type';
    throw new UnexpectedResponse(context, effect, `the answer (${status}, ${type}) is not JSON`);
  }
  // Of what was read each record is judged by itself (systems/records.ts); the answer to a write is one, or words about one.
  if (context.access !== 'read' && excessOf(body) !== null) {
    throw new UnexpectedResponse(
      context,
      effect,
      'the answer is nested too deeply, or has a number of too many digits',
    );
  }
  return body;
}

/** One HTTP request, ready to go. */
export interface Outgoing {
  readonly method: Dispatcher.HttpMethod;
  /** Path and query. */
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string | null;
  /** The request is cut off so long after it was handed over, whatever it is doing. */
  readonly deadlineMs: number;
  readonly signal: AbortSignal | undefined;
  /** Called just before the first byte goes out. If it is never called, the server has certainly received nothing. */
  readonly onSending: () => void;
  /** Called once, as soon as the head of an answer is there: the server has certainly received the request by then. */
  readonly onHead: (status: number) => void;
}

export interface Incoming {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** Epoch milliseconds, with fractions: when the first byte went out and when the head of the answer came. */
  readonly sentAtMs: number;
  readonly answeredAtMs: number;
}

/** The exchange did not end with an answer. */
export class ExchangeBroken extends Error {
  override readonly name = 'ExchangeBroken';
  constructor(
    /** Code of Node.js or undici, or `DEADLINE`. */
    readonly code: string,
  ) {
    super(`the exchange broke: ${code}`);
  }
}

/**
 * Sends one request on the pool and reads the whole answer; no redirect is followed and nothing is sent twice (the pool must not
 * pipeline).
 *
 * undici's `dispatch` is used rather than its `request`, because only there can be seen whether a request was sent at all: that
 * is what tells "certainly not applied" from "may have been applied".
 *
 * @throws {ExchangeBroken} @throws the signal's reason when it fires
 */
export function exchange(pool: Dispatcher, outgoing: Outgoing): Promise<Incoming> {
  return new Promise((resolve, reject) => {
    const { signal } = outgoing;
    if (signal?.aborted) return reject(signal.reason as Error);
    let controller: Dispatcher.DispatchController | undefined;
    let over = false;
    let sentAtMs = 0;
    let answeredAtMs = 0;
    let status = 0;
    let headers: Readonly<Record<string, string>> = {};
    const chunks: Buffer[] = [];

    const finish = (act: () => void) => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      act();
    };
    const cut = (reason: Error) => {
      finish(() => reject(reason));
      controller?.abort(new Error('cut off'));
    };
    const onAbort = () => cut(signal?.reason as Error);
    const timer = setTimeout(() => cut(new ExchangeBroken('DEADLINE')), outgoing.deadlineMs);
    signal?.addEventListener('abort', onAbort, { once: true });

    const { method, path, body } = outgoing;
    pool.dispatch(
      { method, path, headers: outgoing.headers, body },
      {
        onRequestStart(started) {
          controller = started;
          // Cut off while it waited for a connection: it must not be sent any more.
          if (over) return started.abort(new Error('cut off'));
          sentAtMs = now();
          outgoing.onSending();
        },
        onResponseStart(_controller, statusCode, answerHeaders) {
          if (statusCode < 200 || over) return;
          answeredAtMs = now();
          status = statusCode;
          headers = flatten(answerHeaders);
          outgoing.onHead(statusCode);
        },
        onResponseData(_controller, chunk) {
          chunks.push(chunk);
        },
        onResponseEnd() {
          const text = Buffer.concat(chunks).toString('utf8');
          finish(() => resolve({ status, headers, text, sentAtMs, answeredAtMs }));
        },
        onResponseError(_controller, error) {
          finish(() => reject(new ExchangeBroken(codeOf(error))));
        },
      },
    );
  });
}

/** Epoch milliseconds with fractions: gaps between two requests are shorter than a millisecond. */
function now(): number {
  return performance.timeOrigin + performance.now();
}

function flatten(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : value;
  }
  return flat;
}

function codeOf(error: unknown): string {
  // Several addresses tried: Node.js wraps one error for each.
  const inner = error instanceof AggregateError ? (error.errors[0] as unknown) : error;
  for (const candidate of [error, inner]) {
    const code = (candidate as { code?: unknown } | null)?.code;
    if (typeof code === 'string') return code;
  }
  return 'UNKNOWN';
}
