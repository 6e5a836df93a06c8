/** A person's answer to a case: checked against the kind and the field before anything is stored, then stored. */
import type { FieldsConfig } from '../config/fields.js';
import type { BookingAnswer } from '../core/events/bookings.js';
import { choicesOf } from '../core/choices.js';
import { isUnderstood, normaliseValue } from '../core/normalise.js';
import type { FieldType, SystemName } from '../core/record.js';
import { chooseSession } from '../store/bookings.js';
import { carryOutDeed } from '../store/audit.js';
import {
  type Answer,
  type Case,
  CaseClosed,
  storeAnswer,
  storeClosing,
  UnfitAnswer,
  UnknownCase,
} from '../store/cases.js';
import type { Sql, Transaction } from '../store/database.js';
import { rememberRule } from '../store/fieldRules.js';
import { releaseHold } from '../store/guard.js';
import { answersOf, kindsThat } from './index.js';

/** What a person says, as they say it. */
export type Given =
  /** `goOn`: what is held under the case is meant. */
  (
    | { readonly take: SystemName | 'create' | 'goOn' | BookingAnswer }
    /** Book it in this session of Yoplanning instead, by its id. */
    | { readonly take: 'session'; readonly session: string }
    /** A value as it was entered; the empty text clears the field. */
    | { readonly take: 'value'; readonly text: string }
    /** @param why kept with the case */
    | { readonly take: 'close'; readonly why: string | null }
  ) & {
    /** The answer is to become the field's rule for the connection. */
    readonly remember: boolean;
  };

/** An answer that fits its case. */
export type Resolution =
  /** `goOn`: closed by the word that what was held under it is meant. */
  | { readonly close: true; readonly why: string | null; readonly goOn?: true }
  /** `session`: in which it is to be booked. */
  | { readonly close: false; readonly answer: Answer; readonly remember: boolean; readonly session?: string };

/** Types of fields that take some texts only. */
export type CheckedType = Exclude<FieldType, 'text' | 'name'>;

/**
 * Why an answer does not fit its case:
 * - `answeredByPlan`: approving or rejecting the plan answers it;
 * - `asksForValue`: it is not closed without a value, or was answered by `create` or `goOn`; `asksForNoValue`: it is only closed;
 * - `asksWhetherToCreate`: it takes `create`, or is closed; `asksWhetherToGoOn`: the same of `goOn`;
 * - `asksAboutOrder`: it is answered by what shall become of an order, `answers`; `isAboutNoOrder`: it is not;
 * - `notRemembered`: it makes no rule;
 * - `fieldNotMapped`: the configuration knows the field no more, so no value of the person's own can be written;
 * - `notOfType`: the text is none of the field's type;
 * - `notAChoice`: no row of the field's table has it; `values`: those that configuration gives.
 */
export type AnswerProblem =
  | {
      readonly code:
        | 'answeredByPlan'
        | 'asksForValue'
        | 'asksForNoValue'
        | 'asksWhetherToCreate'
        | 'asksWhetherToGoOn'
        | 'notRemembered'
        | 'isAboutNoOrder'
        | 'fieldNotMapped';
    }
  | { readonly code: 'asksAboutOrder'; readonly answers: readonly BookingAnswer[] }
  | { readonly code: 'notOfType'; readonly type: CheckedType }
  | { readonly code: 'notAChoice'; readonly type: FieldType; readonly values: readonly string[] };

function isBookingAnswer(take: Given['take']): take is BookingAnswer {
  return take === 'carryOut' || take === 'keep' || take === 'wait';
}

export interface FieldSettings {
  readonly fields: FieldsConfig;
  /** ISO 3166 country of phone numbers written without a country code. */
  readonly defaultCountry: string;
}

/** An answer that can be stored, or what is wrong with it. Values are normalised as those of the systems are. */
export function checkAnswer(
  { kind, field }: Pick<Case, 'kind' | 'field'>,
  given: Given,
  settings: FieldSettings,
): { readonly resolution: Resolution } | { readonly problem: AnswerProblem } {
  const answers = answersOf(kind);
  const { remember } = given;
  const isSystems = given.take === 'yapla' || given.take === 'yoplanning';
  if (answers.plan) return { problem: { code: 'answeredByPlan' } };
  if (given.take === 'close') {
    if (remember) return { problem: { code: 'notRemembered' } };
    if (answers.close === null) return { problem: { code: 'asksForValue' } };
    return { resolution: { close: true, why: given.why } };
  }
  if (answers.booking !== undefined) {
    if (remember) return { problem: { code: 'notRemembered' } };
    const { take } = given;
    if (given.take === 'session' && answers.session === true) {
      const { session } = given;
      return { resolution: { close: false, answer: { take: 'carryOut' }, remember: false, session } };
    }
    return isBookingAnswer(take) && answers.booking.includes(take)
      ? { resolution: { close: false, answer: { take }, remember: false } }
      : { problem: { code: 'asksAboutOrder', answers: answers.booking } };
  }
  if (isBookingAnswer(given.take) || given.take === 'session') return { problem: { code: 'isAboutNoOrder' } };
  if (answers.create && given.take !== 'create') return { problem: { code: 'asksWhetherToCreate' } };
  if (answers.goOn && given.take !== 'goOn') return { problem: { code: 'asksWhetherToGoOn' } };
  if (!answers.create && !answers.goOn && !answers.value) return { problem: { code: 'asksForNoValue' } };
  if (answers.value && (given.take === 'create' || given.take === 'goOn')) return { problem: { code: 'asksForValue' } };
  if (remember && !(answers.remember && isSystems)) return { problem: { code: 'notRemembered' } };
  if (given.take === 'goOn') return { resolution: { close: true, why: null, goOn: true } };
  if (given.take !== 'value') return { resolution: { close: false, answer: { take: given.take }, remember } };

  const mapped = settings.fields[field];
  if (mapped === undefined) return { problem: { code: 'fieldNotMapped' } };
  const { type } = mapped;
  const { defaultCountry } = settings;
  const table = choicesOf(mapped);
  const entered = normaliseValue(table === null ? type : 'name', given.text, { defaultCountry });
  const value = table === null || entered === null ? entered : table.valueOf(entered);
  if (entered !== null && value === null)
    return { problem: { code: 'notAChoice', type, values: Object.keys(mapped.choices ?? {}) } };
  if (table !== null) return { resolution: { close: false, answer: { take: 'value', value }, remember } };
  if (type !== 'text' && type !== 'name' && !isUnderstood(type, value, { defaultCountry }))
    return { problem: { code: 'notOfType', type } };
  return { resolution: { close: false, answer: { take: 'value', value }, remember } };
}

/**
 * Stores an answer to an open case, which the link's next decision carries out. A second answer, before the first is carried out,
 * replaces it.
 *
 * @param by who answers
 * @throws {UnknownCase} {@link CaseClosed} {@link UnfitAnswer}
 */
export async function answerCase(sql: Sql | Transaction, caseId: number, answer: Answer, by: string): Promise<void> {
  const { take } = answer;
  const fitting = kindsThat(({ answers }) =>
    isBookingAnswer(take)
      ? answers.booking?.includes(take) === true
      : take === 'create'
        ? answers.create
        : answers.value,
  );
  await storeAnswer(sql, caseId, answer, by, fitting);
}

/** Closes a case without an answer (see `Closing`). One under which writes are held is closed by letting them go on (`releaseHold`). @throws as answerCase */
export async function closeCase(sql: Sql | Transaction, caseId: number, by: string, why: string | null): Promise<void> {
  await storeClosing(
    sql,
    caseId,
    by,
    why,
    kindsThat(({ answers }) => answers.close !== null && !answers.goOn),
  );
}

/**
 * Stores a resolution, and the rule that it makes: all or nothing. Who gave it is noted (`audit`): the case has the last answer only.
 *
 * @throws as answerCase, closeCase and releaseHold
 */
export async function storeResolution(
  sql: Sql,
  question: Pick<Case, 'id' | 'kind' | 'scope' | 'field' | 'linkId' | 'answeredBy'>,
  resolution: Resolution,
  by: string,
): Promise<void> {
  const take = resolution.close ? (resolution.goOn === true ? 'goOn' : 'close') : resolution.answer.take;
  const session = resolution.close || resolution.session === undefined ? {} : { session: resolution.session };
  const about = { case: question.id, take, ...session, ...(question.answeredBy === null ? {} : { replaces: true }) };
  const isRefusal = (error: unknown) =>
    error instanceof UnknownCase || error instanceof CaseClosed || error instanceof UnfitAnswer;
  await carryOutDeed(
    sql,
    { ...question.scope, verb: 'answer', by, about },
    () => store(sql, question, resolution, by),
    isRefusal,
  );
}

async function store(
  sql: Sql,
  { id, kind, scope, field, linkId }: Pick<Case, 'id' | 'kind' | 'scope' | 'field' | 'linkId'>,
  resolution: Resolution,
  by: string,
): Promise<void> {
  if (resolution.close && answersOf(kind).goOn) {
    const why = resolution.why === null ? {} : { why: resolution.why };
    await releaseHold(sql, id, { take: resolution.goOn === true ? 'goOn' : 'close', ...why }, by);
    return;
  }
  if (resolution.close) return await closeCase(sql, id, by, resolution.why);
  const { answer, remember, session } = resolution;
  await sql.begin(async (tx) => {
    // First: the answer makes whoever decides look, and they are to see the session.
    if (session !== undefined && linkId !== null) await chooseSession(tx, scope, linkId, session);
    await answerCase(tx, id, answer, by);
    if (remember && (answer.take === 'yapla' || answer.take === 'yoplanning'))
      await rememberRule(tx, scope, field, answer.take, id, by);
  });
}
