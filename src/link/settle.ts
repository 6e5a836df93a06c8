/**
 * A link at rest, or at its end: closes the questions that answered themselves, and remembers the version at which nothing was left to do, so that a night
 * in which nothing changed looks at nobody.
 */
import { decide } from '../core/decide.js';
import { type LinkView, type Settling, settlingOf } from '../core/live.js';
import { kindsThat, settledCases } from '../cases/index.js';
import type { Sql, Transaction } from '../store/database.js';
import { closeCasesAbout, closeSettled } from '../store/cases.js';
import { deleteLink, settleLinks, type Settlement } from '../store/links.js';
import { findLinkStates, type LinkState } from '../store/linkState.js';
import type { OpenConnection } from '../connection.js';
import { viewOf } from './view.js';
import type { Scope } from '../core/record.js';
import { openIntents } from '../store/intents.js';

export interface SettledLink {
  readonly state: LinkState;
  readonly settling: Settling;
}

/** @returns the links as they stand then, in the same order; one that ended meanwhile is left out */
export async function settle(
  sql: Sql | Transaction,
  connection: OpenConnection,
  loaded: readonly LinkState[],
): Promise<SettledLink[]> {
  const over = loaded.flatMap((state) => {
    if (state.cases.length === 0) return [];
    const closed = settledCases(state.cases, wholeDecision(viewOf(connection, state, 'gone')));
    return closed.length === 0 ? [] : [{ linkId: state.pair.linkId, closed }];
  });
  await closeSettled(
    sql,
    over.flatMap((one) => one.closed),
  );
  const again = await findLinkStates(
    sql,
    connection.scope,
    over.map((one) => one.linkId),
    { depth: 'hashes' },
  );
  const hasClosed = new Set(over.map((one) => one.linkId));
  const links = loaded.flatMap((before): SettledLink[] => {
    const state = hasClosed.has(before.pair.linkId) ? again.get(before.pair.linkId) : before;
    return state === undefined ? [] : [{ state, settling: settlingOf(viewOf(connection, state, 'gone')) }];
  });
  await settleLinks(sql, connection.scope, links.flatMap(settlement));
  return links;
}

/** What workflows see of one link that is settled. */
export async function settledView(
  sql: Sql | Transaction,
  connection: OpenConnection,
  state: LinkState,
): Promise<LinkView> {
  const [link] = await settle(sql, connection, [state]);
  return viewOf(connection, link?.state ?? state);
}

function settlement({ state, settling }: SettledLink): Settlement[] {
  const { linkId, version, settledVersion } = state.pair;
  if (settling === 'open' || settledVersion === version) return [];
  return [{ linkId, version, heldBack: settling === 'heldBack' }];
}

/** As it would be if everything were allowed: what may not be written is still different. */
function wholeDecision({ base, yapla, yoplanning, fields }: LinkView) {
  return decide({ base, yapla, yoplanning, fields });
}

/**
 * Forgets a link of one side, whose person left before anything was made of them, and the questions about it: nothing is left to ask, the
 * same in a list as by a webhook. Not where the creation in the other system may have taken effect.
 */
export async function forget(tx: Transaction, scope: Scope, linkId: string): Promise<void> {
  if ((await openIntents(tx, scope, [linkId])).length > 0) return;
  const about = kindsThat((kind) => kind.about === 'link' || kind.about === 'field');
  await closeCasesAbout(tx, scope, linkId, about);
  await deleteLink(tx, scope, linkId);
}
