/** A link as it is decided about (core/live.ts): hashes, names and counts, made from what the store holds; the values behind them; and when nothing is left to do. */
import { decide, type Side } from '../core/decide.js';
import { type LinkView, nextStep, type Settling, settlingOf, type Step } from '../core/live.js';
import {
  type CanonicalFields,
  type FieldDefinition,
  type FieldHash,
  type FieldHashes,
  type FieldName,
  type FieldValue,
  otherSystem,
  type Scope,
  type SystemName,
  systemNames,
} from '../core/record.js';
import { create } from '../cases/create.js';
import { removal, removalSubject } from '../cases/removal.js';
import { fieldsAsked, heldBy, isAsked, kindsThat, questionsOf, settledCases, toCarryOut } from '../cases/index.js';
import { deleteLink, type LinkedPair, settleLinks, type Settlement } from '../store/links.js';
import { findLinkStates, type LinkState, pairHashes, type PairHashes } from '../store/linkState.js';
import { type OpenConnection, withRules } from '../connection.js';
import type { Sql, Transaction } from '../store/database.js';
import { closeCasesAbout, closeSettled } from '../store/cases.js';
import { openIntents } from '../store/intents.js';
import { normaliseValue } from '../core/normalise.js';
import { asIfImported, awaitedCreation } from '../core/waiting.js';
import { isDeepStrictEqual } from 'node:util';
import { isJsonObject, type JsonObject, laidOver, type SystemRecord } from '../core/document.js';
import type { ShadowRow } from '../store/shadows.js';

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
  // Under another way to write what waited is written at once.
  const waiting = state.waiting.filter(({ system }) => configured.systems[system].collects === true);
  const pair = asIfImported(state.pair, waiting);
  const cases = questionsOf(state.cases);
  const connection = withRules(configured, state.rules);
  const seen = pairHashes(pair);
  const sides = {
    yapla: sideOf(pair, 'yapla', seen, absence),
    yoplanning: sideOf(pair, 'yoplanning', seen, absence),
  };
  const fields = connection.fields.filter(({ name }) => isOpen(name, pair.base, sides));
  const names = new Set(fields.map((field) => field.name));
  const timed = new Set(fields.filter(({ rule }) => rule === 'newest').map(({ name }) => name));
  // A case remembers what was really there.
  const held = heldBy(cases, pairHashes(state.pair));
  const guarded = guardedOf(state);
  const answered = toCarryOut(state.answers);
  return {
    state: 'linked',
    mergedInto: null,
    yapla: only(sides.yapla, names, timed),
    yoplanning: only(sides.yoplanning, names, timed),
    base: pair.base === null ? null : onlyFields(pair.base, names),
    fields: fields.map(({ name, type, rule, direction, derived }: FieldDefinition) => ({
      ...{ name, type, rule, direction },
      ...(derived && { derived }),
    })),
    version: pair.version,
    ...rights(connection, answered.create),
    // Where we choose the id, a creation is simply repeated: it is looked up first.
    awaiting:
      state.intents.find(({ system }) => !connection.systems[system].choosesIds)?.system ?? awaitedCreation(waiting),
    held: held.link || guarded.creation,
    heldFields: [...held.fields, ...guarded.fields],
    asked: fieldsAsked(cases, 'conflict'),
    askedRemoval: isRemovalAsked(state, sides),
    askedCreation: connection.config.create !== 'ask' || isAsked(state, create.code, pair.linkId),
    answers: answered.fields,
    openCases: cases.length,
  };
}

/** What a link needs by itself, no matter who asks: as planning and verifying see it. */
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

/*
 * A link at rest, or at its end: closes the questions that answered themselves, and remembers the version at which nothing was left to do, so that a night
 * in which nothing changed looks at nobody.
 */

export interface SettledLink {
  readonly state: LinkState;
  readonly settling: Settling;
}

/** @returns the links as they stand then, in the same order; one that ended meanwhile is left out */
export async function settle(
  sql: Sql | Transaction,
  connection: OpenConnection,
  loaded: readonly LinkState[],
): Promise<SettledLink[]> {
  const over = loaded.flatMap((state) => {
    if (state.cases.length === 0) return [];
    const closed = settledCases(state.cases, wholeDecision(viewOf(connection, state, 'gone')));
    return closed.length === 0 ? [] : [{ linkId: state.pair.linkId, closed }];
  });
  await closeSettled(
    sql,
    over.flatMap((one) => one.closed),
  );
  const again = await findLinkStates(
    sql,
    connection.scope,
    over.map((one) => one.linkId),
    { depth: 'hashes' },
  );
  const hasClosed = new Set(over.map((one) => one.linkId));
  const links = loaded.flatMap((before): SettledLink[] => {
    const state = hasClosed.has(before.pair.linkId) ? again.get(before.pair.linkId) : before;
    return state === undefined ? [] : [{ state, settling: settlingOf(viewOf(connection, state, 'gone')) }];
  });
  await settleLinks(sql, connection.scope, links.flatMap(settlement));
  return links;
}

/** What workflows see of one link that is settled. */
export async function settledView(
  sql: Sql | Transaction,
  connection: OpenConnection,
  state: LinkState,
): Promise<LinkView> {
  const [link] = await settle(sql, connection, [state]);
  return viewOf(connection, link?.state ?? state);
}

function settlement({ state, settling }: SettledLink): Settlement[] {
  const { linkId, version, settledVersion } = state.pair;
  if (settling === 'open' || settledVersion === version) return [];
  return [{ linkId, version, heldBack: settling === 'heldBack' }];
}

/** As it would be if everything were allowed: what may not be written is still different. */
function wholeDecision({ base, yapla, yoplanning, fields }: LinkView) {
  return decide({ base, yapla, yoplanning, fields });
}

/**
 * Forgets a link of one side, whose person left before anything was made of them, and the questions about it: nothing is left to ask, the
 * same in a list as by a webhook. Not where the creation in the other system may have taken effect.
 */
export async function forget(tx: Transaction, scope: Scope, linkId: string): Promise<void> {
  if ((await openIntents(tx, scope, [linkId])).length > 0) return;
  const about = kindsThat((kind) => kind.about === 'link' || kind.about === 'field');
  await closeCasesAbout(tx, scope, linkId, about);
  await deleteLink(tx, scope, linkId);
}

/*
 * The values of one write: which of them one side's record gives to the other, what the receiving system made of them, and what a write
 * leaves of a record that cannot be read.
 *
 * Servers have forms of their own (upper-case names, spaced phone numbers), and a whole-document write makes them apply these to fields
 * that we did not touch, too.
 */

export interface Comparison {
  /** Fields that were to change and hold their old value: the write was accepted, and not taken. */
  readonly notTaken: readonly FieldName[];
  /** By field, the hash of what the system returned -> the hash of what was sent: they count as equal from now on. */
  readonly rewritten: Readonly<Record<FieldName, Readonly<Record<FieldHash, FieldHash>>>>;
}

/**
 * @param before of the record as it was read; empty for a creation
 * @param wanted of the fields that were to change
 * @param returned of the record as it was answered; a field that it does not show says nothing
 */
export function compareWritten(before: FieldHashes, wanted: FieldHashes, returned: FieldHashes): Comparison {
  const notTaken: FieldName[] = [];
  const rewritten: Record<FieldName, Record<FieldHash, FieldHash>> = {};
  for (const [field, got] of Object.entries(returned)) {
    const sent = wanted[field] ?? before[field];
    if (sent === undefined || got === sent) continue;
    if (wanted[field] !== undefined && got === (before[field] ?? '')) notTaken.push(field);
    else rewritten[field] = { [got]: sent };
  }
  return { notTaken, rewritten };
}

/**
 * Whether a record holds what was sent, or a server's form of it: the same letters and digits. For a write of which nobody knows whether
 * it took effect. (A person who typed just that meant the same.)
 *
 * @param expected of the whole record: a server applies its forms to fields that were not sent, too
 */
export function areForms(found: CanonicalFields, expected: CanonicalFields): boolean {
  return Object.entries(expected).every(([field, value]) => {
    const held = found[field];
    return (
      held === undefined || held === value || (held !== null && value !== null && letters(held) === letters(value))
    );
  });
}

function letters(value: NonNullable<FieldValue>): string {
  return value
    .normalize('NFD')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]/gu, '');
}

/**
 * Values of these fields, to be written in `system`, as the other system's record has them; a field that it does not have is left out.
 *
 * A phone number that was read with the connection's country, for want of one in its own record, is read with the receiving record's
 * country: it is the same person, and a Swiss member whose country only the other system knows gets no French number.
 *
 * @param pair with documents
 */
export function valuesToWrite(
  connection: Pick<OpenConnection, 'config' | 'fields' | 'rawValue'>,
  pair: LinkedPair,
  system: SystemName,
  names: readonly FieldName[],
): CanonicalFields {
  const source = otherSystem(system);
  const from = pair.shadows[source];
  if (from === null) return {};
  const values = pick(from.fields, names);
  const countries = [from.fields['country'], pair.shadows[system]?.fields['country']];
  const { defaultCountry } = connection.config;
  const isGuess = ({ name, type }: OpenConnection['fields'][number]) =>
    type === 'phone' && values[name] !== undefined && from.forms?.[name]?.startsWith('~');
  const read = connection.fields.filter(isGuess).flatMap(({ name }) => {
    const raw = connection.rawValue(source, from.document, name);
    return raw === null ? [] : [[name, normaliseValue('phone', raw, { countries, defaultCountry })] as const];
  });
  return { ...values, ...Object.fromEntries(read) };
}

/*
 * Where one record cannot be read, what a write of ours leaves is what we knew of the record with what was sent laid over it. A list, or
 * a webhook's body, can show it anew while the write is under way: then what was sent is laid over that, or an edit that only they told of
 * would be lost under what we knew before.
 */

/** A row made again, from the document that is stored by then. */
export type Relaid = (stored: JsonObject) => ShadowRow;

/** @param before as it was known. @param after with what was sent, and what the system answered, laid over it. @param row as it is stored where nobody else stored anything */
export function relaidOver(
  connection: Pick<OpenConnection, 'scope' | 'systems' | 'shadowOf'>,
  system: SystemName,
  { before, after, row }: { readonly before: SystemRecord; readonly after: SystemRecord; readonly row: ShadowRow },
): Relaid {
  const changed = changedSince(before.document, after.document);
  const context = {
    connection: connection.scope.connectionId,
    system,
    access: 'none',
    method: 'none',
    path: 'stored document',
    record: after.id,
  } as const;
  return (stored) => {
    const record = connection.systems[system].recordOf(laidOver(stored, changed), { context });
    return { ...connection.shadowOf({ ...record, id: after.id }), ...(row.times && { times: row.times }) };
  };
}

/** What of a document is not as it was before; in objects within objects, too. */
function changedSince(before: JsonObject, after: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(after).flatMap(([key, value]) => {
      const was = Object.hasOwn(before, key) ? before[key] : undefined;
      if (isDeepStrictEqual(was, value)) return [];
      return [[key, isJsonObject(was) && isJsonObject(value) ? changedSince(was, value) : value] as const];
    }),
  );
}

/** The values of these fields that are known. */
export function pick(fields: CanonicalFields, names: readonly FieldName[]): CanonicalFields {
  return Object.fromEntries(names.flatMap((name) => (fields[name] === undefined ? [] : [[name, fields[name]]])));
}
