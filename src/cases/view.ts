/**
 * A case for anyone who answers it: the question, and both records as they are now rather than as they were when it came up. Codes and
 * values; a terminal or a page puts them into words. Values are personal data: for the eyes of that person only.
 */
import { type CanonicalFields, type FieldName, type FieldValue, type SystemName, systemNames } from '../core/record.js';
import { alternativesOf } from '../core/events/alternatives.js';
import { findBooking } from '../store/bookings.js';
import { type CatalogueSession, catalogueSessions, productOfSession } from '../store/catalogue.js';
import type { Case } from '../store/cases.js';
import type { Sql } from '../store/database.js';
import { sizeOfHold } from '../store/guard.js';
import { type LinkedPair, pairsByIds } from '../store/links.js';
import { pairHashes } from '../store/linkState.js';
import { type FieldWrite, type KnownRecord, knownRecords, lastWrites } from '../store/journal.js';
import type { BookingDetails } from './bookings.js';
import { type CaseFact, factsOf, kindOf } from './index.js';
import type { Kind } from './kind.js';

export interface CaseView {
  readonly question: Case;
  readonly kind: Kind;
  /** What its details say. */
  readonly facts: readonly CaseFact[];
  /** Null: the question is about no link, or the link is not there any more. */
  readonly pair: LinkedPair | null;
  /** The records in question, as we know them now, those that are gone too. */
  readonly records: readonly KnownRecord[];
  /** Our writes to the field in question, newest first. */
  readonly writes: readonly FieldWrite[];
  /** Of a registration without a place: other sessions of the product, as far as the catalogue's mirror knows them. */
  readonly alternatives: readonly CatalogueSession[];
  /** Fields that are not as they were when the question came up last, by system; null: nothing tells. */
  readonly changed: Readonly<Record<SystemName, readonly FieldName[]>> | null;
}

/** Reads what there is to know about a case. */
export async function caseView(sql: Sql, question: Case): Promise<CaseView> {
  const { scope, field, linkId } = question;
  const kind = kindOf(question.kind);
  const pair = linkId === null ? null : ((await pairsByIds(sql, scope, [linkId], 'values')).get(linkId) ?? null);
  const ids = pair === null ? idsOfSubject(question.subject) : idsOfPair(pair);
  const [records, writes, held, alternatives] = await Promise.all([
    knownRecords(sql, scope, ids),
    linkId !== null && kind.shows.writes > 0
      ? lastWrites(sql, scope, linkId, field, kind.shows.writes)
      : ([] as FieldWrite[]),
    kind.answers.goOn ? sizeOfHold(sql, question.id) : undefined,
    kind.answers.session === true && linkId !== null ? alternativesFor(sql, question, linkId) : [],
  ]);
  const changed = pair === null ? null : changedSince(question, pair);
  return {
    question,
    kind,
    facts: factsOf(held === undefined ? question : { ...question, held }),
    pair,
    records,
    writes,
    alternatives,
    changed,
  };
}

async function alternativesFor(
  sql: Sql,
  { scope, details }: Case,
  linkId: string,
): Promise<readonly CatalogueSession[]> {
  const [full] = ((details ?? {}) as BookingDetails).sessions ?? [];
  const known = full === undefined ? null : await productOfSession(sql, scope, full);
  if (full === undefined || known === null) return [];
  const nowMs = Date.now();
  const sessions = await catalogueSessions(sql, scope, { fromMs: nowMs, of: known.productId });
  const people = (await findBooking(sql, scope, linkId))?.clients.length ?? 1;
  return alternativesOf({ id: full, startsAtMs: known.startsAtMs }, sessions, { people, nowMs });
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
  const asked = valuesWhenAsked(question);
  if (asked === null) return null;
  const changed = (system: SystemName) =>
    (asked[system] ?? null) === (pair.shadows[system]?.fields[field] ?? null) ? [] : [field];
  return { yapla: changed('yapla'), yoplanning: changed('yoplanning') };
}

/** Both values as they were when the question came up; null where the case does not hold them. */
export function valuesWhenAsked({ details }: Pick<Case, 'details'>): CanonicalFields | null {
  if (typeof details !== 'object' || details === null) return null;
  return systemNames.every((system) => system in details) ? (details as CanonicalFields) : null;
}

/** The field in question, in one system. */
export interface FieldSide {
  readonly system: SystemName;
  /** Of the link's record there. */
  readonly id: string | null;
  /** False: there is no such record, or it is gone. */
  readonly isThere: boolean;
  /** Undefined: the system does not return the field. */
  readonly value: FieldValue | undefined;
  /** Whether it left the base; null where that cannot be said. */
  readonly hasMoved: boolean | null;
  readonly record: KnownRecord | null;
  readonly writes: readonly FieldWrite[];
}

/** The field in question on both sides, and the value on which both agreed last. Null: the link is not there any more. */
export function fieldSides({ question, pair, records, writes }: CaseView): {
  readonly sides: readonly FieldSide[];
  /** Null: they never agreed on this field. */
  readonly base: { readonly value: FieldValue | undefined } | null;
} | null {
  if (pair === null) return null;
  const { field } = question;
  const base = pair.base?.[field];
  const now = pairHashes(pair);
  const sides = systemNames.map((system) => {
    const shadow = pair.shadows[system];
    return {
      system,
      id: pair.ids[system],
      isThere: shadow !== null,
      value: shadow?.fields[field],
      hasMoved: shadow === null || base === undefined ? null : now[system]?.[field] !== base,
      record: records.find((one) => one.system === system) ?? null,
      writes: writes.filter((one) => one.system === system),
    };
  });
  return { sides, base: base === undefined ? null : { value: pair.baseFields?.[field] } };
}

/** Fields of both records, side by side. */
export interface Differences {
  /** Null: there is no record; a field that is not there is not returned. */
  readonly sides: Readonly<Record<SystemName, CanonicalFields | null>>;
  /** Where they differ; all, where there is one record only. */
  readonly fields: readonly FieldName[];
}

export function differencesOf({ pair, records }: CaseView): Differences {
  const of = (system: SystemName) =>
    pair?.shadows[system]?.fields ?? records.find((one) => one.system === system)?.fields ?? null;
  const sides = { yapla: of('yapla'), yoplanning: of('yoplanning') };
  const names = [...new Set(systemNames.flatMap((system) => Object.keys(sides[system] ?? {})))];
  const both = sides.yapla !== null && sides.yoplanning !== null;
  return { sides, fields: names.filter((name) => !both || sides.yapla?.[name] !== sides.yoplanning?.[name]) };
}
