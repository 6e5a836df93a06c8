/**
 * What one link needs now. A pure function over field hashes: used unchanged inside the `syncRecord` workflow (so that replay
 * shows it) and by the planning of `bulkSync`. Imports nothing of Node.
 *
 * The base is the third side of every merge: the values on which both systems last agreed. Anyone who differs from it has changed.
 * An empty value is a value (`''`), and clearing a field is a change like any other; a field that a system did not return is
 * not an empty field, and is left alone on both sides.
 */
import { unknownBase } from './fieldMap.js';
import type { FieldDefinition, FieldHash, FieldHashes, FieldName, FieldTimes, SystemName } from './record.js';

/** One system's record: as read, never been there (`absent`), or proven removed (`gone`). */
export type Side =
  | {
      readonly hashes: FieldHashes;
      /** Needed of fields with the rule `newest` only. A record's own modification time says too little: another field may have moved it. */
      readonly times: FieldTimes;
    }
  | 'absent'
  | 'gone';

type Present = Exclude<Side, string>;

export interface DecideInput {
  /** `null`: never agreed on anything (just linked). A missing key: never agreed on that field. */
  readonly base: FieldHashes | null;
  readonly yapla: Side;
  readonly yoplanning: Side;
  readonly fields: readonly FieldDefinition[];
}

/**
 * Why a field is treated as it is:
 * - `firstEqual`: no base yet, and both systems agree; `bothChangedSame`: both moved to the same new value
 * - `changedInYapla`, `changedInYoplanning`: only that system's value left the base
 * - `emptyInYapla`, `emptyInYoplanning`: no base yet, and only the other system knows the value
 * - `ruleYapla`, `ruleYoplanning`, `newestYapla`, `newestYoplanning`: both differ, and the field's rule names the winner
 * - `ask`: both differ, and a person must choose (also `newest` where the two values were entered at the same time, or nobody knows when)
 * - `oneWay`: the receiving system of a one-way field holds something of its own, which is replaced
 * - `nothingToSend`: the sending system of a one-way field never had a value, so the other's own is left alone
 * - `created`: part of a new record
 * - `moved`: the field stands at another place of the map than it did when both agreed: a person must look
 * - `notReturned`: a system did not return the field, so nothing is known about it
 */
export type Reason =
  | 'firstEqual'
  | 'bothChangedSame'
  | 'changedInYapla'
  | 'changedInYoplanning'
  | 'emptyInYapla'
  | 'emptyInYoplanning'
  | 'ruleYapla'
  | 'ruleYoplanning'
  | 'newestYapla'
  | 'newestYoplanning'
  | 'ask'
  | 'oneWay'
  | 'nothingToSend'
  | 'created'
  | 'moved'
  | 'notReturned';

export type DecisionKind = 'inSync' | 'adopt' | 'write' | 'conflict' | 'create' | 'remove';

export interface Decision {
  /** The weightiest of what is in the lists: remove, create, conflict, write, adopt, inSync. The lists are complete all the same. */
  readonly kind: DecisionKind;
  /** By the system written to: fields that take the *other* system's value there. */
  readonly write: Readonly<Record<SystemName, readonly FieldName[]>>;
  /** Fields on which both systems agree, but not with the base: only the base moves. */
  readonly adopt: readonly FieldName[];
  /** Fields for a person to choose. They hold nothing back: the other lists are carried out meanwhile. */
  readonly conflicts: readonly FieldName[];
  /** The system in which the record is to be created, with the fields in `write` of that system. */
  readonly create: SystemName | null;
  /** The system from which the record was removed; `both`: it stands in neither any more. */
  readonly gone: SystemName | 'both' | null;
  /** For every field that is not in agreement with the base on both sides. */
  readonly reasons: Readonly<Record<FieldName, Reason>>;
}

/** What one field needs: to be written in a system, adopted, asked about, or (`null`) nothing. */
interface Verdict {
  readonly action: { readonly writeTo: SystemName } | 'adopt' | 'ask' | null;
  readonly reason: Reason;
}

/** Decides about one link. Symmetric: with the two systems swapped in the input, they are swapped in the decision. */
export function decide({ base, yapla, yoplanning, fields }: DecideInput): Decision {
  if (isThere(yapla) && isThere(yoplanning)) {
    const verdicts = fields.flatMap((field) => {
      const verdict = judge(field, base?.[field.name], yapla, yoplanning);
      return verdict ? [[field.name, verdict] as const] : [];
    });
    return assemble(verdicts, null, null);
  }
  if (yapla === 'gone' || yoplanning === 'gone') {
    if (isThere(yapla)) return assemble([], null, 'yoplanning');
    if (isThere(yoplanning)) return assemble([], null, 'yapla');
    return assemble([], null, 'both');
  }
  if (isThere(yapla)) return assemble(fillNew('yoplanning', yapla.hashes, fields), 'yoplanning', null);
  if (isThere(yoplanning)) return assemble(fillNew('yapla', yoplanning.hashes, fields), 'yapla', null);
  return assemble([], null, null);
}

function isThere(side: Side): side is Present {
  return typeof side === 'object';
}

/** The fields that a new record starts with: all that the other system knows and that may travel this way. */
function fillNew(
  system: SystemName,
  known: FieldHashes,
  fields: readonly FieldDefinition[],
): (readonly [FieldName, Verdict])[] {
  return fields
    .filter((field) => receiver(field) === null || receiver(field) === system)
    .filter((field) => (known[field.name] ?? '') !== '')
    .map((field) => [field.name, { action: { writeTo: system }, reason: 'created' }]);
}

/** The only system in which a one-way field is ever written; `null` where changes travel both ways. */
function receiver(field: FieldDefinition): SystemName | null {
  switch (field.direction) {
    case 'both':
      return null;
    case 'toYapla':
      return 'yapla';
    case 'toYoplanning':
      return 'yoplanning';
  }
}

function judge(field: FieldDefinition, base: string | undefined, yapla: Present, yoplanning: Present): Verdict | null {
  const a = yapla.hashes[field.name];
  const b = yoplanning.hashes[field.name];
  if (a === undefined || b === undefined) return { action: null, reason: 'notReturned' };
  if (a === b) {
    if (a === base) return null;
    return { action: 'adopt', reason: base === undefined ? 'firstEqual' : 'bothChangedSame' };
  }
  if (base === unknownBase) return { action: 'ask', reason: 'moved' };
  const oneWay = receiver(field);
  if (oneWay !== null) return judgeOneWay(oneWay, base, a, b);
  if (base === undefined) {
    if (a === '') return { action: { writeTo: 'yapla' }, reason: 'emptyInYapla' };
    if (b === '') return { action: { writeTo: 'yoplanning' }, reason: 'emptyInYoplanning' };
  } else {
    if (a === base) return { action: { writeTo: 'yapla' }, reason: 'changedInYoplanning' };
    if (b === base) return { action: { writeTo: 'yoplanning' }, reason: 'changedInYapla' };
  }
  return applyRule(field, yapla, yoplanning);
}

/**
 * A one-way field's receiving system holds a copy, so its own change is put back: leaving it would let the two differ for good
 * with nobody told. The journal keeps what is replaced. Only where the sending system never said anything is there nothing to
 * put back: linking, or creating the sending record, must not wipe the one value there is.
 */
function judgeOneWay(writeTo: SystemName, base: string | undefined, a: string, b: string): Verdict {
  const [copy, original] = writeTo === 'yapla' ? [a, b] : [b, a];
  const action = { writeTo };
  if (base === undefined && original === '') return { action: null, reason: 'nothingToSend' };
  if (base === undefined && copy === '') {
    return { action, reason: writeTo === 'yapla' ? 'emptyInYapla' : 'emptyInYoplanning' };
  }
  if (copy === base && original !== base) {
    return { action, reason: writeTo === 'yapla' ? 'changedInYoplanning' : 'changedInYapla' };
  }
  return { action, reason: 'oneWay' };
}

function applyRule({ name, rule }: FieldDefinition, yapla: Present, yoplanning: Present): Verdict {
  switch (rule) {
    case 'yapla':
      return { action: { writeTo: 'yoplanning' }, reason: 'ruleYapla' };
    case 'yoplanning':
      return { action: { writeTo: 'yapla' }, reason: 'ruleYoplanning' };
    case 'newest': {
      const [yaplaAt, yoplanningAt] = [yapla.times[name] ?? null, yoplanning.times[name] ?? null];
      if (yaplaAt === null || yoplanningAt === null || yaplaAt === yoplanningAt)
        return { action: 'ask', reason: 'ask' };
      return yaplaAt > yoplanningAt
        ? { action: { writeTo: 'yoplanning' }, reason: 'newestYapla' }
        : { action: { writeTo: 'yapla' }, reason: 'newestYoplanning' };
    }
    case 'ask':
      return { action: 'ask', reason: 'ask' };
  }
}

function assemble(
  verdicts: readonly (readonly [FieldName, Verdict])[],
  create: SystemName | null,
  gone: Decision['gone'],
): Decision {
  const named = (wanted: (action: Verdict['action']) => boolean) =>
    verdicts.filter(([, verdict]) => wanted(verdict.action)).map(([name]) => name);
  const writesTo = (system: SystemName) => named((action) => typeof action === 'object' && action?.writeTo === system);
  const lists = {
    write: { yapla: writesTo('yapla'), yoplanning: writesTo('yoplanning') },
    adopt: named((action) => action === 'adopt'),
    conflicts: named((action) => action === 'ask'),
    create,
    gone,
  };
  return {
    kind: weightiest(lists),
    ...lists,
    reasons: Object.fromEntries(verdicts.map(([name, verdict]) => [name, verdict.reason])),
  };
}

function weightiest(lists: Pick<Decision, 'write' | 'adopt' | 'conflicts' | 'create' | 'gone'>): DecisionKind {
  if (lists.gone !== null) return 'remove';
  if (lists.create !== null) return 'create';
  if (lists.conflicts.length > 0) return 'conflict';
  if (lists.write.yapla.length > 0 || lists.write.yoplanning.length > 0) return 'write';
  return lists.adopt.length > 0 ? 'adopt' : 'inSync';
}

/**
 * The decision with conflicts answered: the field takes the value of the system named, which is written to the other. Answers to
 * fields that are in no conflict (any more) change nothing.
 */
export function answerConflicts(decision: Decision, winners: Readonly<Record<FieldName, SystemName>>): Decision {
  const answered = (winner: SystemName) => decision.conflicts.filter((field) => winners[field] === winner);
  const lists = {
    write: {
      yapla: [...decision.write.yapla, ...answered('yoplanning')],
      yoplanning: [...decision.write.yoplanning, ...answered('yapla')],
    },
    adopt: decision.adopt,
    conflicts: decision.conflicts.filter((field) => winners[field] === undefined),
    create: decision.create,
    gone: decision.gone,
  };
  return { kind: weightiest(lists), ...lists, reasons: decision.reasons };
}

/** What a connection may carry out: the systems that can be written at all, and those in which it may create people. */
export interface Permission {
  readonly writes: Readonly<Record<SystemName, boolean>>;
  readonly creates: (system: SystemName) => boolean;
}

/** The part of a decision that may be carried out. What is left out is still different: it is for the caller to say so. */
export function restrict(decision: Decision, permission: Permission): Decision {
  const create = decision.create !== null && permission.creates(decision.create) ? decision.create : null;
  const write = (system: SystemName) =>
    permission.writes[system] && (decision.create === null || create !== null) ? decision.write[system] : [];
  const lists = { ...decision, create, write: { yapla: write('yapla'), yoplanning: write('yoplanning') } };
  return { ...lists, kind: weightiest(lists) };
}

/**
 * The base after a decision was carried out: adopted and written fields move to the value that both systems now hold; conflicts
 * and everything else keep the base they had. `null` hashes: the system had no record (it was created by the decision).
 *
 * The hashes are those the decision saw; what a server turned a written value into counts as that value before they get here.
 */
export function afterApplying(
  decision: Decision,
  yaplaHashes: FieldHashes | null,
  yoplanningHashes: FieldHashes | null,
  base: FieldHashes | null,
): FieldHashes {
  // A record that is new to a system has agreed on nothing yet, whatever one before it (removed, and now made again) did.
  const next: Record<FieldName, FieldHash> = decision.create === null ? { ...base } : {};
  const settle = (fields: readonly FieldName[], values: FieldHashes | null) => {
    for (const field of fields) {
      const value = values?.[field];
      if (value !== undefined) next[field] = value;
    }
  };
  settle(decision.write.yapla, yoplanningHashes);
  settle(decision.write.yoplanning, yaplaHashes);
  settle(decision.adopt, yaplaHashes);
  if (decision.create !== null) {
    // A new record starts without what its model leaves empty, so on these fields both agree as well.
    const model = decision.create === 'yapla' ? yoplanningHashes : yaplaHashes;
    settle(
      Object.keys(model ?? {}).filter((field) => model?.[field] === ''),
      model,
    );
  }
  return next;
}
