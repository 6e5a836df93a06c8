import { activityInfo } from '@temporalio/activity';
import type { LiveDecision } from '../src/core/live.js';
import { applyDecision as apply, type AppliedDecision } from '../src/sync/applyDecision.js';
import type { Dependencies } from './dependencies.js';
import { withHeartbeat } from './heartbeat.js';
import { LocalAttempts, patienceMs } from './localAttempts.js';

export type { AppliedDecision };

export interface ApplyDecisionInput {
  readonly connectionId: string;
  readonly linkId: string;
  readonly decision: LiveDecision;
  /** `seen` of the view that was decided on. */
  readonly seen: string;
  /**
   * The same at every attempt, local or not, and of no other application: by it the journal knows a repeated write. Left out by workflows
   * that were started before they named it: the activity's own id names it.
   */
  readonly writeId?: string;
}

/** Carries out what the workflow decided, if the link still is as it was; returns how it stands now. */
export const applyDecision = ({ keyedSql, claims, configured }: Dependencies) => {
  const localAttempts = new LocalAttempts<AppliedDecision>();
  return async (input: ApplyDecisionInput): Promise<AppliedDecision> => {
    const { activityId, workflowExecution } = activityInfo();
    const writeId = input.writeId ?? `live/${workflowExecution?.runId ?? 'none'}/${activityId}`;
    const connection = await configured(input.connectionId);
    const applying = { ...input, sql: keyedSql, claims, connection, writeId, patienceMs: patienceMs() };
    return await localAttempts.join(writeId, () => withHeartbeat(() => apply(applying), { first: 'later' }));
  };
};
