/** From an answer that is not a success to its row in the table of failures (failures.ts). */
import {
  AccessRefused,
  InvalidRecord,
  RecordMissing,
  RequestRefused,
  ServerFailed,
  Throttled,
  UnexpectedResponse,
} from './failures.js';
import type { AnyFailure, FailureContext } from './failures.js';
import type { Incoming } from './exchange.js';

const SHORTEST_RETRY_MS = 1_000;
/** Jitter on top of the server's time: a tenth of it, within these bounds, so that many who wait do not come back as one. */
const LEAST_JITTER_MS = 250;
const MOST_JITTER_MS = 30_000;
/** Of the server's own words, so much is kept for the case. */
const MOST_WORDS = 4_096;

/** True for methods that change nothing on the server. */
export function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}

export interface Refusing {
  readonly withoutSecrets: (text: string) => string;
  /** See `limits.maxRetryAfterMs`. */
  readonly maxRetryAfterMs: number;
}

/** @returns null for a success, and for a 404 on a read, which is an answer */
export function failureOf(
  incoming: Incoming,
  context: FailureContext,
  { withoutSecrets, maxRetryAfterMs }: Refusing,
): AnyFailure | null {
  const { status } = incoming;
  const read = isRead(context.method);
  if (status >= 200 && status < 300) return null;
  if (status === 401 || status === 403) return new AccessRefused(context, status);
  if (status === 429) return new Throttled(context, withJitter(throttleMs(incoming, maxRetryAfterMs)));
  if (status === 404) return read ? null : new RecordMissing(context);
  if (status >= 500) return new ServerFailed(context, read ? 'none' : 'unknown', status);
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
  return new UnexpectedResponse(context, read ? 'none' : 'unknown', `the answer has the unusual status ${status}`);
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

function withJitter(ms: number): number {
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
