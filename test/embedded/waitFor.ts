import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until a state is reached, and fails with its name if that takes longer than a machine under load may need. */
export async function waitFor(
  state: string,
  reached: () => boolean | Promise<boolean>,
  timeoutMs = 30_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await reached())) {
    if (Date.now() > deadline) throw new Error(`not reached within ${timeoutMs} ms: ${state}`);
    await sleep(20);
  }
}
