import { systemNames, type SystemName } from '../src/core/record.js';
import { closeGuardCases } from '../src/cases/guard.js';
import { openIntents } from '../src/store/intents.js';
import { dropProposals } from '../src/store/links.js';
import { approvePlan, deciderOf, draftPlan as storeDraft, endPlan, type PlanEnd } from '../src/store/plans.js';
import { endedItems } from '../src/store/planItems.js';
import type { Sql } from '../src/store/database.js';
import type { Decider } from '../workflows/bulkSync.messages.js';
import type { ChunkCounts } from './applyItems.js';
import { scopeOfBulk, type Dependencies } from './dependencies.js';

/** Opens the run's plan, empty. */
export const draftPlan =
  ({ sql }: Dependencies) =>
  async (input: { connectionId: string; runId: string }): Promise<{ id: number; number: number }> =>
    await storeDraft(sql, scopeOfBulk(input), input.runId);

/** Moves the plan on; proposals of one that is not applied are forgotten. */
export const markPlan =
  ({ sql }: Dependencies) =>
  async (input: {
    connectionId: string;
    planId: number;
    status: 'approved' | PlanEnd;
    /** Who decided; left out where nobody did. */
    by?: Decider;
  }): Promise<void> => {
    const by = input.by === undefined ? null : await nameOf(sql, input.planId, input.by);
    if (input.status === 'approved') await approvePlan(sql, scopeOfBulk(input), input.planId, by);
    else await endPlan(sql, input.planId, input.status);
    // Approved, rejected or over: the guard's question has its answer.
    await closeGuardCases(sql, scopeOfBulk(input), input.planId, by ?? input.status);
    if (input.status !== 'approved' && input.status !== 'applied')
      await dropProposals(sql, scopeOfBulk(input), input.planId);
  };

const rules: Readonly<Record<Extract<Decider, { rule: unknown }>['rule'], string>> = {
  autoApprove: 'rule: autoApprove',
  nothingToApprove: 'nothing to approve',
};

async function nameOf(sql: Sql, planId: number, by: Decider): Promise<string> {
  if ('rule' in by) return rules[by.rule];
  const name = by.person === null ? null : await deciderOf(sql, planId, by.person);
  return name ?? 'a message to Temporal that named nobody';
}

/** Systems in which creations were sent whose effect is unknown. Those in an import file are its workflow's: weeks may pass. */
export const countUnsettled =
  ({ sql }: Dependencies) =>
  async (input: { connectionId: string }): Promise<{ open: SystemName[] }> => {
    const intents = (await openIntents(sql, scopeOfBulk(input), 'all')).filter(({ awaitsImport }) => !awaitsImport);
    return { open: systemNames.filter((system) => intents.some((intent) => intent.system === system)) };
  };

/** How all of the plan's remote items ended. */
export const countOutcomes =
  ({ sql }: Dependencies) =>
  async ({ planId, items }: { planId: number; items: number }): Promise<ChunkCounts> => {
    const outcomes = await endedItems(sql, planId, 'remote', 1, items + 1);
    return { outcomes, ended: Object.values(outcomes).reduce((sum, n) => sum + n, 0) };
  };
