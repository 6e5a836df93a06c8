/** One bulk sync, in the parts that are measured. */
import { setTimeout as sleep } from 'node:timers/promises';
import { startBulkSync, type BulkSyncHandle } from '../src/bulk.js';
import { approveSignal, progressQuery, type BulkSyncResult, type PlanSummary } from '../workflows/bulkSync.messages.js';
import type { Passerelle } from './stage.js';

/** The bulk sync did not come to the end that a bench measures. */
export class BulkWentWrong extends Error {
  override readonly name = 'BulkWentWrong';
}

const pollMs = 100;

/** Runs up to the plan, which then waits for approval. @throws {BulkWentWrong} when there is nothing to approve */
export async function planBulk(
  passerelle: Passerelle,
): Promise<{ readonly handle: BulkSyncHandle; readonly plan: PlanSummary }> {
  const { stage, taskQueue, connectionId } = passerelle;
  const handle = await startBulkSync(stage.client, taskQueue, { connectionId, autoApprove: false });
  for (;;) {
    const { phase, plan, state } = await handle.query(progressQuery);
    if (phase === 'waitingForApproval' && plan !== null) return { handle, plan };
    if (phase === 'ended' || state.kind === 'stopped')
      throw new BulkWentWrong(`expected a plan that waits, found ${phase} (${state.kind})`);
    await sleep(pollMs);
  }
}

/** Approves and waits for the end; it must leave no difference behind. @throws {BulkWentWrong} */
export async function applyBulk(handle: BulkSyncHandle, plan: PlanSummary): Promise<BulkSyncResult> {
  await handle.signal(approveSignal, { plan: plan.number });
  return proven(await handle.result());
}

/** Runs it all without asking, as the stage's configuration says. @throws {BulkWentWrong} */
export async function runBulk(
  passerelle: Passerelle,
): Promise<{ readonly seconds: number; readonly result: BulkSyncResult }> {
  const { stage, taskQueue, connectionId } = passerelle;
  const began = performance.now();
  const handle = await startBulkSync(stage.client, taskQueue, { connectionId });
  const result = proven(await handle.result());
  return { seconds: (performance.now() - began) / 1_000, result };
}

function proven(result: BulkSyncResult): BulkSyncResult {
  if (result.outcome !== 'applied' || result.differences !== 0) {
    throw new BulkWentWrong(`the bulk sync ended as ${result.outcome} with ${result.differences} differences`);
  }
  return result;
}
