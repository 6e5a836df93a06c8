/** A linked record is proven gone from one system. Nothing is deleted in the other; there is nothing to hold back. */
import type { SystemName } from '../core/record.js';
import type { NewCase } from '../store/cases.js';
import { noAnswers, type Kind } from './kind.js';

export const removal = {
  code: 'removal',
  about: 'link',
  answers: { ...noAnswers, close: 'notAskedAgain' },
  holds: null,
  endsByMerging: false,
  stands: ({ subject }, { gone }) => gone === 'both' || (gone !== null && subject.startsWith(`${gone}:`)),
  shows: { what: 'records', writes: 0 },
  facts: ({ details }) => {
    const { system, proof } = (details ?? {}) as Partial<RemovalDetails>;
    return system === undefined || proof === undefined ? [] : [{ code: 'gone' as const, system, proof }];
  },
} as const satisfies Kind;

/**
 * `notFound`: a read by its id was answered with 404. Where one record cannot be read: `notFoundOnWrite`, a write by its id was; `notListed`,
 * a complete list did not show it.
 */
export type RemovalProof = 'notFound' | 'notFoundOnWrite' | 'notListed';

export interface RemovalDetails {
  readonly system: SystemName;
  readonly proof: RemovalProof;
}

/** @param id of the record that is gone */
export function removalCase(
  linkId: string,
  system: SystemName,
  id: string,
  proof: RemovalProof,
): NewCase<RemovalDetails> {
  return { kind: removal.code, subject: removalSubject(system, id), linkId, details: { system, proof } };
}

/** What the question is about: the record, and not the link, of which the other record may be gone as well. */
export function removalSubject(system: SystemName, id: string): string {
  return `${system}:${id}`;
}
