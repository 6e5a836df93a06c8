/** Approving and rejecting a plan: notes who decides, tells the workflow, and says why it is not taken. */
import { personsOf } from '../core/record.js';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { BulkSyncRefuses, NoBulkSync, tellBulkSync } from '../bulk.js';
import { endDeed, type DeedOutcome } from '../store/audit.js';
import type { Sql } from '../store/database.js';
import { findPlan, notePlanDecision, type Plan, type PlanStatus } from '../store/plans.js';
import { approveUpdate, rejectUpdate } from '../../workflows/bulkSync.messages.js';
import { visible } from './visible.js';

export interface PlanDecision {
  readonly connectionId: string;
  /** The plan's number. */
  readonly plan: number;
  readonly verb: 'approve' | 'reject';
  /** Who decides. */
  readonly by: string;
  /** Notes who is about to decide. @returns the note's id; null: there is no such plan */
  readonly note: () => Promise<number | null>;
  /** Tells the workflow. @throws {BulkSyncRefuses} {@link NoBulkSync} */
  readonly tell: (decision: number) => Promise<void>;
  /** Notes what became of it. */
  readonly ended: (decision: number, outcome: DeedOutcome) => Promise<void>;
  /** The plan as the store has it by now. */
  readonly stored: () => Promise<Pick<Plan, 'status' | 'approvedBy'> | null>;
}

/** @param handle the bulk sync whose plan it is; its newest run where it does not matter */
export function planDecision(
  {
    client,
    sql,
    handle,
  }: { readonly client: Client; readonly sql: Sql; readonly handle: Pick<WorkflowHandle, 'executeUpdate'> },
  what: Pick<PlanDecision, 'connectionId' | 'plan' | 'verb' | 'by'>,
): PlanDecision {
  const { connectionId, plan, verb, by } = what;
  const update = verb === 'approve' ? approveUpdate : rejectUpdate;
  return {
    ...what,
    note: () => notePlanDecision(sql, personsOf(connectionId), plan, verb, by),
    tell: (decision) =>
      tellBulkSync(client, connectionId, () => handle.executeUpdate(update, { args: [{ plan, decision }] })),
    ended: (decision, outcome) => endDeed(sql, decision, outcome),
    stored: () => findPlan(sql, personsOf(connectionId), plan),
  };
}

/**
 * Decides about the plan that waits.
 *
 * @returns a line for the person
 * @throws {BulkSyncRefuses} with a sentence: it is not the plan that waits, or was decided before
 */
export async function decidePlan({
  connectionId,
  plan,
  verb,
  by,
  note,
  tell,
  ended,
  stored,
}: PlanDecision): Promise<string> {
  const decision = await note();
  if (decision === null) throw new BulkSyncRefuses('noPlan', `${connectionId} has no plan ${plan}`);
  try {
    await tell(decision);
  } catch (error) {
    const isRefusal = error instanceof BulkSyncRefuses;
    if (!isRefusal && !(error instanceof NoBulkSync)) throw error;
    await ended(decision, 'refused');
    const found = await stored();
    if (isRefusal) throw new BulkSyncRefuses(error.code, `${error.message}${approver(found)}`, { cause: error });
    const how = found === null ? 'belongs to a sync that runs no more' : ends[found.status];
    const anew = `"passerelle sync ${connectionId}" makes a new one`;
    const text = `plan ${plan} ${how}${approver(found)}, and is not ${past[verb]} any more: ${anew}`;
    throw new BulkSyncRefuses('ending', text, { cause: error });
  }
  await ended(decision, 'done');
  return `Plan ${plan}: ${past[verb]} by ${by}.`;
}

const past = { approve: 'approved', reject: 'rejected' } as const;

function approver(plan: Pick<Plan, 'approvedBy'> | null): string {
  return plan === null || plan.approvedBy === null ? '' : ` (approved by ${visible(plan.approvedBy)})`;
}

const runsNoMore = 'belongs to a sync that runs no more';

/** What became of a plan whose bulk sync has ended. */
const ends: Readonly<Record<PlanStatus, string>> = {
  drafting: runsNoMore,
  ready: runsNoMore,
  approved: runsNoMore,
  applied: 'was applied',
  rejected: 'was rejected',
  cancelled: 'was cancelled',
  expired: 'waited for longer than bulk.maxPlanAgeMs allows and has expired',
  superseded: 'was superseded by a newer sync',
  notConfigured: 'ended when its connection was taken out of the configuration',
};
