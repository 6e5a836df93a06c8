/** The store as a scan and a plan leave it, for tests that begin at applying. */
import { decideLive } from '../../src/core/live.js';
import { systemNames } from '../../src/core/record.js';
import { ensureConnection } from '../../src/store/connections.js';
import type { Sql } from '../../src/store/database.js';
import { proposeLinks, type Proposal } from '../../src/store/links.js';
import { findLinkStates } from '../../src/store/linkState.js';
import { addItems } from '../../src/store/planItems.js';
import { draftPlan } from '../../src/store/plans.js';
import { upsertShadows } from '../../src/store/shadows.js';
import { viewOf } from '../../src/link/view.js';
import type { ScriptedConnection } from './scriptedSystem.js';

/** What both systems show now, as shadows. */
export async function scanAll(sql: Sql, connection: ScriptedConnection): Promise<void> {
  await ensureConnection(sql, connection.scope.connectionId);
  for (const system of systemNames) {
    const rows = [...connection.systems[system].records.values()].map((record) => connection.shadowOf(record));
    await upsertShadows(sql, connection.scope, system, rows);
  }
}

/** A link for each, in the form `[yapla's id, yoplanning's id]`; null where the person is unknown there. @returns their ids. */
export async function propose(
  sql: Sql,
  connection: ScriptedConnection,
  pairs: readonly (readonly [string | null, string | null])[],
): Promise<string[]> {
  const proposals = pairs.map(([yaplaId, yoplanningId]): Proposal => ({
    linkId: yaplaId === null ? `yoplanning:${yoplanningId}` : `yapla:${yaplaId}`,
    yaplaId,
    yoplanningId,
    matchedBy: 'test',
  }));
  await proposeLinks(sql, connection.scope, proposals);
  return proposals.map(({ linkId }) => linkId);
}

/** A plan with a remote item for each of these links, numbered from 1: what each needs as it stands now. */
export async function planFor(sql: Sql, connection: ScriptedConnection, linkIds: readonly string[]): Promise<number> {
  const { id } = await draftPlan(sql, connection.scope, `run-${linkIds.join()}`);
  const states = await findLinkStates(sql, connection.scope, linkIds, { depth: 'hashes' });
  const items = linkIds.map((linkId, at) => {
    const state = states.get(linkId)!;
    const decision = decideLive(viewOf(connection, state, 'gone'), []);
    return { n: at + 1, kind: 'write' as const, linkId, decision, version: state.pair.version };
  });
  await addItems(sql, id, 'remote', items);
  return id;
}
