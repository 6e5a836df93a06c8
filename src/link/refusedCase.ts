import { InvalidRecord, type Failure } from '../http/failures.js';
import type { NewCase } from '../store/cases.js';
import type { PairHashes } from './view.js';

/** The question about a record that a system does not take. The server's own words can quote values: they stay with the case, in Postgres. */
export function refusedCase(linkId: string, failure: Failure, saw: PairHashes): NewCase {
  const { system, method, path } = failure.context;
  const [fields, words] = failure instanceof InvalidRecord ? [failure.fields, failure.words] : [[], null];
  return {
    kind: 'refused',
    subject: linkId,
    linkId,
    details: { failure: failure.type, system, method, path, fields, words },
    saw,
  };
}
