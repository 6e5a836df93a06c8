import { cancellationSignal } from '@temporalio/activity';
import * as link from '../src/link/applyItems.js';
import { endedItems } from '../src/store/planItems.js';
import { succeeded, withHeartbeat } from './attempts.js';
import { type Dependencies, scopeOfBulk } from './dependencies.js';

export interface ChunkCounts {
  readonly ended: number;
  readonly outcomes: Readonly<Record<string, number>>;
  /** Why some are left that go to a system which takes no writes now. Left out: none is. */
  readonly writesStopped?: string;
}

/** Applies the plan's remote items with `from <= n < to`; ended ones are left as they are, so it repeats safely. */
export const applyItems =
  ({ sql, claims, connection }: Dependencies) =>
  async (input: { connectionId: string; planId: number; from: number; to: number }): Promise<ChunkCounts> =>
    await withHeartbeat(async () => {
      const { planId, from, to } = input;
      const signal = cancellationSignal();
      const stopped = await link.applyItems(
        {
          sql,
          claims,
          planId,
          connection: await connection(scopeOfBulk(input)),
          cancelled: () => signal.aborted,
          succeeded,
        },
        from,
        to,
      );
      signal.throwIfAborted();
      const outcomes = await endedItems(sql, planId, 'remote', from, to);
      return {
        outcomes,
        ended: Object.values(outcomes).reduce((sum, n) => sum + n, 0),
        ...(stopped === null ? {} : { writesStopped: stopped.message }),
      };
    });

/** Applies what needs no request: links that agree, bases that move, questions. Set-wise; repeats safely. */
export const applyLocalItems =
  ({ sql, connection }: Dependencies) =>
  async (input: { connectionId: string; planId: number }): Promise<void> =>
    await withHeartbeat(
      async () =>
        await link.applyLocalItems({ sql, connection: await connection(scopeOfBulk(input)), planId: input.planId }),
    );
