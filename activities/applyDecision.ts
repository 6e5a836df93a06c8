import type { Scope } from '../src/core/record.js';
import { activityInfo } from '@temporalio/activity';
import type { LiveDecision } from '../src/core/live.js';
import { type AppliedDecision as Applied, applyDecision as apply } from '../src/link/carryOut.js';
import { type AttemptInput, attemptPatienceMs, isLastTry, LocalAttempts, withHeartbeat } from './attempts.js';
import type { Dependencies } from './dependencies.js';

export interface AppliedDecision extends Applied {
  /** What was carried out, of a local attempt: the history has no input of those, and a replay must find the decision in it. */
  readonly decision?: LiveDecision;
}

/** The scope, and what of it. */
export interface ApplyDecisionInput extends Scope, AttemptInput {
  readonly linkId: string;
  readonly decision: LiveDecision;
  /** Of the view that was decided on. */
  readonly version: number;
  /** The same at every attempt, local or not, and of no other application: by it the journal knows a repeated write. */
  readonly writeId: string;
}

/** Carries out what the workflow decided, if the link still is as it was; returns how it stands now. */
export const applyDecision = ({ keyedSql, claims, configured }: Dependencies) => {
  const localAttempts = new LocalAttempts<Applied>();
  return async (input: ApplyDecisionInput): Promise<AppliedDecision> => {
    const connection = await configured({ connectionId: input.connectionId, kind: input.kind });
    const patienceMs = attemptPatienceMs(connection);
    const applying = { ...input, sql: keyedSql, claims, connection, patienceMs, isLastTry: isLastTry() };
    const applied = await localAttempts.join(input.writeId, () =>
      withHeartbeat(() => apply(applying), { first: 'later' }),
    );
    return activityInfo().isLocal ? { ...applied, decision: input.decision } : applied;
  };
};
