import { activityInfo } from '@temporalio/activity';
import type { LiveDecision } from '../src/core/live.js';
import { applyDecision as apply, type AppliedDecision } from '../src/sync/applyDecision.js';
import type { Dependencies } from './dependencies.js';
import { withHeartbeat } from './heartbeat.js';

export type { AppliedDecision };

export interface ApplyDecisionInput {
  readonly connectionId: string;
  readonly linkId: string;
  readonly decision: LiveDecision;
  /** `seen` of the view that was decided on. */
  readonly seen: string;
}

/** Carries out what the workflow decided, if the link still is as it was; returns how it stands now. */
export const applyDecision =
  ({ keyedSql, claims, configured }: Dependencies) =>
  async (input: ApplyDecisionInput): Promise<AppliedDecision> => {
    const { activityId, attempt, workflowExecution } = activityInfo();
    // The same at every attempt, and of no other write: by it the journal knows a repeated write.
    const writeId = `live/${workflowExecution?.runId ?? 'none'}/${activityId}`;
    const connection = await configured(input.connectionId);
    const applying = { ...input, sql: keyedSql, claims, connection, writeId, isRepeated: attempt > 1 };
    return await withHeartbeat(() => apply(applying), { first: 'later' });
  };
