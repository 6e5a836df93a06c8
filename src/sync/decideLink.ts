/** What one link needs now: core/decide.ts over what the store holds. */
import { decide, type Decision, type Side } from '../core/decide.js';
import { alikeAs, rememberedForm } from '../core/alike.js';
import {
  systemNames,
  type FieldDefinition,
  type FieldHash,
  type FieldHashes,
  type FieldName,
  type FieldValue,
  type SystemName,
} from '../core/record.js';
import { settledHashes, type Agreement, type EqualValues, type LinkedPair } from '../store/links.js';

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

function sideOf(pair: LinkedPair, system: SystemName, hashes: FieldHashes | null): Side {
  if (pair.ids[system] === null) return 'absent';
  const shadow = pair.shadows[system];
  if (shadow === null || hashes === null || pair.unseen[system]) return 'gone';
  return { hashes, times: shadow.times ?? {} };
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

/**
 * What both sides agree on now, for the link: the base with its values, and what else counts as it in each system. Where a side holds
 * another spelling than the base, the spelling; and of a phone number that names no country its digits, so that it stays the base's number
 * when the record's country changes.
 *
 * @param base what is agreed besides, for another reason
 */
export function agreementOf(
  pair: LinkedPair,
  fields: readonly FieldDefinition[],
  base: FieldHashes = {},
): Pick<Agreement, 'base' | 'baseFields' | 'equal'> {
  const agreed = { ...base, ...agreedHashes(pairHashes(pair), fields) };
  const baseFields: Record<FieldName, FieldValue> = {};
  const equal: EqualValues = { ...pair.equal };
  for (const [field, hash] of Object.entries(agreed)) {
    const holder = systemNames.find((system) => pair.shadows[system]?.hashes[field] === hash) ?? 'yapla';
    const value = pair.shadows[holder]?.fields[field];
    if (value !== undefined) baseFields[field] = value;
    for (const system of systemNames) {
      const shadow = pair.shadows[system];
      const held = shadow?.hashes[field];
      if (held === undefined) continue;
      const forms = [held === hash ? null : held, rememberedForm(shadow?.forms?.[field])].filter((one) => one !== null);
      if (forms.length === 0) continue;
      const before = Object.entries(equal[system]?.[field] ?? {}).filter(([, sent]) => sent === hash);
      const known = Object.fromEntries([...before, ...forms.map((form) => [form, hash] as const)]);
      equal[system] = { ...equal[system], [field]: known };
    }
  }
  return { base: agreed, baseFields, equal };
}

/** The same fields with the same values. */
export function sameHashes(a: FieldHashes, b: FieldHashes): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}
