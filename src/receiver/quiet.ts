/** Which systems have not told of anything for longer than usual: a webhook that was switched off at the vendor's makes no error anywhere. */
import type { WebhooksConfig } from '../config/webhooks.js';
import { systemNames, type SystemName } from '../core/record.js';
import type { Log } from '../log.js';
import type { LastWebhook } from '../store/webhookUse.js';

/** A system whose webhooks a connection takes, as it is now. */
export interface Silence extends Pick<LastWebhook, 'connectionId' | 'system' | 'lastAtMs'> {
  /** No webhook came for longer than `webhooks.quietAlertMs`. */
  readonly isQuiet: boolean;
}

/** Systems that are to be heard of: those with an address. */
export function expectedWebhooks(
  connections: Readonly<Record<string, { readonly webhooks: WebhooksConfig }>>,
): { readonly connectionId: string; readonly system: SystemName }[] {
  return Object.entries(connections).flatMap(([connectionId, { webhooks }]) =>
    systemNames.filter((system) => webhooks[system].secret !== undefined).map((system) => ({ connectionId, system })),
  );
}

/** @param heard what `lastWebhooks` says about `expectedWebhooks` */
export function silencesOf(
  connections: Readonly<Record<string, { readonly webhooks: Pick<WebhooksConfig, 'quietAlertMs'> }>>,
  heard: readonly LastWebhook[],
  nowMs: number,
): Silence[] {
  return heard.map(({ connectionId, system, lastAtMs, knownSinceMs }) => {
    const { quietAlertMs } = connections[connectionId]!.webhooks;
    // Of a connection that is new nothing can have come yet.
    const since = lastAtMs ?? knownSinceMs;
    const isQuiet = quietAlertMs !== null && since !== null && nowMs - since > quietAlertMs;
    return { connectionId, system, lastAtMs, isQuiet };
  });
}

/** Logs each system once when it has become quiet, and once when it is heard of again. */
export function createSilenceLog(log: Log): (silences: readonly Silence[]) => void {
  const quiet = new Set<string>();
  return (silences) => {
    for (const { connectionId, system, lastAtMs, isQuiet } of silences) {
      const name = `${connectionId}/${system}`;
      if (isQuiet === quiet.has(name)) continue;
      const last = lastAtMs === null ? 'none that is kept' : new Date(lastAtMs).toISOString();
      const line = { connectionId, system, last };
      if (isQuiet) {
        quiet.add(name);
        log.warn(line, 'no webhook came for longer than webhooks.quietAlertMs: is it still set up at the vendor’s?');
      } else {
        quiet.delete(name);
        log.info(line, 'webhooks come again');
      }
    }
  };
}
