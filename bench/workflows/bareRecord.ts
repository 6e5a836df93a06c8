/**
 * The floor of the live lines: what Temporal itself costs for a workflow that is started by a signal, runs so many activities one after
 * the other, and ends. They do nothing, so all that is left is the server and the SDK.
 */
import { condition, defineSignal, proxyActivities, setHandler, sleep } from '@temporalio/workflow';

export interface BareActivities {
  nothing(): Promise<void>;
}

export interface BareRecordInput {
  readonly activities: number;
  /** It stays for so long after the last, as `syncRecord` lingers; 0: it ends at once. */
  readonly lingerMs: number;
}

export const wakeSignal = defineSignal('wake');

const { nothing } = proxyActivities<BareActivities>({ startToCloseTimeout: '2 minutes' });

export async function bareRecord({ activities, lingerMs }: BareRecordInput): Promise<void> {
  let woken = false;
  setHandler(wakeSignal, () => {
    woken = true;
  });
  await condition(() => woken);
  for (let nth = 0; nth < activities; nth += 1) await nothing();
  if (lingerMs > 0) await sleep(lingerMs);
}
