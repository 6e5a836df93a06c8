/** What kinds have in common that are about the value of one field, or that compare a link with what it was when they were asked. */
import type { Decision } from '../core/decide.js';
import { type FieldHashes, type FieldName, type FieldValue, systemNames } from '../core/record.js';
import type { LinkCase } from '../store/cases.js';
import type { LinkedPair } from '../store/links.js';
import type { PairHashes } from '../store/linkState.js';

/** Both values of a field and the base, as they were when the question came up. */
export interface ValuesAsked {
  readonly yapla: FieldValue;
  readonly yoplanning: FieldValue;
  readonly base: FieldValue;
}

/** @param pair loaded with its values */
export function valuesAsked(pair: LinkedPair, field: FieldName): ValuesAsked {
  return {
    yapla: pair.shadows.yapla?.fields[field] ?? null,
    yoplanning: pair.shadows.yoplanning?.fields[field] ?? null,
    base: pair.baseFields?.[field] ?? null,
  };
}

/**
 * Which value the field takes is a question while the systems differ in it. A value of a person's own is still to be carried out
 * where both agree on another one; and any answer where a record is gone, so that nobody knows in what they differ until it is back.
 */
export function valueStands(
  { field, take }: Pick<LinkCase, 'field' | 'take'>,
  { write, conflicts, gone }: Decision,
): boolean {
  return (
    take === 'value' ||
    (take !== null && gone !== null) ||
    [...write.yapla, ...write.yoplanning, ...conflicts].includes(field)
  );
}

/** The field is on both sides as it was. */
export function sameField({ field, saw }: Pick<LinkCase, 'field' | 'saw'>, now: PairHashes): boolean {
  return saw !== null && systemNames.every((system) => saw[system]?.[field] === now[system]?.[field]);
}

/** Both records are as they were. */
export function sameRecords({ saw }: Pick<LinkCase, 'saw'>, now: PairHashes): boolean {
  return saw !== null && systemNames.every((system) => sameFields(saw[system], now[system]));
}

function sameFields(a: FieldHashes | null, b: FieldHashes | null): boolean {
  if (a === null || b === null) return a === b;
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].every((name) => a[name] === b[name]);
}
