/**
 * All kinds of cases, and what the engine asks of a link's cases: what they hold back, which of them answered themselves, what was
 * asked already, which answers are to be carried out. Pure, and the same for live work and bulk.
 */
import type { Decision } from '../core/decide.js';
import { type FieldName, type SystemName, systemNames } from '../core/record.js';
import type { CaseAnswer, LinkCase } from '../store/cases.js';
import type { PairHashes } from '../store/linkState.js';
import { bookingKinds, eventNotMapped, secondOrder, unreadableEvent } from './bookings.js';
import { canary } from './canary.js';
import { conflict } from './conflict.js';
import { create } from './create.js';
import { doubt } from './doubt.js';
import { frozen } from './frozen.js';
import { guard } from './guard.js';
import { type Answers, type Kind, type Told, unknownKind } from './kind.js';
import { massChange } from './massChange.js';
import { notImported } from './notImported.js';
import { notTaken } from './notTaken.js';
import { refused } from './refused.js';
import { removal } from './removal.js';
import { unreadable } from './unreadable.js';

/** Every kind, by its code. */
export const kinds = {
  conflict,
  doubt,
  removal,
  refused,
  notTaken,
  notImported,
  frozen,
  canary,
  guard,
  massChange,
  create,
  unreadable,
  ...bookingKinds,
  eventNotMapped,
  secondOrder,
  unreadableEvent,
} as const;

export type CaseKind = keyof typeof kinds;

/** What can be told of a case's details: a terminal or a page has words for each code. */
export type CaseFact = ReturnType<(typeof kinds)[CaseKind]['facts']>[number];

export function isKind(code: string): code is CaseKind {
  return Object.hasOwn(kinds, code);
}

/** A kind by the code that is stored; `unknownKind` for one that this version does not know. */
export function kindOf(code: string): Kind {
  return isKind(code) ? kinds[code] : unknownKind;
}

/** Codes of kinds, for statements that close or answer cases. */
export function kindsThat(fit: (kind: Kind) => boolean): string[] {
  return Object.values<Kind>(kinds).flatMap((kind) => (fit(kind) ? [kind.code] : []));
}

export function answersOf(code: string): Answers {
  return kindOf(code).answers;
}

export function factsOf(question: Told & { readonly kind: string }): readonly CaseFact[] {
  return kindOf(question.kind).facts(question) as readonly CaseFact[];
}

/** Those that ask about the link or one of its fields. Others name it, and are none of its workflow's business. */
export function questionsOf<Question extends Pick<LinkCase, 'kind'>>(cases: readonly Question[]): Question[] {
  return cases.filter(({ kind }) => {
    const { about } = kindOf(kind);
    return about === 'link' || about === 'field';
  });
}

/** What open cases hold back of a link. */
export interface Held {
  /** No system is written and nobody is created. */
  readonly link: boolean;
  /** Neither written nor asked about once more. */
  readonly fields: ReadonlySet<FieldName>;
}

/**
 * What of a link its open cases hold back. An answer that waits to be carried out changes nothing here: who carries it out does so all
 * the same.
 *
 * @param now both sides as they are decided on
 */
export function heldBy(cases: readonly LinkCase[], now: PairHashes): Held {
  const holding = (what: 'link' | 'field') =>
    cases.filter((one) => {
      const { holds } = kindOf(one.kind);
      return holds?.what === what && holds.isHolding(one, now);
    });
  // A record that is still to be made takes every field: what was held back was held back of the one before it.
  const isPair = systemNames.every((system) => now[system] !== null);
  return {
    link: holding('link').length > 0,
    fields: new Set(isPair ? holding('field').map(({ field }) => field) : []),
  };
}

/**
 * The cases that are no question any more: to be closed (`closeSettled`).
 *
 * @param wanted as it would be decided if everything were allowed
 */
export function settledCases(cases: readonly LinkCase[], wanted: Decision): LinkCase[] {
  return questionsOf(cases).filter((one) => !kindOf(one.kind).stands(one, wanted));
}

/** What is known of a link's questions: the open ones, and those that a person closed without more (`LinkState.declined`). */
export interface Asked {
  readonly cases: readonly Pick<LinkCase, 'kind' | 'subject'>[];
  readonly declined: ReadonlySet<string>;
}

/**
 * The question is not to be asked: it is open, or a person said to leave it.
 *
 * @param subject what it is about: what was asked about one record of a link says nothing about the other
 */
export function isAsked({ cases, declined }: Asked, kind: CaseKind, subject: string): boolean {
  return (
    (answersOf(kind).close === 'notAskedAgain' && declined.has(`${kind} ${subject}`)) ||
    cases.some((one) => one.kind === kind && one.subject === subject)
  );
}

/** The fields about which a question of this kind is open. */
export function fieldsAsked(cases: readonly Pick<LinkCase, 'kind' | 'field'>[], kind: CaseKind): FieldName[] {
  return cases.flatMap((one) => (one.kind === kind ? [one.field] : []));
}

/** What persons answered, in the form in which it is decided on. */
export interface Answered {
  /** By field: whose value it takes. `value`: one of the person's own, which goes to both systems. */
  readonly fields: Readonly<Record<FieldName, SystemName | 'value'>>;
  /** The person may be created where they are not known. */
  readonly create: boolean;
}

/** @param answers not carried out yet, oldest case first: of two about one field the younger case's counts */
export function toCarryOut(answers: readonly CaseAnswer[]): Answered {
  const fields: Record<FieldName, SystemName | 'value'> = {};
  for (const { field, take } of answers) if (isValue(take)) fields[field] = take;
  return { fields, create: answers.some(({ take }) => take === 'create') };
}

function isValue(take: CaseAnswer['take']): take is SystemName | 'value' {
  return take === 'yapla' || take === 'yoplanning' || take === 'value';
}

/** Of these answers those that were carried out. @param done the fields that were decided as answered, and whether somebody was created */
export function carriedOut(
  answers: readonly CaseAnswer[],
  done: { readonly fields: readonly FieldName[]; readonly created: boolean },
): CaseAnswer[] {
  return answers.filter(({ field, take }) => (take === 'create' ? done.created : done.fields.includes(field)));
}
