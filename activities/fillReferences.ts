import { cancellationSignal } from '@temporalio/activity';
import { fillReferences as fill, type References } from '../src/link/fillReferences.js';
import { type Dependencies, scopeOfBulk } from './dependencies.js';
import { withHeartbeat } from './attempts.js';

/** Stores ids in linked records that carry none, from what the day's quota has left over; returns how many, and how many failed. */
export const fillReferences =
  ({ sql, claims, connection }: Dependencies) =>
  async (input: { connectionId: string }): Promise<References> =>
    await withHeartbeat(async () => {
      const signal = cancellationSignal();
      const references = await fill({
        sql,
        claims,
        connection: await connection(scopeOfBulk(input)),
        cancelled: () => signal.aborted,
      });
      signal.throwIfAborted();
      return references;
    });
