import { existsSync, readFileSync } from 'node:fs';
import type { History } from '@temporalio/common/lib/proto-utils.js';
import type { Command } from 'commander';
import type { Output } from './output.js';
import { CommandFailed, UsageError, type CommonOptions } from './program.js';
import { visible } from './visible.js';

interface ReplayOptions extends CommonOptions {
  readonly run?: string;
}

/** `passerelle replay`: would a recorded run go on under today's code, and what did it decide? Changes nothing anywhere. */
export function registerReplay(program: Command, output: Output): void {
  program
    .command('replay <workflow>')
    .description(
      'Run a recorded history through this code: what was decided, and whether a run of it would go on. Takes a workflow id, or a JSON file.',
    )
    .option('--run <id>', 'this run of the workflow; else the newest')
    .action(async (workflow: string, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<ReplayOptions>();
      const { knownWorkflowTypes, timelineOf } = await import('../replay/timeline.js');
      const { readHistory } = await import('../replay/history.js');
      const { timelineText, verdictText } = await import('./replayText.js');
      const history = await historyOf(workflow, options);
      const recorded = await asUsage(() => readHistory(history));
      if (!knownWorkflowTypes.includes(recorded.workflowType))
        throw new UsageError(
          `the history is of a workflow "${visible(recorded.workflowType)}"; this code has ${knownWorkflowTypes.join(', ')}`,
        );
      output.print(visible(`${recorded.workflowId ?? 'workflow of an unknown id'} (${recorded.workflowType})`));
      output.print(timelineText(timelineOf(recorded), output));
      output.print();
      const verdict = await replayed(history);
      output.print(verdictText(verdict, output));
      if (verdict.is !== 'deterministic') throw new CommandFailed(verdict.is);
    });
}

async function historyOf(workflow: string, options: ReplayOptions): Promise<History> {
  const isFile = existsSync(workflow);
  if (isFile && options.run !== undefined) throw new UsageError('--run goes with a workflow id, not with a file');
  if (!isFile && workflow.endsWith('.json')) throw new UsageError(`there is no file ${workflow}`);
  return isFile ? await historyInFile(workflow) : await historyOnServer(workflow, options);
}

async function historyInFile(file: string): Promise<History> {
  const { historyOfJson } = await import('../replay/history.js');
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new UsageError(`${file} holds no JSON`, { cause: error });
  }
  return await asUsage(() => historyOfJson(json));
}

/** gRPC's NOT_FOUND, and INVALID_ARGUMENT for a run that is no run's id. */
const unknownRun: readonly number[] = [5, 3];

async function historyOnServer(workflowId: string, { config: file, run }: ReplayOptions): Promise<History> {
  const { isGrpcServiceError } = await import('@temporalio/client');
  const { loadConfig } = await import('../config/load.js');
  const { openTemporal } = await import('./session.js');
  const { client, temporal } = await openTemporal(loadConfig(file));
  try {
    return await client.workflow.getHandle(workflowId, run).fetchHistory();
  } catch (error) {
    if (!isGrpcServiceError(error) || !unknownRun.includes(error.code)) throw error;
    const which = run === undefined ? '' : `, run ${run}`;
    throw new UsageError(
      `the server has no workflow ${workflowId}${which}: expected an id such as person/<connection>/<link> or bulk/<connection>, or a file. What has ended is kept as long as the namespace's retention says.`,
      { cause: error },
    );
  } finally {
    await temporal.close();
  }
}

async function replayed(history: History) {
  const { bundleWorkflows, installRuntime } = await import('../worker.js');
  const { replayHistory, replayInterceptors } = await import('../replay/replay.js');
  const { createLog } = await import('../log.js');
  // The SDK tells of a failed replay in its own words, on many lines; ours follow.
  installRuntime(createLog('silent'));
  return await replayHistory(history, await bundleWorkflows([replayInterceptors]));
}

/** What cannot be read is a mistake of the one who named it. */
async function asUsage<T>(read: () => T): Promise<T> {
  const { UnreadableHistory } = await import('../replay/history.js');
  try {
    return read();
  } catch (error) {
    if (error instanceof UnreadableHistory) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}
