/**
 * Loaded into a replayed workflow: tells what its code asks for. Asks for nothing itself, so it changes nothing. Imports only what exists
 * in a workflow.
 */
import { proxySinks, type Sinks, type WorkflowInterceptorsFactory } from '@temporalio/workflow';
import type { Command } from './commands.js';

export interface ReplaySinks extends Sinks {
  readonly replay: { asked(command: Command): void };
}

const { replay } = proxySinks<ReplaySinks>();

export const interceptors: WorkflowInterceptorsFactory = () => ({
  inbound: [
    {
      async execute(input, next) {
        const result = await next(input);
        replay.asked({ kind: 'complete', result });
        return result;
      },
    },
  ],
  outbound: [
    {
      scheduleActivity(input, next) {
        replay.asked({ kind: 'activity', name: input.activityType, input: input.args[0] });
        return next(input);
      },
      scheduleLocalActivity(input, next) {
        const { decision } = (input.args[0] ?? {}) as { decision?: unknown };
        replay.asked({
          kind: 'localActivity',
          name: input.activityType,
          ...(decision === undefined ? {} : { decision }),
        });
        return next(input);
      },
      startTimer(input, next) {
        replay.asked({ kind: 'timer', ms: Math.round(input.durationMs) });
        return next(input);
      },
      continueAsNew(input, next) {
        replay.asked({ kind: 'continueAsNew', input: input.args[0] });
        return next(input);
      },
    },
  ],
});
