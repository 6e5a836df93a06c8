import { activityInfo } from '@temporalio/activity';
import { systemNames } from '../src/core/record.js';
import { scopeOfBulk, type Dependencies } from './dependencies.js';

/**
 * A person says, in Temporal itself, that what stopped the connection is mended: its stops are lifted, but for those that were set since.
 * (`passerelle resume` lifts them itself.)
 */
export const liftStops =
  ({ connection }: Dependencies) =>
  async (input: { connectionId: string }): Promise<void> => {
    const { budgets } = await connection(scopeOfBulk(input));
    for (const system of systemNames) await budgets[system].resume(activityInfo().scheduledTimestampMs);
  };
