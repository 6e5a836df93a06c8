import { systemNames } from '../src/core/record.js';
import type { Dependencies } from './dependencies.js';

/** A person says that what stopped the connection is mended: its budgets open again. */
export const liftStops =
  ({ connection }: Dependencies) =>
  async ({ connectionId }: { connectionId: string }): Promise<void> => {
    const { budgets } = await connection(connectionId);
    for (const system of systemNames) await budgets[system].resume();
  };
