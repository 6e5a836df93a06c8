import { applyLocalItems } from '../src/link/applyItems.js';
import { scopeOfBulk, type Dependencies } from './dependencies.js';
import { withHeartbeat } from './heartbeat.js';

/** Applies what needs no request: links that agree, bases that move, questions. Set-wise; repeats safely. */
export const applyLocal =
  ({ sql, connection }: Dependencies) =>
  async (input: { connectionId: string; planId: number }): Promise<void> =>
    await withHeartbeat(
      async () =>
        await applyLocalItems({ sql, connection: await connection(scopeOfBulk(input)), planId: input.planId }),
    );
