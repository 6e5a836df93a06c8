/** What both sides of a link agree on at a moment: the part of its base that this moment proves. */
import { rememberedForm } from '../core/alike.js';
import {
  systemNames,
  type FieldDefinition,
  type FieldHashes,
  type FieldName,
  type FieldValue,
} from '../core/record.js';
import type { Agreement, EqualValues, LinkedPair } from '../store/links.js';
import { pairHashes, type PairHashes } from '../store/pairHashes.js';

/** The fields on which both sides agree. */
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
