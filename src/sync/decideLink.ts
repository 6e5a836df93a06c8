/** What one link needs now: core/decide.ts over what the store holds. */
import { decide, type Decision, type Side } from '../core/decide.js';
import { systemNames, type FieldDefinition, type FieldHashes, type SystemName } from '../core/record.js';
import type { LinkedPair } from '../store/links.js';
import { pairHashes, type PairHashes } from '../store/pairHashes.js';

export { pairHashes, type PairHashes };

function sideOf(pair: LinkedPair, system: SystemName, hashes: FieldHashes | null): Side {
  if (pair.ids[system] === null) return 'absent';
  const shadow = pair.shadows[system];
  if (shadow === null || hashes === null || pair.unseen[system]) return 'gone';
  return { hashes, modifiedAt: shadow.modifiedAt };
}

/** Decides about a link. A record that the last complete scan did not show counts as `gone` here; carrying that out needs proof. */
export function decideLink(pair: LinkedPair, fields: readonly FieldDefinition[]): Decision {
  const hashes = pairHashes(pair);
  return decide({
    base: pair.base,
    yapla: sideOf(pair, 'yapla', hashes.yapla),
    yoplanning: sideOf(pair, 'yoplanning', hashes.yoplanning),
    fields,
  });
}

/** A linked record that is proven gone already: its case is open and nothing is left to find out. */
export function isTombstone(pair: LinkedPair): boolean {
  return systemNames.some((system) => pair.ids[system] !== null && pair.shadows[system] === null);
}

/** The fields on which both sides agree now: the part of the base that this moment proves. */
export function agreedHashes(hashes: PairHashes, fields: readonly FieldDefinition[]): FieldHashes {
  const agreed: Record<string, string> = {};
  for (const { name } of fields) {
    const value = hashes.yapla?.[name];
    if (value !== undefined && value === hashes.yoplanning?.[name]) agreed[name] = value;
  }
  return agreed;
}

/** The same fields with the same values. */
export function sameHashes(a: FieldHashes, b: FieldHashes): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}
