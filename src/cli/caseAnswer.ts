/** From the options of `passerelle resolve` to an answer: checked against the case and the field before anything is stored. */
import type { FieldsConfig } from '../config/fields.js';
import { isUnderstood, normaliseValue } from '../core/normalise.js';
import type { FieldType, FieldValue } from '../core/record.js';
import { answersOf, type Answer } from '../store/caseAnswers.js';
import type { Case } from '../store/cases.js';
import { UsageError } from './program.js';

export interface ResolveOptions {
  /** `yapla`, `yoplanning`, `create`, or a value of the person's own; the empty string clears the field. */
  readonly take?: string;
  /** A value, whatever it reads: for one that happens to be a word that `take` knows. */
  readonly value?: string;
  readonly close?: boolean;
  readonly why?: string;
  readonly remember?: boolean;
}

export interface FieldSettings {
  readonly fields: FieldsConfig;
  /** ISO 3166 country of phone numbers written without a country code. */
  readonly defaultCountry: string;
}

export type Resolution =
  | { readonly close: true; readonly why: string | null; readonly goOn?: true }
  | {
      readonly close: false;
      readonly answer: Answer;
      /** The answer becomes the field's rule. */
      readonly remember: boolean;
    };

type Question = Pick<Case, 'id' | 'kind' | 'field' | 'planNumber' | 'connectionId'>;

/** @throws {UsageError} the options contradict each other, or do not answer a case of this kind, or the value is none of the field's type */
export function readResolution(options: ResolveOptions, question: Question, settings: FieldSettings): Resolution {
  const given = [options.take, options.value, options.close].filter((one) => one !== undefined);
  if (given.length !== 1) throw new UsageError('expected one of --take, --value and --close');
  if (options.why !== undefined && options.close === undefined)
    throw new UsageError('--why goes with --close: an answer speaks for itself');
  if (question.kind === 'guard' && question.planNumber === null) return readGoOn(options, question);
  if (question.kind === 'guard')
    throw new UsageError(
      `case ${question.id} is about a whole plan: "passerelle approve ${question.connectionId} ${question.planNumber}" or "passerelle reject" answers it`,
    );
  const takes = answersOf(question.kind);
  if (options.close !== undefined) {
    if (options.remember === true) throw notRemembered();
    if (!takes.close)
      throw new UsageError(
        `case ${question.id} (${question.kind}) asks which value ${question.field} takes: answer with --take yapla, --take yoplanning or --take <value>`,
      );
    return { close: true, why: options.why ?? null };
  }
  const answer = readAnswer(options, question, settings);
  const remember = options.remember === true;
  if (remember && (question.kind !== 'conflict' || answer.take === 'value' || answer.take === 'create'))
    throw notRemembered();
  return { close: false, answer, remember };
}

/** What the guard of live work holds goes on, or is settled where it began: nothing else answers it. */
function readGoOn({ take, close, why, remember }: ResolveOptions, { id }: Question): Resolution {
  if (remember === true) throw notRemembered();
  if (close !== undefined) return { close: true, why: why ?? null };
  if (take === 'go-on') return { close: true, why: null, goOn: true };
  throw new UsageError(`case ${id} (guard) asks whether to go on: answer with --take go-on, or --close`);
}

function notRemembered(): UsageError {
  return new UsageError(
    '--remember makes a rule of an answer to a conflict: it goes with --take yapla or --take yoplanning',
  );
}

function readAnswer({ take, value }: ResolveOptions, question: Question, settings: FieldSettings): Answer {
  const { id, kind } = question;
  const takes = answersOf(kind);
  if (takes.create) {
    if (take === 'create') return { take };
    throw new UsageError(`case ${id} asks whether to create a person: answer with --take create, or --close`);
  }
  if (!takes.value)
    throw new UsageError(
      `case ${id} (${kind}) does not ask for a value: see "passerelle case ${id}", and close it with --close`,
    );
  if (take === 'yapla' || take === 'yoplanning') return { take };
  if (take === 'create')
    throw new UsageError(
      `case ${id} (${kind}) asks for a value, and "create" answers another kind of case; for the word itself: --value create`,
    );
  return { take: 'value', value: readValue(take ?? value ?? '', question, settings) };
}

/** What a value of each type looks like, for whoever entered something else. */
const expected: Readonly<Record<Exclude<FieldType, 'text' | 'name'>, string>> = {
  email: 'an e-mail address, such as name@example.org',
  phone: 'a phone number, such as +33 6 12 34 56 78',
  date: 'a day that exists, as 2001-05-03 or 03/05/2001 (day first)',
  country: 'a country, by its ISO code (FR) or its French or English name',
  language: 'a language, by its ISO code (fr) or its French or English name',
};

function readValue(text: string, { id, field }: Question, { fields, defaultCountry }: FieldSettings): FieldValue {
  const settings = fields[field];
  if (settings === undefined)
    throw new UsageError(
      `case ${id} is about the field ${field}, which the configuration does not map any more: only --take yapla and --take yoplanning answer it`,
    );
  const { type } = settings;
  const value = normaliseValue(type, text, { defaultCountry });
  if (type !== 'text' && type !== 'name' && !isUnderstood(type, value, { defaultCountry }))
    throw new UsageError(`${field} is of type ${type}: expected ${expected[type]}`);
  return value;
}
