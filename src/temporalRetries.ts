/**
 * The SDK's own way to repeat a call that failed, which ends with its connection. By itself it repeats a call that fails because its
 * connection is closed, too, and does so from a timer: what it meets there, a channel that is gone, nobody catches, and the process dies of it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { defaultGrpcRetryOptions, type GrpcRetryOptions } from '@temporalio/client';

export interface Retries {
  readonly options: GrpcRetryOptions;
  /** To be awaited before the channel is closed: what is due is sent, and nothing is repeated any more. */
  end(): Promise<void>;
}

/** A timer may fire a moment late. */
const timerSlackMs = 20;

/** One for each connection. */
export function retriesUntilClosed(defaults: GrpcRetryOptions = defaultGrpcRetryOptions()): Retries {
  let isEnding = false;
  let dueAt = 0;
  return {
    options: {
      delayFunction: (attempt, status) => {
        const delayMs = defaults.delayFunction(attempt, status);
        dueAt = Math.max(dueAt, Date.now() + delayMs);
        return delayMs;
      },
      retryableDecider: (attempt, status) => !isEnding && defaults.retryableDecider(attempt, status),
    },
    end: async () => {
      isEnding = true;
      const waitMs = dueAt - Date.now();
      if (waitMs > 0) await sleep(waitMs + timerSlackMs);
    },
  };
}
