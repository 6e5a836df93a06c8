/** A link as its workflow sees it (core/live.ts): hashes, names and counts, made from what the store holds. */
import { createHash } from 'node:crypto';
import type { Side } from '../core/decide.js';
import type { LinkView } from '../core/live.js';
import type { FieldDefinition, FieldHashes, FieldName, SystemName } from '../core/record.js';
import { fieldsAsked, heldBy, isAsked, questionsOf, settledCases, toCarryOut } from '../cases/index.js';
import type { Sql, Transaction } from '../store/database.js';
import { closeSettled } from '../store/linkCases.js';
import type { LinkedPair } from '../store/links.js';
import { findLinkState, type LinkState } from '../store/linkState.js';
import { withRules, type OpenConnection } from '../connection.js';
import { decideLink, pairHashes, type PairHashes } from './decideLink.js';

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
    seen: '',
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

/** What the link's workflow decides on, after questions that answered themselves were closed. */
export async function settledView(
  sql: Sql | Transaction,
  connection: OpenConnection,
  link: LinkState,
): Promise<LinkView> {
  const { fields } = withRules(connection, link.rules);
  const settled = link.cases.length === 0 ? [] : settledCases(link.cases, decideLink(link.pair, fields));
  if (settled.length === 0) return viewOf(connection, link);
  await closeSettled(sql, settled);
  return viewOf(connection, (await findLinkState(sql, connection.id, link.pair.linkId, 'hashes')) ?? link);
}

/** A link as it is in the store. @param configured the connection without the rules that persons made: the link has them */
export function viewOf(configured: OpenConnection, context: LinkState): LinkView {
  const { pair } = context;
  const cases = questionsOf(context.cases);
  const connection = withRules(configured, context.rules);
  const hashes = pairHashes(pair);
  const sides = { yapla: sideOf(pair, 'yapla', hashes), yoplanning: sideOf(pair, 'yoplanning', hashes) };
  const fields = connection.fields.filter(({ name }) => isOpen(name, pair.base, sides));
  const names = new Set(fields.map((field) => field.name));
  const held = heldBy(cases, hashes);
  const answered = toCarryOut(context.answers);
  return {
    state: 'linked',
    mergedInto: null,
    yapla: only(sides.yapla, names),
    yoplanning: only(sides.yoplanning, names),
    base: pair.base === null ? null : onlyFields(pair.base, names),
    fields: fields.map(({ name, type, rule, direction }: FieldDefinition) => ({ name, type, rule, direction })),
    seen: digest(pair, hashes),
    ...rights(connection, answered.create),
    // Where we choose the id, a creation is simply repeated: it is looked up first.
    awaiting: context.intents.find(({ system }) => !connection.systems[system].choosesIds)?.system ?? null,
    held: held.link,
    heldFields: [...held.fields],
    asked: fieldsAsked(cases, 'conflict'),
    askedRemoval: isAsked(context, 'removal'),
    askedCreation: connection.config.create !== 'ask' || isAsked(context, 'create'),
    answers: answered.fields,
    openCases: cases.length,
  };
}

function rights(connection: OpenConnection, mayCreate: boolean): Pick<LinkView, 'writes' | 'creates'> {
  const { writes, creates } = connection.permission;
  const may = (system: SystemName) => creates(system) || (mayCreate && writes[system]);
  return { writes, creates: { yapla: may('yapla'), yoplanning: may('yoplanning') } };
}

/** A record that the last list did not show is no proof here: it counts as there, until a read says otherwise. */
function sideOf(pair: LinkedPair, system: SystemName, hashes: PairHashes): Side {
  if (pair.ids[system] === null) return 'absent';
  const [shadow, known] = [pair.shadows[system], hashes[system]];
  return shadow === null || known === null ? 'gone' : { hashes: known, modifiedAt: shadow.modifiedAt };
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

function only(side: Side, names: ReadonlySet<FieldName>): Side {
  return typeof side === 'object' ? { ...side, hashes: onlyFields(side.hashes, names) } : side;
}

function onlyFields(hashes: FieldHashes, names: ReadonlySet<FieldName>): FieldHashes {
  return Object.fromEntries(Object.entries(hashes).filter(([field]) => names.has(field)));
}

/** What a decision rests on. A change of it between deciding and writing makes the decision stale. */
function digest(pair: LinkedPair, hashes: PairHashes): string {
  const ordered = [pair.base, hashes.yapla, hashes.yoplanning].map((one) =>
    one === null ? null : Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)),
  );
  const text = JSON.stringify([pair.ids, ordered]);
  return createHash('sha256').update(text).digest('base64url').slice(0, 16);
}
