/**
 * A record from the bodies of its events, where the system cannot be asked for one record (design: Order). A body shows the member as
 * it was when the event was made: a late one must not undo a newer one.
 */
import type { SystemName } from '../core/record.js';
import { tellsNothing, type InboxEvent } from '../store/inbox.js';
import type { Shadow } from '../store/shadows.js';
import type { OpenConnection } from '../connection.js';
import { valueAt } from '../systems/mapping.js';
import type { SystemRecord } from '../systems/system.js';
import { wrongPath } from '../systems/unexpected.js';

/**
 * The newest body: by its modification date where there is one, else the one received last. What a body does not show stays as it is
 * known.
 *
 * @returns null where all of them are older than what is known, or none has a body (a removal)
 * @throws {UnexpectedResponse} when a configured path does not fit a body
 */
export function newestDelivered(
  connection: OpenConnection,
  system: SystemName,
  events: readonly InboxEvent[],
  known: Shadow | null,
): SystemRecord | null {
  const records = events
    .filter((one) => one.event !== 'deleted' && !tellsNothing(one))
    .map((one) => recordIn(connection, system, one))
    .filter((one) => !isOlder(one.modifiedAt, known?.modifiedAt ?? null));
  const newest = records.reduce<SystemRecord | null>(
    (best, one) => (best !== null && isOlder(one.modifiedAt, best.modifiedAt) ? best : one),
    null,
  );
  if (newest === null || known === null) return newest;
  return { ...newest, fields: { ...known.fields, ...newest.fields } };
}

function isOlder(at: number | null, than: number | null): boolean {
  return at !== null && than !== null && at < than;
}

function recordIn(connection: OpenConnection, system: SystemName, event: InboxEvent): SystemRecord {
  const context = {
    connection: connection.id,
    system,
    method: 'POST',
    path: `/webhooks/${connection.id}/${system}`,
    record: event.externalId,
  };
  const setting = `webhooks.${system}.member`;
  const path = system === 'yapla' ? connection.config.webhooks.yapla.member : '';
  const document = path === '' ? event.body : valueAt(event.body, path, setting);
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    throw wrongPath({ context }, setting, path, 'an object');
  }
  return connection.systems[system].recordOf(document, { context });
}
