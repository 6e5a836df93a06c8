/** The messages of the `mirrorCatalogue` workflow, defined once and imported on both sides. They carry counts and times. */
import { defineQuery, defineSignal } from '@temporalio/workflow';

export interface MirrorCatalogueInput {
  readonly connectionId: string;
  /** Set by continue-as-new: everything that the run before knew. */
  readonly carried?: MirrorState;
}

/** Numbers of the configuration. */
export interface MirrorSettings {
  /** Between two turns. */
  readonly pauseMs: number;
  /** A wait for a budget that is longer than this is shown. */
  readonly shownWaitMs: number;
  /** After a refusal of the whole connection it looks by itself after so long, then after twice as long, up to the second. */
  readonly stoppedRetryMs: number;
  readonly maxStoppedRetryMs: number;
  readonly heartbeatTimeoutMs: number;
  readonly maxHistoryEvents: number;
}

/** What one turn did, as the activity says it. `isOver`: the connection mirrors nothing (any more). */
export type CatalogueTurn =
  { readonly isOver: true } | { readonly isOver: false; readonly turn: TurnCounts; readonly settings: MirrorSettings };

export interface TurnCounts {
  readonly requests: number;
  /** Requests of the last 24 hours. */
  readonly inDay: number;
  /** Products whose sessions were read, and those whose list failed. */
  readonly products: number;
  readonly failed: number;
  /** Products and sessions that are gone; registrations that were woken because there are places. */
  readonly gone: number;
  readonly woken: number;
  readonly known: number;
  /** Epoch milliseconds; null: the sessions of some product were not read yet. */
  readonly oldestReadAtMs: number | null;
}

/** What all turns of all runs did. */
export interface MirrorTotals {
  readonly turns: number;
  readonly requests: number;
  readonly products: number;
  readonly failed: number;
  readonly gone: number;
  readonly woken: number;
}

export interface MirrorState {
  readonly totals: MirrorTotals;
  readonly last: TurnCounts | null;
  readonly settings: MirrorSettings | null;
  /** Looks in vain, one behind the other, since it stopped. */
  readonly vainLooks: number;
  /** What the search attribute shows. */
  readonly shown: MirrorShown | null;
}

/** `stopped`: a system refuses the whole connection; `waitingForBudget`: for the quota, or for a time that the server named. */
export type MirrorShown = 'running' | 'stopped' | 'waitingForBudget';

export interface MirrorProgress {
  readonly state: MirrorShown;
  /** When it looks next, at the latest; ISO 8601 in UTC. Null: it is at work. */
  readonly until: string | null;
  /** Why it is stopped: the failure's type. */
  readonly failure: string | null;
  readonly last: TurnCounts | null;
  readonly totals: MirrorTotals;
}

/** What stopped the connection is mended, the budget may be open again, or the configuration is another: it looks at once. */
export const resumeMirrorSignal = defineSignal('resume');
export const mirrorProgressQuery = defineQuery<MirrorProgress>('progress');

/** The workflow's id: one for each connection. */
export function mirrorCatalogueId(connectionId: string): string {
  return `catalogue/${connectionId}`;
}
