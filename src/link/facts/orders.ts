/** What an order says about the people in it, kept where the order is stored: in the same transaction, so that facts are as old as what they are made of. */
import { factRulesOf } from '../../config/events.js';
import type { Order, ShownSession } from '../../systems/yoplanning/orders.js';
import { personsOf } from '../../core/record.js';
import type { Transaction } from '../../store/database.js';
import { type KnownSession, learnSessions, storeOrderItems, unknownPeople } from '../../store/facts.js';
import { lookAgain } from '../../store/inbox.js';
import type { OpenEvents } from '../bookings/open.js';
import { deriveFacts } from './derive.js';

/** An order as it was read, or the id of one that is not there any more. */
export type KeptOrder =
  { readonly order: Order; readonly sessions: readonly ShownSession[] } | { readonly gone: string };

/**
 * Keeps what an order holds, and makes the facts of its people anew: of those whom it no longer names, too. Somebody in it of whom nothing is
 * known is looked up: whether they are made in Yapla, the connection's rule says.
 */
export async function keepOrder(tx: Transaction, { scope, connection }: OpenEvents, kept: KeptOrder): Promise<void> {
  const clients = await storeOrderItems(tx, scope, itemsOf(kept));
  const others = 'order' in kept ? await learnSessions(tx, scope, kept.sessions) : [];
  await deriveFacts(tx, connection, 'yoplanning', [...new Set([...clients, ...others])]);
  if (factRulesOf(connection.config) === null || 'gone' in kept) return;
  const unknown = await unknownPeople(tx, { connectionId: scope.connectionId, system: 'yoplanning' }, clients);
  await lookAgain(tx, personsOf(scope.connectionId), 'yoplanning', unknown);
}

/** The catalogue tells of sessions: facts of those who are booked into one of which something else is known now are computed again. */
export async function keepSessions(
  tx: Transaction,
  { scope, connection }: OpenEvents,
  sessions: readonly KnownSession[],
): Promise<void> {
  await deriveFacts(tx, connection, 'yoplanning', await learnSessions(tx, scope, sessions));
}

function itemsOf(kept: KeptOrder) {
  if ('gone' in kept) return { orderId: kept.gone, orderedAt: null, items: [] };
  const { id, createdAt, status, items } = kept.order;
  const held = status === 'active' ? items : [];
  return {
    orderId: id,
    orderedAt: createdAt,
    // Of an item without a client nobody is told.
    items: held.flatMap(({ clientId, sessionId, amount }) =>
      clientId === null ? [] : [{ clientId, sessionId, amount }],
    ),
  };
}
