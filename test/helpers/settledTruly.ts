/** What `settledVersion` promises: at that version nothing was left to do. */
import { expect } from '@jest/globals';
import { settlingOf } from '../../src/core/live.js';
import type { OpenConnection } from '../../src/connection.js';
import { viewOf } from '../../src/link/view.js';
import type { Sql } from '../../src/store/database.js';
import { findLinkStates } from '../../src/store/linkState.js';

/** No link is settled about which something is left to do. */
export async function expectSettledTruly(sql: Sql, connection: OpenConnection): Promise<void> {
  const settled = await sql<{ linkId: string }[]>`
    select link_id as "linkId" from link where connection_id = ${connection.scope.connectionId} and kind = ${connection.scope.kind} and version = settled_version`;
  const linkIds = settled.map(({ linkId }) => linkId);
  const states = await findLinkStates(sql, connection.scope, linkIds, { depth: 'hashes' });
  const open = linkIds.filter((linkId) => settlingOf(viewOf(connection, states.get(linkId)!, 'gone')) === 'open');
  expect(open).toEqual([]);
}
