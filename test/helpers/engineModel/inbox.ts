/** Webhooks into the real inbox, and the forwarder's steps out of it. */
import { addEvents, addressEvents, takeDueSignals, type DueSignal } from '../../../src/store/inbox.js';
import type { Delivery } from '../liveModel/server.js';
import { shown } from './system.js';
import type { EngineWorld } from './world.js';

/** More than any history holds. */
const limit = 1_000;

/** A webhook arrives: as the receiver stores it, once it is authenticated and understood. */
export async function receive({ sql, scope }: EngineWorld, { system, event, id, body }: Delivery): Promise<void> {
  const told = body === null ? { event, id } : { event: `member.${event}`, data: shown(system, body) };
  await addEvents(sql, [{ ...scope, system, event, externalId: id, body: JSON.stringify(told) }]);
}

/** Links whose workflows are to be told now. @param again those, too, that were told before and did not look yet */
export async function dueSignals({ sql, connectionId }: EngineWorld, again: boolean): Promise<DueSignal[]> {
  const rules = [{ connectionId, debounceMs: 0, resignalMs: again ? 0 : 3_600_000 }];
  await addressEvents(sql, rules, limit);
  const due = await takeDueSignals(sql, rules, limit);
  return due.sort((a, b) => (a.linkId < b.linkId ? -1 : 1));
}

/** Events that the connection has had, those by which the engine tells itself to look again included. */
export async function countEvents({ sql, connectionId }: EngineWorld): Promise<number> {
  const [row] = await sql<{ n: number }[]>`
    select count(*)::int as n from inbox where connection_id = ${connectionId}`;
  return row!.n;
}
