/** Signs of life of an activity, while it works. */
import { activityInfo } from '@temporalio/activity';
import { signOfLife } from './attempts.js';

/**
 * Heartbeats several times within the activity's own heartbeat time-out, until `work` ends.
 *
 * @param first `at once`: so that a pause or a cancel that came before reaches it; `later`: what is over sooner costs the server nothing
 * @param details what the next attempt is to be told of, should this one die
 */
export async function withHeartbeat<T>(
  work: () => Promise<T>,
  {
    first = 'at once',
    details = () => undefined,
  }: { readonly first?: 'at once' | 'later'; readonly details?: () => unknown } = {},
): Promise<T> {
  const timeoutMs = activityInfo().heartbeatTimeoutMs;
  if (timeoutMs === undefined) return await work();
  if (first === 'at once') signOfLife(details());
  const timer = setInterval(() => signOfLife(details()), Math.max(timeoutMs / 4, 50));
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}
