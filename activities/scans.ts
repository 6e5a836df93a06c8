import type { SystemName } from '../src/core/record.js';
import { endScan as storeEnd, openScan as storeOpen } from '../src/store/scans.js';
import { scopeOfBulk, type Dependencies } from './dependencies.js';

/** Opens a scan, or finds the one that an earlier attempt opened; returns its id. */
export const openScan =
  ({ sql, connection }: Dependencies) =>
  async (input: { connectionId: string; system: SystemName; runId: string }): Promise<number> => {
    const scope = scopeOfBulk(input);
    await connection(scope);
    return await storeOpen(sql, scope, input.system, input.runId);
  };

export const endScan =
  ({ sql }: Dependencies) =>
  async (input: { scanId: number; status: 'complete' | 'failed' }): Promise<void> => {
    await storeEnd(sql, input.scanId, input.status);
  };
