import { systemNames } from '../src/core/record.js';
import { scopeOfBulk, type Dependencies } from './dependencies.js';

/** A person says that what stopped the connection is mended: its budgets open again. */
export const liftStops =
  ({ connection }: Dependencies) =>
  async (input: { connectionId: string }): Promise<void> => {
    const { budgets } = await connection(scopeOfBulk(input));
    for (const system of systemNames) await budgets[system].resume();
  };
