/** Where a system's webhooks go, and what goes wrong on the way. Left alone, nothing is sent, and what is sent arrives once and in order. */
import { z } from 'zod';
import type { SystemName } from '../../core/record.js';

/** The user's definition in Yapla, the vendor's entry for a team in Yoplanning. */
export const webhookTargetSchema = z.strictObject({
  /** Receives every event of the system as a `POST` of JSON. */
  url: z.url({ protocol: /^https?$/ }),
  /** Sent with each delivery, for receivers that ask for a secret in a header. */
  headers: z.record(z.string(), z.string()).default({}),
  /** A delivery that is not answered by then has failed. */
  timeoutMs: z.number().int().positive().default(5_000),
  /** Further attempts after a failed one. Neither vendor documents any. */
  retries: z.number().int().nonnegative().default(0),
  retryDelayMs: z.number().int().nonnegative().default(1_000),
  /** Deliveries under way at once; with 1 each waits for the answer to the one before, so they arrive in the order of the changes. */
  parallel: z.number().int().positive().default(1),
});

/** Which events a fault strikes: a share of them, drawn by lot, or every nth. */
const lot = z.union([z.number().min(0).max(1), z.strictObject({ every: z.number().int().positive() })]);

/** So many earlier versions of a record are kept for stale bodies. */
export const keptVersions = 8;

const faults = {
  seed: z.number().int().default(1),
  /** Never sent. */
  drop: lot.default(0),
  /** Sent twice. */
  duplicate: lot.default(0),
  /** Sent, and answered, before the answer of the write that caused it leaves; strikes writes through the API only. */
  early: lot.default(0),
  /** Which events wait `delayMs`, and up to `delayJitterMs` longer; the others overtake them. */
  delayed: lot.default(1),
  delayMs: z.number().nonnegative().default(0),
  delayJitterMs: z.number().nonnegative().default(0),
  /** So many deliveries are gathered, for `waitMs` at the longest, and leave in another order than they came. */
  reorder: z
    .strictObject({ window: z.number().int().min(2), waitMs: z.number().int().nonnegative().default(100) })
    .nullable()
    .default(null),
};

/** By system: a Yoplanning webhook has no content, so it cannot be stale. */
export const webhookFaultsSchemas = {
  yapla: z.strictObject({
    ...faults,
    /** Sent with the member as it was `staleVersions` changes before. Strikes nothing that is not there: a creation has no version before it. */
    stale: lot.default(0),
    staleVersions: z.number().int().min(1).max(keptVersions).default(1),
  }),
  yoplanning: z.strictObject(faults),
} as const satisfies Record<SystemName, z.ZodType>;

export type Lot = z.output<typeof lot>;
export type WebhookTarget = z.input<typeof webhookTargetSchema>;
export type ResolvedWebhookTarget = z.output<typeof webhookTargetSchema>;
/** What may be set for each system. */
export type WebhookFaults = { readonly [S in SystemName]: z.input<(typeof webhookFaultsSchemas)[S]> };
/** What both systems' faults come to; `stale` never falls for Yoplanning. */
export type ResolvedWebhookFaults = z.output<(typeof webhookFaultsSchemas)['yapla']>;

/** What became of one system's events. Once nothing is pending, `delivered + failed` is `emitted - dropped + duplicated`. */
export interface WebhookCounts {
  /** Changes that happened while a target was set. */
  readonly emitted: number;
  /** Deliveries that were answered with 2xx. */
  readonly delivered: number;
  /** Deliveries given up: refused, unanswered, or not connected, retries included. */
  readonly failed: number;
  /** What the faults struck. */
  readonly dropped: number;
  readonly duplicated: number;
  readonly early: number;
  readonly stale: number;
  readonly delayed: number;
  readonly reordered: number;
  /** Deliveries that wait to be sent or answered. */
  readonly pending: number;
  /** Status (`404`) or error code (`ECONNREFUSED`) of the last failed attempt. */
  readonly lastFailure: string | null;
}
