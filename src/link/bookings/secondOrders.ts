/** Orders that staff enter under a registration's number beside the order that it has: which of them holds, only a person can say. */
import { isAsked } from '../../cases/index.js';
import { secondOrder, secondOrderCase } from '../../cases/bookings.js';
import { parseLinkId } from '../../core/linkId.js';
import { secondOrdersOf } from '../../store/bookings.js';
import { closeSettled, openCases } from '../../store/cases.js';
import type { Sql, Transaction } from '../../store/database.js';
import type { LinkState } from '../../store/linkState.js';
import type { OpenEvents } from './open.js';

/**
 * Asks about each such order that stands, and ends the question about one that does not any more. While an order of ours is awaited nobody is
 * asked: one that nobody expected is then probably that one.
 */
export async function askAboutSecondOrders(
  sql: Sql | Transaction,
  { scope }: OpenEvents,
  link: LinkState,
): Promise<void> {
  const { pair, cases, intents } = link;
  const { yapla, yoplanning } = pair.ids;
  if (yapla === null || intents.length > 0) return;
  const ids = yoplanning === null ? [] : await secondOrdersOf(sql, scope, yapla);
  const asked = cases.filter(({ kind }) => kind === secondOrder.code);
  await closeSettled(
    sql,
    asked.filter(({ subject }) => !ids.includes(parseLinkId(subject).id)),
  );
  const questions = ids
    .map((id) => secondOrderCase(pair.linkId, id))
    .filter(({ subject }) => !isAsked(link, secondOrder.code, subject));
  await openCases(sql, scope, null, questions);
}
