/** A link as it is decided about (core/live.ts): hashes, names and counts, made from what the store holds. The same for live work and bulk. */
import type { Side } from '../core/decide.js';
import { type LinkView, nextStep, type Settling, settlingOf, type Step } from '../core/live.js';
import {
  type FieldDefinition,
  type FieldHashes,
  type FieldName,
  type SystemName,
  systemNames,
} from '../core/record.js';
import { create } from '../cases/create.js';
import { removal, removalSubject } from '../cases/removal.js';
import { fieldsAsked, heldBy, isAsked, questionsOf, toCarryOut } from '../cases/index.js';
import type { LinkedPair } from '../store/links.js';
import { type LinkState, pairHashes, type PairHashes } from '../store/linkState.js';
import { type OpenConnection, withRules } from '../connection.js';

export { pairHashes, type PairHashes } from '../store/linkState.js';

/** The same fields with the same values. */
export function sameHashes(a: FieldHashes, b: FieldHashes): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

/**
 * What an absence from the last complete list says: `gone`, which has to be proven before anything comes of it (planning); or `nothing`,
 * until a read says otherwise (live work, which has no list).
 */
export type Absence = 'gone' | 'nothing';

/** A view that only says why nothing is to be decided. */
export function emptyView(
  connection: OpenConnection,
  state: 'unknown' | 'doubtful' | 'merged' | 'early',
  { mergedInto = null, openCases = 0 }: { readonly mergedInto?: string | null; readonly openCases?: number } = {},
): LinkView {
  return {
    state,
    mergedInto,
    yapla: 'absent',
    yoplanning: 'absent',
    base: null,
    fields: [],
    version: 0,
    ...rights(connection, false),
    awaiting: null,
    held: false,
    heldFields: [],
    asked: [],
    askedRemoval: false,
    askedCreation: false,
    answers: {},
    openCases,
  };
}

/** @param configured the connection; rules that persons made come with the link, and are laid over it */
export function viewOf(configured: OpenConnection, state: LinkState, absence: Absence = 'nothing'): LinkView {
  const { pair } = state;
  const cases = questionsOf(state.cases);
  const connection = withRules(configured, state.rules);
  const hashes = pairHashes(pair);
  const sides = {
    yapla: sideOf(pair, 'yapla', hashes, absence),
    yoplanning: sideOf(pair, 'yoplanning', hashes, absence),
  };
  const fields = connection.fields.filter(({ name }) => isOpen(name, pair.base, sides));
  const names = new Set(fields.map((field) => field.name));
  const timed = new Set(fields.filter(({ rule }) => rule === 'newest').map(({ name }) => name));
  const held = heldBy(cases, hashes);
  const guarded = guardedOf(state);
  const answered = toCarryOut(state.answers);
  return {
    state: 'linked',
    mergedInto: null,
    yapla: only(sides.yapla, names, timed),
    yoplanning: only(sides.yoplanning, names, timed),
    base: pair.base === null ? null : onlyFields(pair.base, names),
    fields: fields.map(({ name, type, rule, direction }: FieldDefinition) => ({ name, type, rule, direction })),
    version: pair.version,
    ...rights(connection, answered.create),
    // Where we choose the id, a creation is simply repeated: it is looked up first.
    awaiting: state.intents.find(({ system }) => !connection.systems[system].choosesIds)?.system ?? null,
    held: held.link || guarded.creation,
    heldFields: [...held.fields, ...guarded.fields],
    asked: fieldsAsked(cases, 'conflict'),
    askedRemoval: isRemovalAsked(state, sides),
    askedCreation: connection.config.create !== 'ask' || isAsked(state, create.code, pair.linkId),
    answers: answered.fields,
    openCases: cases.length,
  };
}

/** What a link needs by itself, whoever asks: as planning and verifying see it. */
export function wholeStep(
  connection: OpenConnection,
  state: LinkState,
): { readonly step: Step; readonly settling: Settling } {
  const view = viewOf(connection, state, 'gone');
  const step = nextStep(view, []);
  return { step, settling: step.do === 'apply' ? 'open' : settlingOf(view) };
}

function rights(connection: OpenConnection, mayCreate: boolean): Pick<LinkView, 'writes' | 'creates'> {
  const { writes, creates } = connection.permission;
  const may = (system: SystemName) => creates(system) || (mayCreate && writes[system]);
  return { writes, creates: { yapla: may('yapla'), yoplanning: may('yoplanning') } };
}

/** Of each record that is gone it was asked: about one of two says nothing about the other. */
function isRemovalAsked(state: LinkState, sides: Readonly<Record<SystemName, Side>>): boolean {
  const { ids } = state.pair;
  const gone = systemNames.filter((system) => sides[system] === 'gone');
  return gone.length > 0 && gone.every((system) => isAsked(state, removal.code, removalSubject(system, ids[system]!)));
}

/** What the guard holds. As with cases (`heldBy`): of a record that is still to be made no field, and the creation only until it is made. */
function guardedOf({ guarded, pair }: LinkState): {
  readonly creation: boolean;
  readonly fields: readonly FieldName[];
} {
  const isPair = systemNames.every((system) => pair.ids[system] !== null);
  return {
    creation: !isPair && guarded.includes(''),
    fields: isPair ? guarded.filter((field) => field !== '') : [],
  };
}

function sideOf(pair: LinkedPair, system: SystemName, hashes: PairHashes, absence: Absence): Side {
  if (pair.ids[system] === null) return 'absent';
  const [shadow, known] = [pair.shadows[system], hashes[system]];
  if (shadow === null || known === null || (absence === 'gone' && pair.unseen[system])) return 'gone';
  return { hashes: known, times: shadow.times ?? {} };
}

/** Something may have to be decided about this field: it does not stand everywhere as it stands in the base. */
function isOpen(
  field: FieldName,
  base: FieldHashes | null,
  { yapla, yoplanning }: Readonly<Record<SystemName, Side>>,
): boolean {
  if (typeof yapla !== 'object' || typeof yoplanning !== 'object') return true;
  const [a, b] = [yapla.hashes[field], yoplanning.hashes[field]];
  return a !== undefined && b !== undefined && !(a === b && a === base?.[field]);
}

function only(side: Side, names: ReadonlySet<FieldName>, timed: ReadonlySet<FieldName>): Side {
  if (typeof side !== 'object') return side;
  return { hashes: onlyFields(side.hashes, names), times: onlyFields(side.times, timed) };
}

function onlyFields<Value>(
  values: Readonly<Record<FieldName, Value>>,
  names: ReadonlySet<FieldName>,
): Readonly<Record<FieldName, Value>> {
  return Object.fromEntries(Object.entries(values).filter(([field]) => names.has(field)));
}
