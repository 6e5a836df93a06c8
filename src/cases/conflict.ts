/** Both systems changed one field differently, and the field's rule is to ask. Both keep what they have; nothing is held back. */
import type { FieldName } from '../core/record.js';
import type { NewCase } from '../store/cases.js';
import type { LinkedPair } from '../store/links.js';
import { noAnswers, type Kind } from './kind.js';
import { valuesAsked, valueStands, type ValuesAsked } from './values.js';

export const conflict = {
  code: 'conflict',
  about: 'field',
  answers: { ...noAnswers, value: true, remember: true },
  holds: null,
  endsByMerging: false,
  stands: valueStands,
  shows: { what: 'values', writes: 1 },
  facts: () => [],
} as const satisfies Kind;

/** One case for each of these fields. @param pair loaded with its values */
export function conflictCases(pair: LinkedPair, fields: readonly FieldName[]): NewCase<ValuesAsked>[] {
  const { linkId } = pair;
  return fields.map((field) => ({
    kind: conflict.code,
    subject: linkId,
    field,
    linkId,
    details: valuesAsked(pair, field),
  }));
}
