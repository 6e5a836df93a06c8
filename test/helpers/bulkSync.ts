/** Waiting for states of a bulk sync, never for time. */
import type { BulkSyncHandle } from '../../src/bulk.js';
import { progressQuery, type BulkProgress } from '../../workflows/bulkSync.messages.js';
import { until as whenSeen } from './live.js';

/** As {@link whenSeen}, for what may take a whole bulk sync. */
export async function until<T>(ask: () => Promise<T>, holds: (value: T) => boolean, limitMs = 120_000): Promise<T> {
  return await whenSeen(ask, holds, limitMs);
}

export async function untilProgress(
  handle: BulkSyncHandle,
  holds: (progress: BulkProgress) => boolean,
): Promise<BulkProgress> {
  return await until(() => handle.query(progressQuery), holds);
}
