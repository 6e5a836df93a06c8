import type { Dispatcher } from 'undici';

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
