/**
 * `retention`: deletes what is over its time, once. A schedule starts it (src/retention.ts). It takes no input: what is kept for how long
 * says the worker's configuration, so anyone who starts it can do no more than what is due anyway.
 */
import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/index.js';

const { deleteExpired } = proxyActivities<Activities>({
  // Within the schedule's own pause; whether the worker lives, its heartbeats tell.
  startToCloseTimeout: '6 hours',
  heartbeatTimeout: '1 minute',
  retry: { initialInterval: '10 seconds', maximumInterval: '10 minutes' },
});

/** @returns rows deleted, by kind of data */
export async function retention(): Promise<Readonly<Record<string, number>>> {
  return await deleteExpired();
}
