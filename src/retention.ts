/** The schedule that has what is over its time deleted (workflows/retention.ts). */
import { ScheduleAlreadyRunning, ScheduleOverlapPolicy, type Client, type ScheduleOptions } from '@temporalio/client';
import type { Config } from './config/schema.js';

/** Names the schedule: one for each installation, which its task queue tells from others in the namespace. */
export function retentionScheduleId(taskQueue: string): string {
  return `retention/${taskQueue}`;
}

/**
 * Creates the schedule, or brings it up to date. Repeatable; each worker does it when it starts. Whether somebody paused it stays as it is.
 */
export async function scheduleRetention(
  client: Client,
  {
    temporal: { taskQueue },
    retention,
  }: Pick<Config, 'retention'> & { readonly temporal: { readonly taskQueue: string } },
): Promise<void> {
  const scheduleId = retentionScheduleId(taskQueue);
  const options = {
    spec: { intervals: [{ every: retention.everyHours * 3_600_000 }] },
    policies: {
      // One at a time is enough, and the next finds what this one left.
      overlap: ScheduleOverlapPolicy.SKIP,
      // A machine that was off at the time does it when it is back.
      catchupWindow: '1 day',
    },
    action: { type: 'startWorkflow', workflowType: 'retention', workflowId: scheduleId, taskQueue, args: [] },
  } as const satisfies Omit<ScheduleOptions, 'scheduleId'>;
  try {
    await client.schedule.create({ scheduleId, ...options });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    await client.schedule.getHandle(scheduleId).update(({ state }) => ({ ...options, state }));
  }
}
