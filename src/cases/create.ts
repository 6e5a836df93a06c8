/** A person is known to one system only, and the connection's rule is to ask before creating. */
import type { NewCase } from '../store/cases.js';
import { noAnswers, type Kind } from './kind.js';

export const create = {
  code: 'create',
  about: 'link',
  answers: { ...noAnswers, create: true, close: 'notAskedAgain' },
  // The connection's own rule keeps the person from being created.
  holds: null,
  endsByMerging: true,
  stands: (_, wanted) => wanted.create !== null,
  shows: { what: 'records', writes: 0 },
  facts: () => [],
} as const satisfies Kind;

export function createCase(linkId: string): NewCase<Record<string, never>> {
  return { kind: create.code, subject: linkId, linkId, details: {} };
}
