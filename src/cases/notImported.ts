/**
 * A value that an import file was to bring, and did not: it was handed out again and again and its system never showed it, or no file can
 * carry it. The field is left alone until one of its two values changes.
 */
import type { FieldName } from '../core/record.js';
import type { NewCase } from '../store/cases.js';
import type { PairHashes } from '../store/linkState.js';
import { type Kind, noAnswers } from './kind.js';
import { sameField, valueStands } from './values.js';

export const notImported = {
  code: 'notImported',
  about: 'field',
  answers: { ...noAnswers, value: true, close: 'triesAgain' },
  holds: { what: 'field', isHolding: sameField },
  endsByMerging: false,
  stands: valueStands,
  shows: { what: 'values', writes: 3 },
  facts: ({ details }) => {
    const { why, batches = null } = (details ?? {}) as Partial<NotImportedDetails>;
    return why === undefined ? [] : [{ code: 'notImported' as const, why, batches }];
  },
} as const satisfies Kind;

/**
 * - `notShown`: every file that had it was imported, and the system does not show it;
 * - `cleared`: an empty cell of a file clears nothing;
 * - `noLabel`: a choice without a label in the table, which the import wizard would refuse;
 * - `tooLong`: a cell holds less;
 * - `noIdentifier`: the record shows nothing by which the wizard could find it.
 */
export type WhyNotImported = 'notShown' | 'cleared' | 'noLabel' | 'tooLong' | 'noIdentifier';

export interface NotImportedDetails {
  readonly why: WhyNotImported;
  /** Files that had it; null: none could. */
  readonly batches: number | null;
}

/** @param saw both sides as they stand */
export function notImportedCase(
  linkId: string,
  field: FieldName,
  why: WhyNotImported,
  saw: PairHashes,
  batches: number | null = null,
): NewCase<NotImportedDetails> {
  return { kind: notImported.code, subject: linkId, field, linkId, details: { why, batches }, saw };
}
