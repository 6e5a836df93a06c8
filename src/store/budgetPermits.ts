/** Who asks, first in line first: a person's change before a person's review before a bulk sync before housekeeping. */
export const lanes = ['live', 'review', 'bulk', 'idle'] as const;
export type Lane = (typeof lanes)[number];

/** Who asks for permits. `record` is an id, `purpose` groups requests in the log; `signal` ends the waiting. */
export interface PermitAsk {
  readonly lane: Lane;
  readonly purpose: string;
  readonly record?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The right to send one request. To be given back by exactly one of `answered` and `release`. */
export interface Permit {
  /** Id of its row in `request_log`. */
  readonly id: number;
  /** How long a request may still be under way on this permit; nothing may be sent at 0 or less. */
  remainingMs(): number;
}

export interface PermitAnswer {
  /** HTTP status; null: no answer came. */
  readonly status: number | null;
  readonly method: string;
  /** What kind of request it was, without ids, for the request log: `GET /teams/{team}/clients`. */
  readonly kind: string;
  /** True when it was cut off, so that it may reach the server later: it then counts for `lateArrivalMs` longer. */
  readonly mayStillArrive?: boolean;
}
