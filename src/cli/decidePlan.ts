/** Approving and rejecting a plan: says what became of it, which somebody else may have decided already. */
import type { WorkflowHandle } from '@temporalio/client';
import type { PlanStatus } from '../store/plans.js';
import { approveSignal, progressQuery, rejectSignal, type BulkProgress } from '../../workflows/bulkSync.messages.js';
import { UsageError } from './program.js';

export interface PlanDecision {
  readonly handle: Pick<WorkflowHandle, 'query' | 'signal'>;
  readonly connectionId: string;
  /** The plan's number. */
  readonly plan: number;
  readonly verb: 'approve' | 'reject';
  /** Who decides. */
  readonly by: string;
  /** The plan's status in the store: says how a sync ended that nobody approved. */
  readonly storedStatus: () => Promise<PlanStatus | undefined>;
}

/**
 * Decides about the plan that waits. Repeatable: a plan that was decided the same way before is left as it is.
 *
 * @returns a line for the person
 * @throws {UsageError} it is not the plan that waits, or was decided the other way
 */
export async function decidePlan(decision: PlanDecision): Promise<string> {
  const { handle, plan, verb, by } = decision;
  const before = await handle.query(progressQuery);
  if (before.plan?.number !== plan) {
    throw new UsageError(
      `plan ${plan} is not the one that waits: ${before.plan === null ? 'there is none yet' : `that is ${before.plan.number}`}`,
    );
  }
  if (before.approvedBy !== null || before.phase === 'ended') return await decidedBefore(decision, before);
  await handle.signal(verb === 'approve' ? approveSignal : rejectSignal, { by, plan });
  // Somebody else may have been quicker: what counts is what the workflow made of it.
  const after = await handle.query(progressQuery);
  const taken = verb === 'approve' ? after.approvedBy === by : after.approvedBy === null;
  return taken ? `Plan ${plan}: ${past[verb]} by ${by}.` : await decidedBefore(decision, after);
}

const past = { approve: 'approved', reject: 'rejected' } as const;

async function decidedBefore(
  { connectionId, plan, verb, storedStatus }: PlanDecision,
  { approvedBy, phase }: BulkProgress,
): Promise<string> {
  if (approvedBy !== null) {
    if (verb === 'approve') return `Plan ${plan} was approved before, by ${approvedBy}: nothing was left to decide.`;
    const hint =
      phase === 'ended' ? 'its sync has ended' : `"passerelle cancel ${connectionId}" ends it after the people in hand`;
    throw new UsageError(`plan ${plan} was approved by ${approvedBy} and is not rejected any more: ${hint}`);
  }
  // A rejection is not yet in the store while its workflow is about to end.
  const cancelled = phase === 'ended' && (await storedStatus()) === 'cancelled';
  const how = cancelled ? 'cancelled' : 'rejected';
  if (verb === 'reject' && !cancelled) return `Plan ${plan} was rejected before: nothing was left to decide.`;
  throw new UsageError(
    `plan ${plan} was ${how} and is not ${past[verb]} any more: "passerelle sync ${connectionId}" makes a new one`,
  );
}
