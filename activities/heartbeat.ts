/** Signs of life of an activity, while it works. */
import { activityInfo, heartbeat } from '@temporalio/activity';

/** Heartbeats several times within the activity's own heartbeat time-out, until `work` ends. */
export async function withHeartbeat<T>(work: () => Promise<T>): Promise<T> {
  const timeoutMs = activityInfo().heartbeatTimeoutMs;
  if (timeoutMs === undefined) return await work();
  heartbeat();
  const timer = setInterval(() => heartbeat(), Math.max(timeoutMs / 4, 50));
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}
