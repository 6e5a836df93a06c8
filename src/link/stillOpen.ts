import type { Decision } from '../core/decide.js';
import { systemNames } from '../core/record.js';
import type { StillOpen } from '../store/cases.js';
import type { LinkedPair } from '../store/links.js';

/**
 * What of a link's open cases still is a question.
 *
 * @param decision as it would be if everything were allowed: what may not be written is still different
 */
export function stillOpen(pair: LinkedPair, { write, conflicts, create, gone }: Decision): StillOpen {
  const fields = [...write.yapla, ...write.yoplanning, ...conflicts];
  const removed = gone !== null || isTombstone(pair);
  const written = create !== null || systemNames.some((system) => write[system].length > 0);
  return {
    linkId: pair.linkId,
    fields,
    kinds: [
      ...(removed ? ['removal' as const] : []),
      ...(removed || written ? ['refused' as const] : []),
      ...(create === null ? [] : ['create' as const]),
    ],
  };
}

/** A linked record that is proven gone already: its case is open and nothing is left to find out. */
function isTombstone(pair: LinkedPair): boolean {
  return systemNames.some((system) => pair.ids[system] !== null && pair.shadows[system] === null);
}
