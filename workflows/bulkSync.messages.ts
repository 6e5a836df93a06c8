/**
 * The messages of the `bulkSync` workflow, defined once and imported on both sides: a signal whose name has no handler is lost
 * without a word.
 */
import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { GuardTrip } from '../src/core/guard.js';
import type { PlanCost, PlanTotals } from '../src/core/plan.js';
import type { ScanState } from '../src/core/scan.js';
import type { SystemName } from '../src/core/record.js';

export interface BulkSyncInput {
  readonly connectionId: string;
  /** Overrides the connection's `bulk.autoApprove` for this run. */
  readonly autoApprove?: boolean;
  /** Set by continue-as-new: everything that the run before knew. */
  readonly carried?: CarriedState;
}

export type BulkPhase =
  | 'preparing'
  | 'scanning'
  | 'matching'
  | 'planning'
  | 'waitingForApproval'
  | 'applying'
  | 'settling'
  | 'verifying'
  | 'storingReferences'
  | 'ended';

/**
 * - `running`: something is under way;
 * - `paused`: by signal, until `resume`;
 * - `waitingForBudget`: a credential's quota is spent; goes on by itself at `until`;
 * - `stopped`: a system refuses us, or answers what we cannot read; goes on after `resume`.
 */
export type BulkState =
  | { readonly kind: 'running' }
  | { readonly kind: 'paused' }
  | { readonly kind: 'waitingForBudget'; readonly until: string; readonly reason: string }
  | { readonly kind: 'stopped'; readonly failure: string; readonly reason: string };

export interface PlanSummary {
  readonly id: number;
  readonly number: number;
  readonly totals: PlanTotals;
  readonly cost: PlanCost;
  readonly guard: readonly GuardTrip[];
  /** People who differ in what may not be written. */
  readonly heldBack: number;
  /** Items that need requests; they are numbered from 1. */
  readonly remoteItems: number;
}

export interface ApplyCounts {
  /** Items of the remote part that are ended, by outcome. */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly ended: number;
}

export interface BulkProgress {
  readonly connectionId: string;
  readonly phase: BulkPhase;
  readonly state: BulkState;
  readonly scans: Readonly<Record<SystemName, ScanState | null>>;
  readonly plan: PlanSummary | null;
  readonly applied: ApplyCounts;
  readonly approvedBy: string | null;
  /** Linked people that still differ after applying, open cases apart; null before verification. */
  readonly differences: number | null;
}

export interface BulkSyncResult {
  readonly outcome: 'applied' | 'rejected' | 'cancelled';
  readonly plan: number | null;
  readonly applied: ApplyCounts;
  readonly differences: number | null;
}

export interface CarriedState {
  /** The first run's id: names the scans and the plan across continue-as-new. */
  readonly runId: string;
  readonly progress: BulkProgress;
  readonly scanIds: Readonly<Record<SystemName, number | null>>;
  /** First item of the next chunk. */
  readonly nextItem: number;
  readonly settleRounds: number;
  readonly paused: boolean;
  readonly rejected: boolean;
}

export interface Approval {
  /** Who approves: an account name or a role. Stands in the workflow's history. */
  readonly by: string;
  /** The plan's number, so that a late approval cannot hit another plan. */
  readonly plan: number;
}

export const approveSignal = defineSignal<[Approval]>('approve');
export const rejectSignal = defineSignal<[Approval]>('reject');
export const pauseSignal = defineSignal('pause');
/** Ends a pause, and lifts a stop: the connection's budget opens again and the step that failed is repeated. */
export const resumeSignal = defineSignal('resume');
/** Stops for good: what is under way is finished, the rest of the plan is left. */
export const cancelSignal = defineSignal('cancel');
export const progressQuery = defineQuery<BulkProgress>('progress');

/** The workflow's id: one bulk sync at a time for each connection. */
export function bulkSyncId(connectionId: string): string {
  return `bulk/${connectionId}`;
}
