/** Planning: the part of each link's decision that no open case holds back (src/cases). What was refused is not sent again as it is. */
import type { Decision } from '../core/decide.js';
import { heldBy, withoutHeld } from '../cases/index.js';
import type { Sql } from '../store/database.js';
import { openCasesOf } from '../store/linkCases.js';
import type { LinkedPair } from '../store/links.js';
import { pairHashes } from '../store/pairHashes.js';

/** For a batch of links: the part of a link's decision that no open case holds back. */
export async function heldBack(
  sql: Sql,
  connectionId: string,
  pairs: readonly LinkedPair[],
): Promise<(pair: LinkedPair, decision: Decision) => Decision> {
  const linkIds = pairs.map((pair) => pair.linkId);
  const byLink = await openCasesOf(sql, connectionId, linkIds);
  return (pair, decision) => {
    const cases = byLink.get(pair.linkId);
    return cases === undefined ? decision : withoutHeld(decision, heldBy(cases, pairHashes(pair)));
  };
}
