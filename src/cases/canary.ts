/** A write changed something that is not mapped: the picture that we have of the system may be wrong. Enough of them stop the connection. */
import { getProperty } from 'dot-prop';
import type { JsonObject } from '../core/document.js';
import type { SystemName } from '../core/record.js';
import type { NewCase } from '../store/cases.js';
import { noAnswers, type Kind } from './kind.js';

export const canary = {
  code: 'canary',
  about: 'records',
  answers: { ...noAnswers, close: 'mended' },
  holds: null,
  endsByMerging: false,
  stands: () => true,
  shows: { what: 'details', writes: 0 },
  facts: ({ subject, details }) => {
    const { requestId = null, changed = [], before = {}, after = {} } = (details ?? {}) as Partial<CanaryDetails>;
    const changes = changed.map((path) => ({
      path,
      before: getProperty(before, path),
      after: getProperty(after, path),
    }));
    return [{ code: 'changedUnmapped' as const, record: subject, requestId, changes }];
  },
} as const satisfies Kind;

export interface CanaryDetails {
  /** The request that wrote; null: nobody knows it. */
  readonly requestId: string | null;
  /** Dotted paths in the document. */
  readonly changed: readonly string[];
  /** The whole document as it was read, and as the write's answer showed it. */
  readonly before: JsonObject;
  readonly after: JsonObject;
}

/** @param id of the record written */
export function canaryCase(
  linkId: string,
  system: SystemName,
  id: string,
  details: CanaryDetails,
): NewCase<CanaryDetails> {
  return { kind: canary.code, subject: `${system}:${id}`, linkId, details };
}
