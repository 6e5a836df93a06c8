/** A system does not take a record. The whole link is held back until a value changes on either side. */
import { type SystemName, systemNames } from '../core/record.js';
import { type Failure, type FailureType, InvalidRecord } from '../http/failures.js';
import type { NewCase } from '../store/cases.js';
import type { PairHashes } from '../store/linkState.js';
import { type Kind, noAnswers } from './kind.js';
import { sameRecords } from './values.js';

export const refused = {
  code: 'refused',
  about: 'link',
  answers: { ...noAnswers, close: 'triesAgain' },
  holds: { what: 'link', isHolding: sameRecords },
  endsByMerging: false,
  stands: (_, { gone, create, write }) =>
    gone !== null || create !== null || systemNames.some((system) => write[system].length > 0),
  shows: { what: 'differences', writes: 0 },
  facts: ({ details }) => {
    const { failure, system = null, sends = null, ...request } = (details ?? {}) as Partial<RefusedDetails>;
    if (failure === neverAppeared) return [{ code: 'neverAppeared' as const, system, sends }];
    const { method = null, path = null, fields = [], words = null } = request;
    return [{ code: 'refusal' as const, failure: failure ?? null, system, method, path, fields, words }];
  },
} as const satisfies Kind;

const neverAppeared = 'neverAppeared';

export interface RefusedDetails {
  readonly failure: FailureType | typeof neverAppeared;
  readonly system: string;
  /** The request refused: its method, and its path with ids, without query. */
  readonly method?: string;
  readonly path?: string;
  /** Places that the server names; empty where it names none. */
  readonly fields?: readonly string[];
  /** The server's own: they can quote values. Null where it had none. */
  readonly words?: string | null;
  /** How often a creation was sent whose record never appeared in a list. */
  readonly sends?: number;
}

/** @param saw both sides as the refused write was decided on */
export function refusedCase(linkId: string, failure: Failure, saw: PairHashes): NewCase<RefusedDetails> {
  const { system, method, path } = failure.context;
  const [fields, words] = failure instanceof InvalidRecord ? [failure.fields, failure.words] : [[], null];
  const details = { failure: failure.type, system, method, path, fields, words };
  return { kind: refused.code, subject: linkId, linkId, details, saw };
}

/** A creation was sent again and again, and no list shows its record. @param sends how often it was sent */
export function neverAppearedCase(
  linkId: string,
  system: SystemName,
  sends: number,
  saw: PairHashes,
): NewCase<RefusedDetails> {
  return { kind: refused.code, subject: linkId, linkId, details: { failure: neverAppeared, system, sends }, saw };
}
