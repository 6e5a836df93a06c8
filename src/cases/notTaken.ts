/** A system accepted a write and kept its old value. The field is held back until one of its two values changes. */
import type { FieldName, SystemName } from '../core/record.js';
import type { NewCase } from '../store/cases.js';
import type { PairHashes } from '../store/linkState.js';
import { type Kind, noAnswers } from './kind.js';
import { sameField, valueStands } from './values.js';

export const notTaken = {
  code: 'notTaken',
  about: 'field',
  answers: { ...noAnswers, value: true, close: 'triesAgain' },
  holds: { what: 'field', isHolding: sameField },
  endsByMerging: false,
  stands: valueStands,
  shows: { what: 'values', writes: 1 },
  facts: ({ details }) => {
    const { system } = (details ?? {}) as Partial<NotTakenDetails>;
    return system === undefined ? [] : [{ code: 'keptOldValue' as const, system }];
  },
} as const satisfies Kind;

export interface NotTakenDetails {
  /** Who kept its old value. */
  readonly system: SystemName;
}

/** @param saw both sides after the write */
export function notTakenCase(
  linkId: string,
  field: FieldName,
  system: SystemName,
  saw: PairHashes,
): NewCase<NotTakenDetails> {
  return { kind: notTaken.code, subject: linkId, field, linkId, details: { system }, saw };
}
