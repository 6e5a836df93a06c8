/** Waiting for states of a bulk sync, never for time. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { BulkSyncHandle } from '../../src/bulk.js';
import { progressQuery, type BulkProgress } from '../../workflows/bulkSync.messages.js';

/** Asks until `holds`. A test that waits in vain is ended by jest's time-out, and says what it saw last. */
export async function until<T>(ask: () => Promise<T>, holds: (value: T) => boolean, limitMs = 120_000): Promise<T> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const value = await ask();
    if (holds(value)) return value;
    if (Date.now() > deadline) throw new Error(`never came true; last seen: ${JSON.stringify(value)}`);
    await sleep(20);
  }
}

export async function untilProgress(
  handle: BulkSyncHandle,
  holds: (progress: BulkProgress) => boolean,
): Promise<BulkProgress> {
  return await until(() => handle.query(progressQuery), holds);
}
