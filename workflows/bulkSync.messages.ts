/**
 * The messages of the `bulkSync` workflow, defined once and imported on both sides: a message whose name has no handler is lost
 * without a word.
 *
 * What a person wants comes as an update, which answers: it is taken, or refused with a sentence. The signals of the same names do the
 * same for those who cannot wait for an answer; one that would be refused is logged and changes nothing.
 */
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { GuardTrip } from '../src/core/guard.js';
import type { PlanCost, PlanTotals } from '../src/core/plan.js';
import type { ScanState } from '../src/core/scan.js';
import type { SystemName } from '../src/core/record.js';
import type { BulkRunState } from './bulkRun.js';

export interface BulkSyncInput {
  readonly connectionId: string;
  /**
   * False: a person is asked in spite of the connection's `bulk.autoApprove`. There is no `true`: anyone who can start a workflow must not be
   * able to approve its plan with it. To approve without asking is the configuration's, or the update `approve`'s.
   */
  readonly autoApprove?: false;
  /** The staged export of members (store/exports.ts) that is Yapla's list in this run; left out: its API is asked. */
  readonly fileId?: number;
  /** Set by continue-as-new: everything that the run before knew. */
  readonly carried?: BulkRunState;
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
 * Why a lane of the work does not go on:
 * - `paused`: by a person, until `resume`;
 * - `waitingForBudget`: a credential's quota is spent; goes on by itself at `until`, or looks again after `resume`;
 * - `stopped`: a system refuses us, or answers what we cannot read; goes on after `resume`.
 */
export type Hold =
  | { readonly kind: 'paused' }
  | { readonly kind: 'waitingForBudget'; readonly until: string; readonly reason: string }
  | { readonly kind: 'stopped'; readonly failure: string; readonly reason: string };

/** `running`: nothing holds it. */
export type BulkState = { readonly kind: 'running' } | Hold;

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

/**
 * Who decided about a plan. Of a person the history has no name: `person` is the id of the row in Postgres (`audit`) that has it;
 * null where a message named none, as one that was sent by Temporal's own tools.
 */
export type Decider = { readonly person: number | null } | { readonly rule: 'autoApprove' | 'nothingToApprove' };

export interface DecisionOnPlan {
  readonly verb: 'approve' | 'reject';
  readonly by: Decider;
}

export interface BulkProgress {
  readonly connectionId: string;
  readonly phase: BulkPhase;
  /** The worst of `lanes`: one that needs a person goes before one that only needs time. */
  readonly state: BulkState;
  /** What each lane waits for that does not go on; the others are left out. A system's name while scanning, else `1`, `2` …. */
  readonly lanes: Readonly<Record<string, Hold>>;
  readonly scans: Readonly<Record<SystemName, ScanState | null>>;
  readonly plan: PlanSummary | null;
  readonly applied: ApplyCounts;
  readonly decision: DecisionOnPlan | null;
  /** Linked people that still differ after applying, open cases apart; null before verification. */
  readonly differences: number | null;
}

/**
 * - `expired`: the plan waited for longer than `bulk.maxPlanAgeMs`;
 * - `superseded`: a newer bulk sync was started while the plan waited;
 * - `notConfigured`: the configuration does not have the connection any more. What is left to do stays in the database.
 */
export type BulkOutcome = 'applied' | 'rejected' | 'cancelled' | 'expired' | 'superseded' | 'notConfigured';

export interface BulkSyncResult {
  readonly outcome: BulkOutcome;
  readonly plan: number | null;
  readonly applied: ApplyCounts;
  readonly differences: number | null;
}

export interface PlanMessage {
  /** The plan's number, so that a late decision cannot hit another plan. */
  readonly plan: number;
  /** Id of the row in Postgres that says who decides (`audit`). */
  readonly decision?: number;
}

/** Type of the failure with which an update is refused; its message is a sentence for the person, its first detail a {@link Refusal}. */
export const refusedType = 'Refused';

/** Why a message is not taken. */
export interface Refusal {
  readonly code:
    | 'noPlan'
    | 'otherPlan'
    | 'approved'
    | 'rejected'
    | 'cancelled'
    | 'expired'
    | 'superseded'
    | 'notConfigured'
    | 'pausedBefore'
    | 'nothingToResume'
    | 'ending'
    | 'underWay';
  readonly text: string;
}

export const approveUpdate = defineUpdate<undefined, [PlanMessage]>('approve');
export const rejectUpdate = defineUpdate<undefined, [PlanMessage]>('reject');
export const pauseUpdate = defineUpdate<undefined>('pause');
/** What a `resume` has done already. */
export interface ResumeMessage {
  /** Anyone who sends it lifted the stops that it names: none else is lifted. */
  readonly lifted: true;
}

/** Ends a pause, and a stop: the connection's stops are lifted and the step that failed is repeated. */
export const resumeUpdate = defineUpdate<undefined>('resume');
/** The same update, from anyone who lifted what it names. */
export const resumeLiftedUpdate = defineUpdate<undefined, [ResumeMessage | undefined]>('resume');
/** Stops for good: what is under way is finished, the rest of the plan is left. */
export const cancelUpdate = defineUpdate<undefined>('cancel');
/** A newer bulk sync is to be started: one whose plan waits for approval ends, any other goes on and refuses. */
export const supersedeUpdate = defineUpdate<undefined>('supersede');

export const approveSignal = defineSignal<[PlanMessage]>('approve');
export const rejectSignal = defineSignal<[PlanMessage]>('reject');
export const pauseSignal = defineSignal('pause');
export const resumeSignal = defineSignal('resume');
export const cancelSignal = defineSignal('cancel');

export const progressQuery = defineQuery<BulkProgress>('progress');

/** The workflow's id: one bulk sync at a time for each connection. */
export function bulkSyncId(connectionId: string): string {
  return `bulk/${connectionId}`;
}
