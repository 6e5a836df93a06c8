/** Both sides of a link as hashes: what decisions are made on, and what a case remembers of the moment at which it was asked. */
import type { FieldHashes, SystemName } from '../core/record.js';
import { settledHashes, type LinkedPair } from './links.js';

/** Hashes of both sides as decisions see them; null where there is no record. */
export type PairHashes = Readonly<Record<SystemName, FieldHashes | null>>;

export function pairHashes(pair: Pick<LinkedPair, 'equal' | 'base' | 'shadows'>): PairHashes {
  const { yapla, yoplanning } = pair.shadows;
  const of = (system: SystemName) => {
    const hashes = pair.shadows[system]?.hashes;
    if (hashes === undefined) return null;
    const settled = settledHashes(pair, system, hashes);
    if (settled === hashes || yapla === null || yoplanning === null) return settled;
    // Where both hold the same there is nothing to settle: somebody entered the server's form of our value on the other side too.
    const same = Object.entries(hashes).filter(([field]) => yapla.hashes[field] === yoplanning.hashes[field]);
    return { ...settled, ...Object.fromEntries(same) };
  };
  return { yapla: of('yapla'), yoplanning: of('yoplanning') };
}
