import type { Log } from '../log.js';
import type { Refusal } from './refusals.js';

/** Refusals of one kind are logged once in this time, with the number of those before: a flood must not fill the disk. */
const quietMs = 60_000;

/** Logs refusals, never with anything that was sent but a link's host. @param place the endpoint, where it is one of ours */
export function createRefusalLog(log: Log, now = () => performance.now()): (refusal: Refusal, place: string) => void {
  const kinds = new Map<string, { loggedAt: number; unlogged: number }>();
  return (refusal, place) => {
    const name = `${refusal.reason} ${place}`;
    const kind = kinds.get(name) ?? { loggedAt: -Infinity, unlogged: 0 };
    kinds.set(name, kind);
    if (now() < kind.loggedAt + quietMs) {
      kind.unlogged += 1;
      return;
    }
    const line = { reason: refusal.reason, ...(place === '' ? {} : { endpoint: place }), ...refusal.logged };
    log.warn(kind.unlogged === 0 ? line : { ...line, moreSinceLastLine: kind.unlogged }, 'webhook refused');
    kind.loggedAt = now();
    kind.unlogged = 0;
  };
}
