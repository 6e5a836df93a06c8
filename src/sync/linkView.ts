/** A link as its workflow sees it (core/live.ts): hashes, names and counts, made from what the store holds. */
import { createHash } from 'node:crypto';
import type { Side } from '../core/decide.js';
import type { LinkView } from '../core/live.js';
import {
  systemNames,
  type FieldDefinition,
  type FieldHashes,
  type FieldName,
  type SystemName,
} from '../core/record.js';
import { closeAnsweredCases } from '../store/cases.js';
import type { Sql, Transaction } from '../store/database.js';
import type { LinkCase } from '../store/linkCases.js';
import type { LinkedPair } from '../store/links.js';
import { findLinkState, type LinkState } from '../store/linkState.js';
import { withRules, type OpenConnection } from '../connection.js';
import { decideLink, pairHashes, sameHashes, type PairHashes } from './decideLink.js';
import { stillOpen } from './stillOpen.js';

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
  if (link.cases.length === 0) return viewOf(connection, link);
  const { fields } = withRules(connection, link.rules);
  await closeAnsweredCases(sql, connection.id, [stillOpen(link.pair, decideLink(link.pair, fields))]);
  return viewOf(connection, (await findLinkState(sql, connection.id, link.pair.linkId, 'hashes')) ?? link);
}

/** A link as it is in the store. @param configured the connection without the rules that persons made: the link has them */
export function viewOf(configured: OpenConnection, context: LinkState): LinkView {
  const { pair, cases, answers } = context;
  const connection = withRules(configured, context.rules);
  const hashes = pairHashes(pair);
  const sides = { yapla: sideOf(pair, 'yapla', hashes), yoplanning: sideOf(pair, 'yoplanning', hashes) };
  const fields = connection.fields.filter(({ name }) => isOpen(name, pair.base, sides));
  const names = new Set(fields.map((field) => field.name));
  const answered = Object.fromEntries(
    answers.flatMap((one) => (one.take === 'create' ? [] : ([[one.field, one.take]] as const))),
  );
  const mayCreate = answers.some((one) => one.take === 'create');
  return {
    state: 'linked',
    mergedInto: null,
    yapla: only(sides.yapla, names),
    yoplanning: only(sides.yoplanning, names),
    base: pair.base === null ? null : onlyFields(pair.base, names),
    fields: fields.map(({ name, type, rule, direction }: FieldDefinition) => ({ name, type, rule, direction })),
    seen: digest(pair, hashes),
    ...rights(connection, mayCreate),
    // Where we choose the id, a creation is simply repeated: it is looked up first.
    awaiting: context.intents.find(({ system }) => !connection.systems[system].choosesIds)?.system ?? null,
    held:
      (context.guarded.includes('') && systemNames.some((system) => pair.ids[system] === null)) ||
      cases.some((one) => one.kind === 'refused' && one.saw !== null && sameSides(one.saw, hashes)),
    heldFields: [
      ...cases.flatMap((one) => (isHeld(one, hashes) ? [one.field] : [])),
      ...context.guarded.filter((field) => field !== ''),
    ],
    asked: cases.flatMap((one) => (one.kind === 'conflict' ? [one.field] : [])),
    askedRemoval: context.declined.has('removal') || cases.some((one) => one.kind === 'removal'),
    askedCreation:
      connection.config.create !== 'ask' ||
      context.declined.has('create') ||
      cases.some((one) => one.kind === 'create'),
    answers: answered,
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

/** A field that is not written: it flipped too often, or a system did not take it and nothing has changed since. */
function isHeld({ kind, field, saw }: LinkCase, hashes: PairHashes): boolean {
  if (kind === 'frozen') return true;
  if (kind !== 'notTaken' || saw === null) return false;
  return systemNames.every((system) => saw[system]?.[field] === hashes[system]?.[field]);
}

function sameSides(saw: PairHashes, now: PairHashes): boolean {
  return systemNames.every((system) => {
    const [then, here] = [saw[system], now[system]];
    return then === null || here === null ? then === here : sameHashes(then, here);
  });
}
