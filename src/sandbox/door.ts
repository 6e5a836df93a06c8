/**
 * The way of every request through a stand-in, in the order of Django REST framework: redirect, authentication and permission,
 * throttle, body, effect. Latency lies round it, faults strike on it, and the books are kept here and nowhere else.
 */
import { performance } from 'node:perf_hooks';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { SystemName } from '../core/record.js';
import { Accounting } from './accounting.js';
import type { FaultAction, Faults, FaultTarget, RequestKind, RequestResource } from './faults.js';
import type { ResolvedLatency, ResolvedLimits } from './options.js';
import type { Person, PersonField } from './person.js';
import { reformatPhone } from './phones.js';
import { Random } from './random.js';
import { Throttle } from './throttle.js';

/** An answer before it is sent. A string body is HTML, anything else JSON; `undefined`: no body. */
export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** How one system words what is not about one resource. */
export interface Manners {
  unauthorised(request: FastifyRequest): Answer;
  forbidden(request: FastifyRequest): Answer;
  /** @param seconds whole seconds, `null`: none named. */
  throttled(seconds: number | null): Answer;
  invalid(field: string, message: string, request: FastifyRequest): Answer;
  /** Before everything else; `null`: the path is in its canonical form. */
  redirect(request: FastifyRequest, kind: RequestKind, resource: RequestResource): Answer | null;
  /** The credential the request counts for, or the answer that refuses it. */
  authenticate(request: FastifyRequest, kind: RequestKind): string | Answer;
}

/** What a handler is given besides the request. */
export interface Call {
  readonly kind: RequestKind;
  readonly request: FastifyRequest;
  /** Lays the faults that rewrite or drop values over a person about to be stored. */
  asStored(before: Person | null, next: Person): Person;
  /** What a list holds, as far as the faults let it be shown. */
  readonly asListed: <T>(records: readonly T[]) => readonly T[];
  /** Whether somebody else takes the places that the request asks for (`takePlaces`). */
  readonly comesTooLate: boolean;
  /** Notes that the request took effect. */
  applied(effect: 'created' | 'updated' | 'removed', record: string): void;
}

export type Handler = (call: Call) => Answer;

/** Webhooks of what a request has just changed: held back until its answer has left. */
export interface Outbox {
  /** `undefined`: nothing changed, or nobody is to be told. */
  take(): HeldBack | undefined;
}

export interface HeldBack {
  /** What a fault sends too early: the answer waits for it. */
  readonly early: Promise<unknown> | null;
  release(): void;
}

/** Changes a list while it is read. */
export type Drift = (action: Extract<FaultAction, { do: 'drift' | 'touch' }>) => void;

export class Door {
  readonly accounting: Accounting;
  readonly throttle: Throttle;
  #latency: ResolvedLatency;
  readonly #jitter = new Random(7);

  constructor(
    readonly system: SystemName,
    private readonly manners: Manners,
    private readonly faults: Faults,
    private readonly drift: Drift,
    private readonly outbox: Outbox,
    limits: ResolvedLimits,
    latency: ResolvedLatency,
  ) {
    this.accounting = new Accounting(limits);
    this.throttle = new Throttle(limits);
    this.#latency = latency;
  }

  /** Replaces the limits. What was counted stays counted; windows of another length are measured afresh. */
  setLimits(limits: ResolvedLimits): void {
    const { secondWindowMs, dayWindowMs } = this.throttle.limits;
    this.throttle.limits = limits;
    if (limits.secondWindowMs !== secondWindowMs || limits.dayWindowMs !== dayWindowMs) this.accounting.measure(limits);
  }

  setLatency(latency: ResolvedLatency): void {
    this.#latency = latency;
  }

  /** Serves one request. `record` is the id its path names. */
  async serve(
    kind: RequestKind,
    record: string | null,
    request: FastifyRequest,
    reply: FastifyReply,
    handler: Handler,
    resource: RequestResource = 'person',
  ) {
    await this.#travel(this.#latency.inboundMs);
    const arrivedAt = performance.now();
    this.accounting.arrived(kind);
    const actions: FaultAction[] = [];
    let answer: Answer | 'silence' | 'reset';
    try {
      answer = this.#answer({ kind, record, resource }, request, arrivedAt, actions, handler);
    } catch (error) {
      this.accounting.answered(500);
      this.outbox.take()?.release();
      throw error;
    }
    // Taken in the same turn: what lies there is this request's.
    const heldBack = this.outbox.take();
    if (heldBack?.early) await heldBack.early;
    const slowness = actions.reduce((sum, action) => sum + (action.do === 'slow' ? action.ms : 0), 0);
    await this.#travel(this.#latency.outboundMs + slowness);
    if (answer === 'silence') {
      this.accounting.answered('none');
      reply.hijack();
    } else if (answer === 'reset') {
      this.accounting.answered('none');
      reply.hijack();
      request.raw.socket.resetAndDestroy();
    } else {
      this.accounting.answered(answer.status);
      this.#send(reply, answer, actions);
    }
    heldBack?.release();
    return reply;
  }

  #answer(
    asked: Required<Pick<FaultTarget, 'kind' | 'record' | 'resource'>>,
    request: FastifyRequest,
    arrivedAt: number,
    actions: FaultAction[],
    handler: Handler,
  ): Answer | 'silence' | 'reset' {
    const { kind, resource } = asked;
    const target = { system: this.system, method: request.method, ...asked };
    const redirected = this.manners.redirect(request, kind, resource);
    if (redirected !== null) return redirected;
    const credential = this.manners.authenticate(request, kind);
    if (typeof credential !== 'string') return credential;
    const access = this.faults.strike(target, 'access')[0];
    if (access !== undefined)
      return access.do === 'revoke' ? this.manners.unauthorised(request) : this.manners.forbidden(request);

    this.accounting.countedAt(arrivedAt);
    const verdict = this.throttle.judge(credential, arrivedAt);
    if (!verdict.allowed) {
      this.accounting.throttled();
      return this.manners.throttled(verdict.seconds);
    }

    actions.push(...this.faults.strike(target, 'request'));
    const instead = this.#insteadOf(actions, request);
    if (instead !== null) return instead;
    for (const action of actions) if (action.do === 'drift' || action.do === 'touch') this.drift(action);
    const answer = handler({
      kind,
      request,
      asStored: (before, next) => asStored(actions, before, next),
      asListed: (records) => asListed(actions, records),
      comesTooLate: actions.some((action) => action.do === 'takePlaces'),
      applied: (effect, id) => this.accounting.applied(effect, id),
    });
    return this.#afterwards(actions, answer);
  }

  /** What a fault answers before the request takes effect. */
  #insteadOf(actions: readonly FaultAction[], request: FastifyRequest): Answer | 'silence' | 'reset' | null {
    for (const action of actions) {
      if (action.do === 'refuse') return this.manners.throttled(action.seconds);
      if (action.do === 'invalid') return this.manners.invalid(action.field, action.message, request);
      if (action.do === 'errorInside') return { status: 200, body: action.body };
      if (action.do === 'status' && action.effect === 'none') return statusAnswer(action);
      if (action.do === 'timeout' && action.effect === 'none') return 'silence';
      if (action.do === 'reset' && action.effect === 'none') return 'reset';
    }
    return null;
  }

  /** What a fault makes of the answer after the request took effect. */
  #afterwards(actions: readonly FaultAction[], answer: Answer): Answer | 'silence' | 'reset' {
    for (const action of actions) {
      if (action.do === 'status') return statusAnswer(action);
      if (action.do === 'timeout') return 'silence';
      if (action.do === 'reset') return 'reset';
      if (action.do === 'wrongShape') return { ...answer, body: action.body };
    }
    return answer;
  }

  #send(reply: FastifyReply, { status, body, headers }: Answer, actions: readonly FaultAction[]): FastifyReply {
    reply.code(status);
    if (headers !== undefined) reply.headers(headers);
    if (body === undefined) return reply.send();
    if (typeof body === 'string') return reply.type('text/html; charset=utf-8').send(body);
    const text = JSON.stringify(body);
    const cut = actions.some((action) => action.do === 'malformed');
    return reply.type('application/json').send(cut ? text.slice(0, Math.ceil(text.length / 2)) : text);
  }

  #travel(ms: number): Promise<void> | undefined {
    const { jitterMs } = this.#latency;
    const total = jitterMs === 0 ? ms : ms + this.#jitter.next() * jitterMs;
    return total === 0 ? undefined : new Promise((resolve) => setTimeout(resolve, total));
  }
}

/** 5xx and 4xx that no API wrote: Django's bare page for 500, a proxy's for the others. */
function statusAnswer({ status, body }: Extract<FaultAction, { do: 'status' }>): Answer {
  if (body !== undefined) return { status, body };
  const page =
    status === 500 ? '<h1>Server Error (500)</h1>' : `<html><head><title>${status}</title></head><body></body></html>`;
  return { status, body: `<!doctype html>${page}` };
}

function asListed<T>(actions: readonly FaultAction[], records: readonly T[]): readonly T[] {
  return actions.reduce((shown, action) => (action.do === 'shorten' ? shown.slice(0, action.to) : shown), records);
}

function asStored(actions: readonly FaultAction[], before: Person | null, next: Person): Person {
  let stored = next;
  for (const action of actions) {
    if (action.do === 'rewrite') {
      const rewritten: Partial<Record<PersonField, string>> = {};
      for (const [field, form] of Object.entries(action.fields) as [PersonField, string][]) {
        const value = stored[field];
        if (value !== null) rewritten[field] = rewrite(form, value);
      }
      stored = { ...stored, ...rewritten };
    }
    if (action.do === 'ignore') {
      const kept = action.fields.map((field) => [field, before?.[field] ?? (isName(field) ? '' : null)]);
      stored = { ...stored, ...(Object.fromEntries(kept) as Partial<Person>) };
    }
  }
  return stored;
}

function isName(field: PersonField): boolean {
  return field === 'firstName' || field === 'lastName';
}

function rewrite(form: string, value: string): string {
  switch (form) {
    case 'upper':
      return value.toUpperCase();
    case 'lower':
      return value.toLowerCase();
    case 'internationalPhone':
      return reformatPhone(value, 'international');
    case 'nationalPhone':
      return reformatPhone(value, 'national');
    case 'digits':
      return value.replaceAll(/\D/g, '');
    default:
      return value;
  }
}
