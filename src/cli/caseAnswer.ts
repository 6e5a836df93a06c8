/** From the options of `passerelle resolve` to an answer; what does not fit is told in the words of the command. */
import {
  checkAnswer,
  type AnswerProblem,
  type CheckedType,
  type FieldSettings,
  type Given,
  type Resolution,
} from '../cases/answers.js';
import { answersOf } from '../cases/index.js';
import type { Case } from '../store/cases.js';
import { answerWords } from './bookingText.js';
import { UsageError } from './program.js';

export interface ResolveOptions {
  /** `yapla`, `yoplanning`, `create`, `go-on`, `carry-out`, `keep`, `wait`, or a value of the person's own; the empty string clears the field. */
  readonly take?: string;
  /** A value, whatever it reads: for one that happens to be a word that `take` knows. */
  readonly value?: string;
  /** Id of a session of Yoplanning in which it is to be booked. */
  readonly session?: string;
  readonly close?: boolean;
  readonly why?: string;
  readonly remember?: boolean;
}

type Question = Pick<Case, 'id' | 'kind' | 'field' | 'planNumber' | 'scope'>;

/** @throws {UsageError} the options contradict each other, or do not answer a case of this kind, or the value is none of the field's type */
export function readResolution(options: ResolveOptions, question: Question, settings: FieldSettings): Resolution {
  const given = givenBy(options, question.kind);
  const checked = checkAnswer(question, given, settings);
  if ('problem' in checked) throw new UsageError(problemText(checked.problem, question, given));
  return checked.resolution;
}

/** `keep` and `wait` are values like any other where the case asks for one. */
function givenBy(options: ResolveOptions, kind: string): Given {
  const { take, value, session, close } = options;
  const remember = options.remember === true;
  if ([take, value, session, close].filter((one) => one !== undefined).length !== 1)
    throw new UsageError('expected one of --take, --value, --session and --close');
  if (options.why !== undefined && close === undefined)
    throw new UsageError('--why goes with --close: an answer speaks for itself');
  if (session === '') throw new UsageError('expected the id of a session behind --session');
  if (session !== undefined) return { take: 'session', session, remember };
  if (close !== undefined) return { take: 'close', why: options.why ?? null, remember };
  if (take === 'yapla' || take === 'yoplanning' || take === 'create') return { take, remember };
  if (take === 'go-on') return { take: 'goOn', remember };
  if (answersOf(kind).booking !== undefined && (take === 'keep' || take === 'wait')) return { take, remember };
  if (take === 'carry-out') return { take: 'carryOut', remember };
  return { take: 'value', text: take ?? value ?? '', remember };
}

/** What a value of each type looks like, for anyone who entered something else. */
const expected: Readonly<Record<CheckedType, string>> = {
  email: 'an e-mail address, such as name@example.org',
  phone: 'a phone number, such as +33 6 12 34 56 78',
  date: 'a day that exists, as 2001-05-03 or 03/05/2001 (day first)',
  country: 'a country, by its ISO code (FR) or its French or English name',
  language: 'a language, by its ISO code (fr) or its French or English name',
};

/** Words of `--take` for ways to answer. */
const words = { create: 'create', goOn: 'go-on', ...answerWords } as const;

function problemText(problem: AnswerProblem, question: Question, given: Given): string {
  const { id, kind, field, scope, planNumber } = question;
  switch (problem.code) {
    case 'answeredByPlan':
      return `case ${id} is about a whole plan: "passerelle approve ${scope.connectionId} ${planNumber ?? '<plan>'}" or "passerelle reject" answers it`;
    case 'asksForValue':
      return Object.hasOwn(words, given.take)
        ? `case ${id} (${kind}) asks for a value, and "${words[given.take as keyof typeof words]}" answers another kind of case; for the word itself: --value ${words[given.take as keyof typeof words]}`
        : `case ${id} (${kind}) asks which value ${field} takes: answer with --take yapla, --take yoplanning or --take <value>`;
    case 'asksForNoValue':
      return `case ${id} (${kind}) does not ask for a value: see "passerelle case ${id}", and close it with --close`;
    case 'asksWhetherToCreate': {
      const close = answersOf(kind).close === null ? '' : ', or --close';
      return `case ${id} asks whether to create a person: answer with --take create${close}`;
    }
    case 'asksWhetherToGoOn':
      return `case ${id} (${kind}) asks whether to go on: answer with --take go-on, or --close`;
    case 'asksAboutOrder':
      return `case ${id} (${kind}) asks what shall become of an order: answer with ${problem.answers.map((one) => `--take ${words[one]}`).join(' or ')}`;
    case 'isAboutNoOrder':
      return `case ${id} (${kind}) is about no order: see "passerelle case ${id}" for how to answer it`;
    case 'notRemembered':
      return '--remember makes a rule of an answer to a conflict: it goes with --take yapla or --take yoplanning';
    case 'fieldNotMapped':
      return `case ${id} is about the field ${field}, which the configuration does not map any more: only --take yapla and --take yoplanning answer it`;
    case 'notOfType':
      return `${field} is of type ${problem.type}: expected ${expected[problem.type]}`;
    case 'notAChoice': {
      const { type, values } = problem;
      const any = [...(type === 'country' || type === 'language' ? [expected[type]] : []), ...values];
      return `${field} is a choice: expected ${any.join(', or ')}`;
    }
  }
}
