/** What `passerelle case` shows: the question, and both records as they are now rather than as they were when it came up. */
import { systemNames, type CanonicalFields, type FieldName, type SystemName } from '../core/record.js';
import type { Case } from '../store/cases.js';
import type { Sql } from '../store/database.js';
import { liveSubject, sizeOfHold } from '../store/guard.js';
import { pairsByIds, type LinkedPair } from '../store/links.js';
import { knownRecords, lastWrites, type FieldWrite, type KnownRecord } from '../store/provenance.js';
import { pairHashes } from '../sync/decideLink.js';

export interface CaseView {
  readonly question: Case;
  /** Null: the question is about no link, or the link is not there any more. */
  readonly pair: LinkedPair | null;
  /** The records in question, as we know them now, those that are gone too. */
  readonly records: readonly KnownRecord[];
  /** Our writes to the field in question, newest first. */
  readonly writes: readonly FieldWrite[];
  /** Fields that are not as they were when the question came up last, by system; null: nothing tells. */
  readonly changed: Readonly<Record<SystemName, readonly FieldName[]>> | null;
  /** What the guard of live work holds by this case; null: it is another question. */
  readonly held: { readonly links: number; readonly fields: number } | null;
}

/** Enough to see a field go to and fro. */
const writesOfFrozen = 6;

/** Reads what there is to know about a case. */
export async function caseView(sql: Sql, question: Case): Promise<CaseView> {
  const { connectionId, kind, field } = question;
  const linkId = linkOf(question);
  const pair = linkId === null ? null : ((await pairsByIds(sql, connectionId, [linkId], 'values')).get(linkId) ?? null);
  const ids = pair === null ? idsOfSubject(question.subject) : idsOfPair(pair);
  const isAboutField = linkId !== null && field !== '';
  const isLiveGuard = kind === 'guard' && question.subject === liveSubject;
  const [records, writes, held] = await Promise.all([
    knownRecords(sql, connectionId, ids),
    isAboutField ? lastWrites(sql, connectionId, linkId, field, kind === 'frozen' ? writesOfFrozen : 1) : [],
    isLiveGuard ? sizeOfHold(sql, question.id) : null,
  ]);
  return { question, pair, records, writes, held, changed: pair === null ? null : changedSince(question, pair) };
}

/** The link whose workflow carries the answer out; null for questions about none. */
export function linkOf({ kind, linkId, subject }: Pick<Case, 'kind' | 'linkId' | 'subject'>): string | null {
  return linkId ?? (kind === 'create' ? subject : null);
}

function idsOfPair({ ids }: LinkedPair): Record<SystemName, string[]> {
  return { yapla: ids.yapla === null ? [] : [ids.yapla], yoplanning: ids.yoplanning === null ? [] : [ids.yoplanning] };
}

/** `yapla:1042 yoplanning:8d23…`; what is no record (`plan/7`) is left out. */
function idsOfSubject(subject: string): Record<SystemName, string[]> {
  const of = (system: SystemName) =>
    subject.split(' ').flatMap((one) => (one.startsWith(`${system}:`) ? [one.slice(system.length + 1)] : []));
  return { yapla: of('yapla'), yoplanning: of('yoplanning') };
}

function changedSince(question: Case, pair: LinkedPair): CaseView['changed'] {
  const { saw, field } = question;
  if (saw !== null) {
    const now = pairHashes(pair);
    const changed = (system: SystemName) => {
      const names =
        field === '' ? [...new Set([...Object.keys(saw[system] ?? {}), ...Object.keys(now[system] ?? {})])] : [field];
      return names.filter((name) => saw[system]?.[name] !== now[system]?.[name]);
    };
    return { yapla: changed('yapla'), yoplanning: changed('yoplanning') };
  }
  const asked = valuesAsked(question);
  if (asked === null) return null;
  const changed = (system: SystemName) =>
    (asked[system] ?? null) === (pair.shadows[system]?.fields[field] ?? null) ? [] : [field];
  return { yapla: changed('yapla'), yoplanning: changed('yoplanning') };
}

/** Both values and the base as they were when the question came up; null where the case does not hold them. */
export function valuesAsked({ details }: Pick<Case, 'details'>): CanonicalFields | null {
  if (typeof details !== 'object' || details === null) return null;
  return systemNames.every((system) => system in details) ? (details as CanonicalFields) : null;
}
