/** How much of what a client that must never be refused can send was sent, by the server's own log of arrivals. */

export interface ShareOptions {
  /** Requests per window. */
  readonly limit: number;
  readonly windowMs: number;
  /** From sending a request to its answer: a client cannot know that a request has arrived before. */
  readonly roundTripMs: number;
  /** Requests at the end that are left out, because there was less work than could be sent. */
  readonly tail: number;
}

export interface Share {
  /** Requests a second, while there was work. */
  readonly used: number;
  /** limit ÷ (window + round trip), in requests a second. */
  readonly possible: number;
  /** Requests that were looked at. */
  readonly requests: number;
}

/**
 * Counts whole windows: the first request of a window cannot arrive earlier than one window and one round trip after the first of
 * the window before, so `k * limit` requests after the first take at least `k` times that.
 *
 * @param arrivalsMs in order
 * @throws {RangeError} when there are too few for a single window
 */
export function shareUsed(arrivalsMs: readonly number[], options: ShareOptions): Share {
  const { limit, windowMs, roundTripMs, tail } = options;
  const windows = Math.floor((arrivalsMs.length - tail - 1) / limit);
  if (windows < 1) throw new RangeError(`${arrivalsMs.length} arrivals are too few for windows of ${limit} requests`);
  const requests = windows * limit;
  const seconds = (arrivalsMs[requests]! - arrivalsMs[0]!) / 1_000;
  return { used: requests / seconds, possible: (limit * 1_000) / (windowMs + roundTripMs), requests };
}
