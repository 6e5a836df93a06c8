/**
 * Cases, told to the person who answers them. Lists show ids and field names only; one case shows the values, because anyone who
 * answers must be able to judge. They go to the terminal and nowhere else.
 */
import { answersOf, type CaseFact, type CaseKind, isKind } from '../cases/index.js';
import { type CaseView, differencesOf, type FieldSide, fieldSides, valuesWhenAsked } from '../cases/view.js';
import { fullName, identifyingFields } from '../core/person.js';
import { type Scope, type SystemName, systemNames } from '../core/record.js';
import type { OpenCase } from '../store/cases.js';
import type { RememberedRule } from '../store/fieldRules.js';
import type { FieldWrite, KnownRecord } from '../store/journal.js';
import { type Output, table } from './output.js';
import { duration, guardText, liveGuardText } from './planText.js';
import {
  alternativeLines,
  answerWords,
  bookingQuestionTexts,
  hindranceText,
  noPlaceText,
  problemLine,
} from './bookingText.js';
import { visible } from './visible.js';

const systemLabels: Readonly<Record<SystemName, string>> = { yapla: 'Yapla', yoplanning: 'Yoplanning' };

type Question = Pick<OpenCase, 'id' | 'kind' | 'planNumber'> & { readonly scope: Pick<Scope, 'connectionId'> };

/** The command that answers a case, without `passerelle`. */
export function nextStep({ id, kind, planNumber, scope }: Question): string {
  const { value, create, goOn, close, plan, booking, map } = answersOf(kind);
  if (plan) return `approve ${scope.connectionId} ${planNumber ?? '<plan>'}, or reject`;
  if (map === true) return `events map ${scope.connectionId}`;
  if (booking !== undefined)
    return `case ${id}, then resolve ${id} --take ${booking.map((one) => answerWords[one]).join('|')}`;
  const again = close === 'triesAgain' ? ' to try again' : '';
  const orClose = close === null ? '' : `, or --close${again}`;
  if (value) return `resolve ${id} --take yapla|yoplanning|<value>${orClose}`;
  if (create) return `resolve ${id} --take create${orClose}`;
  if (goOn) return `case ${id}, then resolve ${id} --take go-on${orClose}`;
  return `case ${id}, then resolve ${id} --close${again}`;
}

/** Open cases as a table, with what to do about each. */
export function casesText(
  connectionId: string,
  cases: readonly OpenCase[],
  { bold }: Output['colours'],
  nowMs: number,
): string {
  const header = ['Case', 'Kind', 'Link', 'Field', 'Age', 'Next: passerelle …'].map(bold);
  const rows = cases.map((one) => [
    String(one.id),
    visible(one.kind),
    visible(one.linkId ?? one.subject),
    visible(one.field),
    duration((nowMs - one.openedAt.getTime()) / 1000),
    one.answeredBy === null
      ? nextStep({ ...one, scope: { connectionId } })
      : `(answered by ${visible(one.answeredBy)}, not carried out yet)`,
  ]);
  return table([header, ...rows], { right: [0] });
}

/** Remembered rules as a table. */
export function rulesText(rules: readonly RememberedRule[], { bold }: Output['colours']): string {
  const rows = rules.map(({ field, rule, caseId, madeAt, madeBy }) => [
    visible(field),
    visible(rule),
    `by ${visible(madeBy)}`,
    time(madeAt),
    caseId === null ? '' : `case ${caseId}`,
  ]);
  return table([['Field', 'Wins', 'Made', 'When', 'Answering'].map(bold), ...rows]);
}

const questions: Readonly<Record<CaseKind, string>> = {
  conflict: 'Both systems hold different values, and the field has no rule that decides.',
  frozen: 'Our own writes moved this field to and fro between the same values: it is left alone until you answer.',
  notTaken:
    'A system accepted a write and kept its old value: the field is left alone until one of the values changes.',
  notImported:
    'An import file was to bring this value, and the system does not show it: the field is left alone until one of the values changes.',
  refused: 'A system does not take this record: it is left alone until a value changes on either side.',
  removal: 'A linked record is gone from one system. Nothing is deleted in the other.',
  canary: 'A write changed values that are not mapped. The picture that we have of the system may be wrong.',
  doubt: 'These records may be one person, or several. None of them is linked or created until that is clear.',
  create: 'This person is known to one system only, and the rule is to ask before creating.',
  unreadable:
    'A record cannot be read as it stands in its system. Everybody else goes on; this one is left alone until it can be read.',
  guard: 'A plan is larger than the configured thresholds allow without a person.',
  ...bookingQuestionTexts,
  massChange:
    'Single changes would change more at once than the configured thresholds allow without a person: what goes beyond is held.',
};

const unknownQuestion = 'A question of a kind that this version of the program does not know: a newer one asked it.';

/** One case with all that helps to answer it. */
export function caseText(view: CaseView, output: Pick<Output, 'colours'>, nowMs: number): string {
  const { bold, dim } = output.colours;
  const { question } = view;
  const { id, kind, scope, openedAt, linkId, field } = question;
  const what = [
    visible(kind),
    ...(linkId === null ? [] : [`of ${visible(linkId)}`]),
    ...(field === '' ? [] : [`(${visible(field)})`]),
  ];
  const age = duration((nowMs - openedAt.getTime()) / 1000);
  return [
    `${bold(`Case ${id}: ${what.join(' ')}`)}  ${dim(`${visible(scope.connectionId)}, opened ${time(openedAt)} (${age} ago)`)}`,
    isKind(kind) ? questions[kind] : unknownQuestion,
    '',
    ...body(view, output),
    ...changedLines(view),
    '',
    stateLine(view),
  ].join('\n');
}

function body(view: CaseView, output: Pick<Output, 'colours'>): string[] {
  const facts = view.facts.flatMap(factLines);
  switch (view.kind.shows.what) {
    case 'values':
      return [...valueLines(view), ...facts];
    case 'differences':
      return [...facts, ...sideBySide(view, output)];
    case 'records':
      return [...facts, ...view.records.map(recordLine), ...sideBySide(view, output)];
    case 'people':
      return [...facts, ...view.records.map(personLine)];
    case 'details':
      return [...facts, ...alternativeLines(view.alternatives)];
  }
}

/** Whatever a case's details say, in words. */
function factLines(fact: CaseFact): string[] {
  switch (fact.code) {
    case 'flipped':
      return [`Our writes gave it the same value ${fact.times} times.`];
    case 'keptOldValue':
      return [`Kept its old value: ${systemLabels[fact.system]}`];
    case 'notImported':
      return [notImportedText(fact)];
    case 'refusal':
      return refusalLines(fact);
    case 'neverAppeared':
      return [
        `${labelOf(fact.system)}: never showed a record that was created there${fact.sends === null ? '' : `, and sent ${fact.sends} times`}.`,
        '',
      ];
    case 'unreadable':
      return [
        `${labelOf(fact.system)}${fact.position === null ? '' : `, at place ${fact.position + 1} of the list`}: ${visible(fact.what ?? 'not said why')}.`,
        'Correct the record there, or the setting that is named. It is read again when it changes, and with every list.',
        '',
      ];
    case 'gone':
      return [
        `Gone from ${systemLabels[fact.system]}: ${fact.proof === 'notListed' ? 'a complete list does not show it' : 'it has no record with that id (404)'}.`,
      ];
    case 'foundBy':
      return [`Found by: ${fact.rule === null ? 'unknown' : visible(fact.rule)}`];
    case 'changedUnmapped':
      return [
        `Record ${visible(fact.record)}${fact.requestId === null ? '' : `, request ${visible(fact.requestId)}`}. Before the write → in its answer:`,
        ...fact.changes.map(({ path, before, after }) => `    ${visible(path)}: ${json(before)} → ${json(after)}`),
      ];
    case 'thresholdExceeded':
      return [guardText(fact.trip)];
    case 'rateExceeded':
      return [`${liveGuardText(fact.trip)}.`];
    case 'hindrance':
      return [hindranceText(fact.why)];
    case 'noPlaceIn':
      return [noPlaceText(fact.sessions)];
    case 'orderRefusal':
      return [
        ...(fact.fields.length === 0 ? [] : [`Fields it names: ${fact.fields.map(visible).join(', ')}`]),
        ...(fact.words === null ? [] : [`Its words: ${visible(fact.words)}`]),
      ];
    case 'secondOrder':
      return [`The second order: ${visible(fact.order)}.`];
    case 'event':
      return [`Event: ${visible(fact.event)}`, 'Say where it goes: "passerelle events map".'];
    case 'problems':
      return fact.problems.map(problemLine);
    case 'holds':
      return [
        fact.what === 'created'
          ? `Held until you answer: the creation of ${fact.links} people. Everything else goes on.`
          : `Held until you answer: ${fact.fields} values of ${fact.links} people. Everything else goes on.`,
        'If it is a mistake, mend it in the system where it was made, then answer: what still differs then is written.',
      ];
  }
}

type FactOf<Code extends CaseFact['code']> = Extract<CaseFact, { readonly code: Code }>;

const notImportedTexts: Readonly<Record<FactOf<'notImported'>['why'], string>> = {
  notShown:
    'was imported, as far as we were told, and Yapla does not show the value. Enter it there by hand, or look whether the wizard names an error for this member',
  cleared: 'No file can carry it: an empty cell clears nothing. Empty the field in Yapla by hand, or take its value',
  noLabel:
    'No file can carry it: the table fields.*.choices has no label for the value, and the wizard refuses what it does not know',
  tooLong: 'No file can carry it: a cell holds 32,767 characters at most',
  noIdentifier:
    'No file can carry it: Yapla shows no member number of this record (yapla.write.identifier), by which the wizard could find it',
};

function notImportedText({ why, batches }: FactOf<'notImported'>): string {
  const files =
    batches === null ? '' : batches === 1 ? 'The file that had it ' : `Each of the ${batches} files that had it `;
  return `${why === 'notShown' ? files : ''}${notImportedTexts[why]}.`;
}

function refusalLines({ failure, system, method, path, fields, words }: FactOf<'refusal'>): string[] {
  const request = [method, path].filter((one) => one !== null).join(' ');
  return [
    `${labelOf(system)}: ${visible(failure ?? 'refused')}${request === '' ? '' : ` (${visible(request)})`}`,
    ...(fields.length === 0 ? [] : [`Fields it names: ${fields.map(visible).join(', ')}`]),
    ...(words === null ? [] : [`Its words: ${visible(typeof words === 'string' ? words : JSON.stringify(words))}`]),
    '',
  ];
}

function labelOf(system: string | null): string {
  if (system === null) return 'A system';
  return systemLabels[system as SystemName] ?? visible(system);
}

/** Both values and the base, and where each came from. */
function valueLines(view: CaseView): string[] {
  const field = fieldSides(view);
  if (field === null)
    return ['The link is not there any more: the next sync asks again where there is still something to ask.'];
  const agreed = field.base === null ? 'never agreed on this field' : quote(field.base.value);
  return [...field.sides.flatMap(sideLines), `Base (both agreed last): ${agreed}`];
}

function sideLines({ system, id, isThere, value, hasMoved, record, writes }: FieldSide): string[] {
  const moved = hasMoved === null ? '' : hasMoved ? ', changed' : ', as agreed';
  return [
    `${systemLabels[system]} ${visible(id ?? '')}: ${isThere ? quote(value) : 'no record'}${moved}`,
    ...(record === null ? [] : [`    ${whenLine(record)}`]),
    ...writes.map((one) => `    ${writeLine(one)}`),
  ];
}

function whenLine({ readAt, modifiedAt, goneAt }: KnownRecord): string {
  const modified =
    modifiedAt === null ? 'when it was modified there is not known' : `modified there ${time(modifiedAt)}`;
  return `read ${time(readAt)}, ${modified}${goneAt === null ? '' : `, gone since ${time(goneAt)}`}`;
}

function writeLine({ oldValue, newValue, origin, reason, at, outcome, requestId }: FieldWrite): string {
  const from =
    origin === 'person' ? 'answered by a person' : `from ${systemLabels[origin as SystemName] ?? visible(origin)}`;
  const request = requestId === null ? '' : `, request ${visible(requestId)}`;
  const unsure = outcome === null ? ', not known to have arrived' : '';
  return `we wrote ${quote(oldValue)} → ${quote(newValue)} on ${time(at)}, ${from} (${visible(reason)}${request}${unsure})`;
}

/** The fields of both records, where they differ or where there is one record only. */
function sideBySide(view: CaseView, { colours }: Pick<Output, 'colours'>): string[] {
  const { sides, fields } = differencesOf(view);
  if (fields.length === 0)
    return systemNames.every((system) => sides[system] !== null) ? ['Both records hold the same values.'] : [];
  const rows = fields.map((name) => [
    visible(name),
    ...systemNames.map((system) => (sides[system] === null ? '' : quote(sides[system][name]))),
  ]);
  return [table([['Field', ...systemNames.map((system) => systemLabels[system])].map(colours.bold), ...rows])];
}

function json(value: unknown): string {
  return value === undefined ? '(nothing)' : visible(JSON.stringify(value));
}

function recordLine(record: KnownRecord): string {
  return `${systemLabels[record.system]} ${visible(record.id)}: ${whenLine(record)}`;
}

/** A candidate of a doubt: what people are told apart by. */
function personLine({ system, id, fields, goneAt }: KnownRecord): string {
  const name = fullName(fields);
  const more = identifyingFields.flatMap((part) => {
    const value = fields[part];
    return value === undefined || value === null ? [] : [visible(value)];
  });
  const gone = goneAt === null ? '' : ` (gone since ${time(goneAt)})`;
  return `    ${systemLabels[system]} ${visible(id)}: ${[name === '' ? '(no name)' : visible(name), ...more].join(', ')}${gone}`;
}

function changedLines({ question, changed, pair }: CaseView): string[] {
  if (changed === null) return [];
  const moved = systemNames.filter((system) => changed[system].length > 0);
  if (moved.length === 0) return ['No value has changed since this was asked.'];
  const asked = valuesWhenAsked(question);
  return moved.map((system) => {
    if (asked !== null) return `Changed since this was asked: ${systemLabels[system]} held ${quote(asked[system])}.`;
    const what = pair?.shadows[system] === null ? 'the record' : visible(changed[system].join(', '));
    return `Changed since this was asked: ${what} in ${systemLabels[system]}.`;
  });
}

function stateLine({ question }: CaseView): string {
  const { answer, answeredAt, answeredBy, closedAt, closedBy } = question;
  const why = answer?.why === undefined ? '' : `: ${visible(answer.why)}`;
  const told = answer === null || answer.take === 'close' ? '' : ` (answer: ${answerText(answer)})`;
  if (closedAt !== null) return `Closed ${time(closedAt)} by ${visible(closedBy ?? 'nobody named')}${why}${told}.`;
  if (answeredAt !== null)
    return `Answered ${time(answeredAt)} by ${visible(answeredBy ?? 'nobody named')}${told}, not carried out yet. Another answer replaces it.`;
  return `Next: passerelle ${nextStep(question)}`;
}

function answerText({ take, value }: { readonly take: string; readonly value?: string | null }): string {
  return take === 'value' ? quote(value) : visible(take);
}

/** A value as one sees it. */
function quote(value: unknown): string {
  if (value === undefined) return '(not returned)';
  if (value === null || value === '') return '(empty)';
  return `"${visible(typeof value === 'string' ? value : JSON.stringify(value))}"`;
}

function time(date: Date): string {
  return `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
