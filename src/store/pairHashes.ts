/** Both sides of a link as hashes: what decisions are made on, and what a case remembers of the moment at which it was asked. */
import { alikeAs } from '../core/alike.js';
import type { FieldHash, FieldHashes, FieldName, SystemName } from '../core/record.js';
import { settledHashes, type LinkedPair } from './links.js';

/** Hashes of both sides as decisions see them; null where there is no record. */
export type PairHashes = Readonly<Record<SystemName, FieldHashes | null>>;

export function pairHashes(pair: Pick<LinkedPair, 'equal' | 'base' | 'shadows'>): PairHashes {
  const { yapla, yoplanning } = pair.shadows;
  const settled = (system: SystemName) => {
    const shadow = pair.shadows[system];
    return shadow === null ? null : settledHashes(pair, system, shadow.hashes, shadow.forms);
  };
  const sides = { yapla: settled('yapla'), yoplanning: settled('yoplanning') };
  if (yapla === null || yoplanning === null || sides.yapla === null || sides.yoplanning === null) return sides;
  const a: Record<FieldName, FieldHash> = { ...sides.yapla };
  const b: Record<FieldName, FieldHash> = { ...sides.yoplanning };
  for (const field of Object.keys(yapla.hashes)) {
    if (a[field] === b[field] || b[field] === undefined) continue;
    const spelled = (hash: FieldHash, forms: FieldHashes = {}) => ({ hash, form: forms[field] });
    // Where both hold the same there is nothing to settle: somebody entered the server's form of our value on the other side too.
    const one =
      yapla.hashes[field] === yoplanning.hashes[field]
        ? yapla.hashes[field]!
        : alikeAs(pair.base?.[field], spelled(a[field]!, yapla.forms), spelled(b[field], yoplanning.forms));
    if (one !== null) a[field] = b[field] = one;
  }
  return { yapla: a, yoplanning: b };
}
