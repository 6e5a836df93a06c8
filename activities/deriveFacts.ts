import { cancellationSignal } from '@temporalio/activity';
import { factRulesOf } from '../src/config/events.js';
import { personsOf } from '../src/core/record.js';
import { eventsOf } from '../src/link/bookings/open.js';
import { settleDonors } from '../src/link/donations/read.js';
import { deriveDue } from '../src/link/facts/derive.js';
import { withHeartbeat } from './attempts.js';
import type { Dependencies } from './dependencies.js';

export interface DerivedFacts {
  /** After how long to look again; null: never, no field of the connection takes a fact. */
  readonly waitMs: number | null;
}

/** A fact that changes in a moment is looked at when that has come, not before. */
const shortestWaitMs = 50;

/** Makes the facts anew that the passing of time has changed; tells when to look again. */
export const deriveFacts =
  ({ keyedSql, configured }: Dependencies) =>
  async ({ connectionId }: { readonly connectionId: string }): Promise<DerivedFacts> => {
    const connection = await configured(personsOf(connectionId));
    const { events } = connection.config;
    if (events === undefined || factRulesOf(connection.config) === null) return { waitMs: null };
    const signal = cancellationSignal();
    const next = await withHeartbeat(async () => {
      await settleDonors(keyedSql, eventsOf(connection, 'donation'));
      return await deriveDue(keyedSql, connection, { cancelled: () => signal.aborted });
    });
    const untilNextMs = next === null ? Infinity : Math.max(shortestWaitMs, next - Date.now());
    return { waitMs: Math.min(untilNextMs, events.deriveEveryMs) };
  };
