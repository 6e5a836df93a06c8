/** Whether the body of a webhook shows a record as its API does, so that it can do for a reading (design: Order). */
import { nameFields } from '../core/person.js';
import type { SystemName } from '../core/record.js';
import type { OpenConnection } from '../connection.js';
import { type FailureContext, UnexpectedResponse } from '../http/failures.js';
import { fieldsShown } from '../store/awaited.js';
import type { Sql } from '../store/database.js';
import { type InboxEvent, tellsNothing } from '../store/inbox.js';
import type { Shadow } from '../store/shadows.js';
import { memberDelivered } from '../systems/yapla/delivered.js';

interface Delivered {
  readonly connection: OpenConnection;
  readonly system: SystemName;
  readonly events: readonly InboxEvent[];
  readonly known: Shadow | null;
  /** Names the delivery in errors. */
  readonly context: FailureContext;
}

/**
 * Whether each of these bodies is believed (`webhooks.yapla.believe`). One that cannot be read by itself is not, whatever it is laid over:
 * with other names than the API's, it would change nothing, and nobody would hear of that.
 */
export async function areBelieved(
  sql: Sql,
  { connection, system, events, known, context }: Delivered,
): Promise<boolean> {
  // Only Yapla's events have content.
  const bodies = events.filter((event) => system === 'yapla' && event.event !== 'deleted' && !tellsNothing(event));
  if (bodies.length === 0) return true;
  const { believe } = connection.config.webhooks.yapla;
  if (believe === 'nothing') return false;
  const expected = believe === 'part' ? [] : await fieldsExpected(sql, connection, system, known);
  return bodies.every(({ body, externalId }) => {
    try {
      const member = memberDelivered(connection.config, body, externalId, context);
      const { fields } = connection.systems[system].recordOf(member, { context });
      return expected.every((field) => field in fields);
    } catch (error) {
      if (!(error instanceof UnexpectedResponse)) throw error;
      return false;
    }
  });
}

/** Fields that the API shows: of this record, or of others; a name at least, where nobody is known. */
async function fieldsExpected(
  sql: Sql,
  { scope, config }: OpenConnection,
  system: SystemName,
  known: Shadow | null,
): Promise<readonly string[]> {
  const shown = known === null ? await fieldsShown(sql, scope, system) : Object.keys(known.fields);
  const mapped = shown.filter((field) => field in config.fields);
  return mapped.length === 0 ? nameFields : mapped;
}
