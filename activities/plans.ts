import { systemNames, type SystemName } from '../src/core/record.js';
import { closeGuardCases } from '../src/cases/guard.js';
import { openIntents } from '../src/store/intents.js';
import { dropProposals } from '../src/store/links.js';
import { approvePlan, draftPlan as storeDraft, endPlan } from '../src/store/plans.js';
import { endedItems } from '../src/store/planItems.js';
import type { ChunkCounts } from './applyChunk.js';
import type { Dependencies } from './dependencies.js';

/** Opens the run's plan, empty. */
export const draftPlan =
  ({ sql }: Dependencies) =>
  async (input: { connectionId: string; runId: string }): Promise<{ id: number; number: number }> =>
    await storeDraft(sql, input.connectionId, input.runId);

/** Moves the plan on; proposals of one that is not applied are forgotten. */
export const markPlan =
  ({ sql }: Dependencies) =>
  async (input: {
    connectionId: string;
    planId: number;
    status: 'approved' | 'applied' | 'rejected' | 'cancelled';
    by?: string;
  }): Promise<void> => {
    if (input.status === 'approved') await approvePlan(sql, input.connectionId, input.planId, input.by ?? null);
    else await endPlan(sql, input.planId, input.status);
    // Approved, rejected or over: the guard's question has its answer.
    await closeGuardCases(sql, input.connectionId, input.planId, input.by ?? input.status);
    if (input.status === 'rejected' || input.status === 'cancelled')
      await dropProposals(sql, input.connectionId, input.planId);
  };

/** Systems in which creations were sent whose effect is unknown. */
export const countUnsettled =
  ({ sql }: Dependencies) =>
  async (input: { connectionId: string }): Promise<{ open: SystemName[] }> => {
    const intents = await openIntents(sql, input.connectionId, 'all');
    return { open: systemNames.filter((system) => intents.some((intent) => intent.system === system)) };
  };

/** How all of the plan's remote items ended. */
export const countOutcomes =
  ({ sql }: Dependencies) =>
  async ({ planId, items }: { planId: number; items: number }): Promise<ChunkCounts> => {
    const outcomes = await endedItems(sql, planId, 'remote', 1, items + 1);
    return { outcomes, ended: Object.values(outcomes).reduce((sum, n) => sum + n, 0) };
  };
