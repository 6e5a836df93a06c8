/** Signs of life of an activity, while it works. */
import { activityInfo, heartbeat } from '@temporalio/activity';

/**
 * Heartbeats several times within the activity's own heartbeat time-out, until `work` ends.
 *
 * @param first `at once`: so that a pause or a cancel that came before reaches it; `later`: what is over sooner costs the server nothing
 */
export async function withHeartbeat<T>(
  work: () => Promise<T>,
  { first = 'at once' }: { readonly first?: 'at once' | 'later' } = {},
): Promise<T> {
  const timeoutMs = activityInfo().heartbeatTimeoutMs;
  if (timeoutMs === undefined) return await work();
  if (first === 'at once') heartbeat();
  const timer = setInterval(() => heartbeat(), Math.max(timeoutMs / 4, 50));
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}
