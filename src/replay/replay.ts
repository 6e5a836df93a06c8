/** Runs a recorded history through today's workflow code. Nothing is sent anywhere: activities are not run, their recorded results are used. */
import { fileURLToPath } from 'node:url';
import type { History } from '@temporalio/common/lib/proto-utils.js';
import { ReplayError, Worker, type InjectedSinks, type WorkflowBundleOption } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import type { Command } from './commands.js';
import { readHistory } from './history.js';
import type { ReplaySinks } from './interceptors.js';
import { verdictOf, type ReplayEnd, type Verdict } from './verdict.js';

/** To be bundled with the workflows that are replayed: see `bundleWorkflows`. */
export const replayInterceptors = fileURLToPath(new URL('./interceptors.ts', import.meta.url));

/**
 * @param workflowBundle bundled with {@link replayInterceptors}
 * @throws {UnreadableHistory} see readHistory
 */
export async function replayHistory(history: History, workflowBundle: WorkflowBundleOption): Promise<Verdict> {
  const recorded = readHistory(history);
  const asked: Command[] = [];
  const sinks: InjectedSinks<ReplaySinks> = {
    replay: { asked: { fn: (_, command) => void asked.push(command), callDuringReplay: true } },
  };
  const end = await endOf(() =>
    Worker.runReplayHistory({ workflowBundle, sinks }, history, recorded.workflowId ?? undefined),
  );
  return verdictOf(recorded, asked, end);
}

async function endOf(replay: () => Promise<void>): Promise<ReplayEnd> {
  try {
    await replay();
    return { kind: 'completed' };
  } catch (error) {
    if (error instanceof DeterminismViolationError) return { kind: 'nondeterminism', message: error.message };
    if (error instanceof ReplayError) return { kind: 'failure', message: error.message };
    throw error;
  }
}
