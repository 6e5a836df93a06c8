/** The breaker: our own writes moved a field to and fro between the same values. It is left alone until a person answers. */
import type { FieldName } from '../core/record.js';
import type { NewCase } from '../store/cases.js';
import type { LinkedPair } from '../store/links.js';
import { pairHashes } from '../store/linkState.js';
import { type Kind, noAnswers } from './kind.js';
import { valuesAsked, type ValuesAsked, valueStands } from './values.js';

export const frozen = {
  code: 'frozen',
  about: 'field',
  answers: { ...noAnswers, value: true },
  holds: { what: 'field', isHolding: () => true },
  endsByMerging: false,
  // Who keeps putting the other value back is not found by the two agreeing for a moment.
  stands: (question, wanted) => question.take === null || valueStands(question, wanted),
  // Enough to see it go to and fro.
  shows: { what: 'values', writes: 6 },
  facts: ({ details }) => {
    const { times } = (details ?? {}) as Partial<FrozenDetails>;
    return times === undefined ? [] : [{ code: 'flipped' as const, times }];
  },
} as const satisfies Kind;

export interface FrozenDetails extends ValuesAsked {
  /** How often our writes gave the field the value that was to be written once more. */
  readonly times: number;
}

/** @param pair loaded with its values. @param times see FrozenDetails */
export function frozenCase(pair: LinkedPair, field: FieldName, times: number): NewCase<FrozenDetails> {
  const { linkId } = pair;
  const details = { ...valuesAsked(pair, field), times };
  return { kind: frozen.code, subject: linkId, field, linkId, details, saw: pairHashes(pair) };
}
