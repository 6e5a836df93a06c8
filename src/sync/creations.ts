/** Creations that are sent: what is known of them when an attempt has ended without an answer. */
import { systemNames } from '../core/record.js';
import type { Failure } from '../http/failures.js';
import type { Sql } from '../store/database.js';
import { renewIntents, settleIntents } from '../store/intents.js';

/**
 * An attempt at a link ended with this failure. A creation that certainly did not take effect need not be looked up by the next one; any
 * other can have reached the server until now. (A look-up that failed says nothing about what it looked for.)
 */
export async function creationFailed(
  sql: Sql,
  connectionId: string,
  linkId: string,
  { effect, context }: Failure,
): Promise<void> {
  if (context.method === 'GET') return;
  if (effect === 'none') {
    await settleIntents(
      sql,
      connectionId,
      systemNames.map((system) => ({ linkId, system })),
    );
  } else await renewIntents(sql, connectionId, [linkId]);
}
