import type { Log } from '../log.js';
/** Why a delivery is not taken. Each answer says what is wrong and what to do, and never repeats what was sent. */

/** - `busy`: too many requests from one address; `ceiling`: too many webhooks of one connection; `unavailable`: PostgreSQL did not store it, so that it should be delivered again; `unread`: nor read, what a feed shows. */
export type RefusalReason =
  | 'authentication'
  | 'tooLarge'
  | 'mediaType'
  | 'json'
  | 'shape'
  | 'link'
  | 'http'
  | 'notFound'
  | 'busy'
  | 'ceiling'
  | 'unavailable'
  | 'unread'
  | 'internal';

const refusals: Readonly<Record<RefusalReason, { readonly status: number; readonly message: string }>> = {
  // One text for all of these: it must not tell which connections there are, nor which part was wrong.
  authentication: {
    status: 401,
    message:
      'Not authenticated. Check that the address is exactly the one you were given (a part of it is a secret) and, where agreed, the header, the user and password, or the signature.',
  },
  tooLarge: { status: 413, message: 'The body is larger than receiver.bodyLimitBytes of the configuration allows.' },
  mediaType: { status: 415, message: 'The body must be JSON: send it with "Content-Type: application/json".' },
  json: { status: 400, message: 'The body must be one JSON object, in UTF-8.' },
  shape: { status: 400, message: 'The body does not have the shape of this system’s webhooks.' },
  link: {
    status: 400,
    message:
      'The link must be the address of this resource, in the team of this connection, on the API that Passerelle is configured for.',
  },
  http: { status: 400, message: 'This is not a request that can be read.' },
  notFound: {
    status: 404,
    message:
      'There is nothing here. Webhooks go to POST /webhooks/<connection>/<system>/<secret>, feeds are at GET /feeds/<connection>/<secret>/catalogue.ics, .json and .xlsx.',
  },
  busy: { status: 429, message: 'Too many requests from this address. Deliver again after the time of Retry-After.' },
  ceiling: {
    status: 429,
    message:
      'The webhooks of this connection are above a ceiling of its configuration. Deliver again after the time of Retry-After.',
  },
  unavailable: { status: 503, message: 'It could not be stored. Deliver again after the time of Retry-After.' },
  unread: { status: 503, message: 'The catalogue cannot be read now. Ask again after the time of Retry-After.' },
  internal: { status: 500, message: 'The receiver failed. Deliver again; its log says why.' },
};

export const refusalReasons = Object.keys(refusals) as readonly RefusalReason[];

/** A delivery is refused. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  /** Of the HTTP answer. */
  readonly statusCode: number;

  constructor(
    readonly reason: RefusalReason,
    /** What exactly is missing, in words of our own; left out: as the reason says. */
    detail?: string,
    /** For the log: ids, and a link's host. */
    readonly logged: Readonly<Record<string, string>> = {},
    /** When to deliver again, where that is known. */
    readonly retryAfterMs?: number,
  ) {
    const { status, message } = refusals[reason];
    super(detail === undefined ? message : `${message} ${detail}`);
    this.statusCode = status;
  }

  /** The answer's body. */
  get body(): { readonly error: RefusalReason; readonly message: string } {
    return { error: this.reason, message: this.message };
  }
}

/** Refusals of one kind are logged once in this time, with the number of those before: a flood must not fill the disk. */
const quietMs = 60_000;

/** Logs refusals, never with anything that was sent but a link's host. @param place the endpoint, where it is one of ours */
export function createRefusalLog(log: Log, now = () => performance.now()): (refusal: Refusal, place: string) => void {
  const kinds = new Map<string, { loggedAt: number; unlogged: number }>();
  return (refusal, place) => {
    const name = `${refusal.reason} ${place}`;
    const kind = kinds.get(name) ?? { loggedAt: -Infinity, unlogged: 0 };
    kinds.set(name, kind);
    if (now() < kind.loggedAt + quietMs) {
      kind.unlogged += 1;
      return;
    }
    const line = { reason: refusal.reason, ...(place === '' ? {} : { endpoint: place }), ...refusal.logged };
    log.warn(kind.unlogged === 0 ? line : { ...line, moreSinceLastLine: kind.unlogged }, 'webhook refused');
    kind.loggedAt = now();
    kind.unlogged = 0;
  };
}
