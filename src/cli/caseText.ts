/**
 * Cases, told to the person who answers them. Lists show ids and field names only; one case shows the values, because whoever
 * answers must be able to judge. They go to the terminal and nowhere else.
 */
import { getProperty } from 'dot-prop';
import type { GuardTrip, LiveTrip } from '../core/guard.js';
import type { Doubt } from '../core/match.js';
import { systemNames, type FieldName, type SystemName } from '../core/record.js';
import type { CaseKind, OpenCase } from '../store/cases.js';
import type { RememberedRule } from '../store/fieldRules.js';
import type { FieldWrite, KnownRecord } from '../store/provenance.js';
import { linkOf, valuesAsked, type CaseView } from './caseView.js';
import { table, type Output } from './output.js';
import { duration, guardText, liveGuardText } from './planText.js';

const systemLabels: Readonly<Record<SystemName, string>> = { yapla: 'Yapla', yoplanning: 'Yoplanning' };

type Question = Pick<OpenCase, 'id' | 'kind' | 'planNumber'> & { readonly connectionId: string };

/** The command that answers a case, without `passerelle`. */
export function nextStep({ id, kind, planNumber, connectionId }: Question): string {
  switch (kind) {
    case 'conflict':
    case 'frozen':
      return `resolve ${id} --take yapla|yoplanning|<value>`;
    case 'notTaken':
      return `resolve ${id} --take yapla|yoplanning|<value>, or --close to try again`;
    case 'create':
      return `resolve ${id} --take create, or --close`;
    case 'refused':
      return `case ${id}, then resolve ${id} --close to try again`;
    case 'removal':
    case 'doubt':
    case 'canary':
      return `case ${id}, then resolve ${id} --close`;
    case 'guard':
      return planNumber === null
        ? `case ${id}, then resolve ${id} --take go-on`
        : `approve ${connectionId} ${planNumber}, or reject`;
  }
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
    one.kind,
    one.linkId ?? one.subject,
    one.field,
    duration((nowMs - one.openedAt.getTime()) / 1000),
    one.answeredBy === null
      ? nextStep({ ...one, connectionId })
      : `(answered by ${visible(one.answeredBy)}, not carried out yet)`,
  ]);
  return table([header, ...rows], { right: [0] });
}

/** Remembered rules as a table. */
export function rulesText(rules: readonly RememberedRule[], { bold }: Output['colours']): string {
  const rows = rules.map(({ field, rule, caseId, madeAt, madeBy }) => [
    field,
    rule,
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
  refused: 'A system does not take this record: it is left alone until a value changes on either side.',
  removal: 'A linked record is gone from one system. Nothing is deleted in the other.',
  canary: 'A write changed values that are not mapped. The picture that we have of the system may be wrong.',
  doubt: 'These records may be one person, or several. None of them is linked or created until that is clear.',
  create: 'This person is known to one system only, and the rule is to ask before creating.',
  guard: 'More would be changed than the configured thresholds allow without a person.',
};

/** One case with all that helps to answer it. */
export function caseText(view: CaseView, output: Pick<Output, 'colours'>, nowMs: number): string {
  const { bold, dim } = output.colours;
  const { question } = view;
  const { id, kind, connectionId, openedAt } = question;
  const link = linkOf(question);
  const what = [
    kind,
    ...(link === null ? [] : [`of ${link}`]),
    ...(question.field === '' ? [] : [`(${question.field})`]),
  ];
  const age = duration((nowMs - openedAt.getTime()) / 1000);
  return [
    `${bold(`Case ${id}: ${what.join(' ')}`)}  ${dim(`${connectionId}, opened ${time(openedAt)} (${age} ago)`)}`,
    questions[kind],
    '',
    ...body(view, output),
    ...changedLines(view),
    '',
    stateLine(view),
  ].join('\n');
}

function body(view: CaseView, output: Pick<Output, 'colours'>): string[] {
  switch (view.question.kind) {
    case 'conflict':
    case 'frozen':
    case 'notTaken':
      return valueLines(view);
    case 'refused':
      return [...refusalLines(view), ...sideBySide(view, output)];
    case 'removal':
    case 'create':
      return [...view.records.map(recordLine), ...sideBySide(view, output)];
    case 'canary':
      return canaryLines(view);
    case 'doubt': {
      const { by } = view.question.details as Partial<Doubt>;
      return [`Found by: ${by ?? 'unknown'}`, ...view.records.map(personLine)];
    }
    case 'guard':
      return view.held === null
        ? [guardText(view.question.details as GuardTrip)]
        : heldLines(view.question.details as LiveTrip, view.held);
  }
}

function heldLines(trip: LiveTrip, { links, fields }: NonNullable<CaseView['held']>): string[] {
  return [
    `${liveGuardText(trip)}.`,
    trip.kind === 'created'
      ? `Held until you answer: the creation of ${links} people. Everything else goes on.`
      : `Held until you answer: ${fields} values of ${links} people. Everything else goes on.`,
    'If it is a mistake, mend it in the system where it was made, then answer: what still differs then is written.',
  ];
}

/** Both values and the base, and where each came from. */
function valueLines({ question, pair, records, writes }: CaseView): string[] {
  const { field } = question;
  if (pair === null)
    return ['The link is not there any more: the next sync asks again where there is still something to ask.'];
  const base = pair.base?.[field];
  const lines = systemNames.flatMap((system) => {
    const shadow = pair.shadows[system];
    const record = records.find((one) => one.system === system);
    const value = shadow === null ? 'no record' : quote(shadow.fields[field]);
    const moved =
      shadow === null || base === undefined ? '' : shadow.hashes[field] === base ? ', as agreed' : ', changed';
    return [
      `${systemLabels[system]} ${pair.ids[system] ?? ''}: ${value}${moved}`,
      ...(record === undefined ? [] : [`    ${whenLine(record)}`]),
      ...writes.filter((one) => one.system === system).map((one) => `    ${writeLine(one)}`),
    ];
  });
  const agreed = base === undefined ? 'never agreed on this field' : quote(pair.baseFields?.[field]);
  const system = (question.details as { system?: SystemName } | null)?.system;
  return [
    ...lines,
    `Base (both agreed last): ${agreed}`,
    ...(question.kind === 'notTaken' && system !== undefined ? [`Kept its old value: ${systemLabels[system]}`] : []),
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
  return `we wrote ${quote(oldValue)} → ${quote(newValue)} on ${time(at)}, ${from} (${reason}${request}${unsure})`;
}

interface Refusal {
  readonly system?: SystemName;
  readonly failure?: string;
  readonly method?: string;
  readonly path?: string;
  readonly fields?: readonly string[];
  readonly words?: unknown;
  readonly sends?: number;
}

function refusalLines({ question }: CaseView): string[] {
  const { system, failure, method, path, fields = [], words, sends } = question.details as Refusal;
  const request = [method, path].filter((one) => one !== undefined).join(' ');
  return [
    `${system === undefined ? 'A system' : systemLabels[system]}: ${failure ?? 'refused'}${request === '' ? '' : ` (${visible(request)})`}`,
    ...(sends === undefined ? [] : [`Sent ${sends} times.`]),
    ...(fields.length === 0 ? [] : [`Fields it names: ${fields.map(visible).join(', ')}`]),
    ...(words === undefined || words === null
      ? []
      : [`Its words: ${visible(typeof words === 'string' ? words : JSON.stringify(words))}`]),
    '',
  ];
}

/** The fields of both records, where they differ or where there is one record only. */
function sideBySide({ pair, records }: CaseView, { colours }: Pick<Output, 'colours'>): string[] {
  const of = (system: SystemName) =>
    pair?.shadows[system]?.fields ?? records.find((one) => one.system === system)?.fields ?? null;
  const sides = { yapla: of('yapla'), yoplanning: of('yoplanning') };
  const names = new Set(systemNames.flatMap((system) => Object.keys(sides[system] ?? {})));
  const both = systemNames.every((system) => sides[system] !== null);
  const shown = [...names].filter((name) => !both || sides.yapla?.[name] !== sides.yoplanning?.[name]);
  if (shown.length === 0) return both ? ['Both records hold the same values.'] : [];
  const cell = (system: SystemName, name: FieldName) => (sides[system] === null ? '' : quote(sides[system][name]));
  const rows = shown.map((name) => [name, cell('yapla', name), cell('yoplanning', name)]);
  return [table([['Field', 'Yapla', 'Yoplanning'].map(colours.bold), ...rows])];
}

interface Canary {
  readonly requestId?: string;
  readonly changed?: readonly string[];
  readonly before?: object;
  readonly after?: object;
}

function canaryLines({ question }: CaseView): string[] {
  const { requestId, changed = [], before = {}, after = {} } = question.details as Canary;
  return [
    `Record ${question.subject}${requestId === undefined ? '' : `, request ${visible(requestId)}`}. Before the write → in its answer:`,
    ...changed.map(
      (path) => `    ${visible(path)}: ${json(getProperty(before, path))} → ${json(getProperty(after, path))}`,
    ),
  ];
}

function json(value: unknown): string {
  return value === undefined ? '(nothing)' : visible(JSON.stringify(value));
}

function recordLine(record: KnownRecord): string {
  return `${systemLabels[record.system]} ${record.id}: ${whenLine(record)}`;
}

/** A candidate of a doubt: what people are told apart by. */
function personLine({ system, id, fields, goneAt }: KnownRecord): string {
  const name = ['firstName', 'lastName']
    .map((part) => fields[part] ?? '')
    .join(' ')
    .trim();
  const more = ['email', 'phone', 'birthDate'].flatMap((part) => {
    const value = fields[part];
    return value === undefined || value === null ? [] : [visible(value)];
  });
  const gone = goneAt === null ? '' : ` (gone since ${time(goneAt)})`;
  return `    ${systemLabels[system]} ${id}: ${[name === '' ? '(no name)' : visible(name), ...more].join(', ')}${gone}`;
}

function changedLines({ question, changed, pair }: CaseView): string[] {
  if (changed === null) return [];
  const moved = systemNames.filter((system) => changed[system].length > 0);
  if (moved.length === 0) return ['No value has changed since this was asked.'];
  const asked = valuesAsked(question);
  return moved.map((system) => {
    if (asked !== null) return `Changed since this was asked: ${systemLabels[system]} held ${quote(asked[system])}.`;
    const what = pair?.shadows[system] === null ? 'the record' : changed[system].join(', ');
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
  return take === 'value' ? quote(value) : take;
}

/** A value as one sees it. */
function quote(value: unknown): string {
  if (value === undefined) return '(not returned)';
  if (value === null || value === '') return '(empty)';
  return `"${visible(typeof value === 'string' ? value : JSON.stringify(value))}"`;
}

/** Text from elsewhere must not steer the terminal, or show other than it is: control and format characters as their code, but for the joiners that some scripts need. */
export function visible(text: string): string {
  return text.replaceAll(/(?![\u200C\u200D])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (character) =>
    character === '\n' ? '↵' : `\\u{${character.codePointAt(0)!.toString(16)}}`,
  );
}

function time(date: Date): string {
  return `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
