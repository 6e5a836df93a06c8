import { settleCreations } from '../src/link/settleCreations.js';
import { type Dependencies, scopeOfBulk } from './dependencies.js';
import { withHeartbeat } from './attempts.js';

/** After a new scan: recognises creations whose answer never came; the others are sent again, or become cases when we give up. */
export const settleIntents =
  ({ sql, claims, connection }: Dependencies) =>
  async (input: {
    connectionId: string;
    planId: number;
    giveUp: boolean;
  }): Promise<{ recognised: number; reopened: number }> =>
    await withHeartbeat(
      async () => await settleCreations({ sql, claims, connection: await connection(scopeOfBulk(input)) }, input),
    );
