/**
 * The guard: thresholds over which a plan, or a flood of single changes, is not believed. A list that came back half empty, a field map
 * that points at the wrong place, a plugin that empties a field or a club's mass edit all look like far too many people who change.
 */
import type { Decision } from './decide.js';
import type { PlanTotals } from './plan.js';
import { otherSystem, systemNames, type FieldHashes, type FieldName, type SystemName } from './record.js';

/**
 * - `blanked`: a value that is cleared in a system, counted by person and field;
 * - `changed`: a record of which anything is written;
 * - `created`: a record that is created.
 */
export const guardedKinds = ['blanked', 'changed', 'created'] as const;
export type GuardedKind = (typeof guardedKinds)[number];

/** Rolling windows in which live work is counted. */
export const guardWindows = ['hour', 'day'] as const;
export type GuardWindow = (typeof guardWindows)[number];
export const guardWindowMs: Readonly<Record<GuardWindow, number>> = { hour: 3_600_000, day: 86_400_000 };

/** How many of a kind one system gets within a window without a person: the larger of a number and a share of the people. */
export interface RateThresholds {
  readonly maxPerHour: number;
  readonly maxPerDay: number;
  /** 0 to 1. */
  readonly maxSharePerHour: number;
  readonly maxSharePerDay: number;
}

export interface GuardThresholds extends Readonly<Record<GuardedKind, RateThresholds>> {
  /** Largest share (0 to 1) of the linked people that a plan may change by rule. */
  readonly maxChangedShare: number;
  /** Largest share of a system's people that may be created there by rule. Does not apply to an empty system. */
  readonly maxCreatedShare: number;
  /** Largest share of a system's people that may be gone at once and still be believed. */
  readonly maxRemovedShare: number;
  /** Below this number of people a share says nothing, and is not applied. */
  readonly minPeople: number;
}

/** What the shares are shares of. */
export interface PeopleCounts {
  /** People linked across both systems, the plan's new links included. */
  readonly linked: number;
  /** People known in each system: those its list shows now and those gone from it. */
  readonly known: Readonly<Record<SystemName, number>>;
}

/** One threshold that a plan exceeds. Numbers only: fit for a history, a log and a search attribute. */
export interface GuardTrip {
  readonly code: 'tooManyChanged' | 'tooManyCreated' | 'tooManyRemoved' | 'tooManyBlanked';
  /** The system concerned; `null` where the share is one of linked people. */
  readonly system: SystemName | null;
  /** People that the plan changes, creates or finds gone; of `tooManyBlanked`: values that it clears, with those of the last day. */
  readonly count: number;
  /** People it is a share of. */
  readonly of: number;
  readonly share: number;
  /** Of `tooManyBlanked`: the share that `RateThresholds` allow in a day, where the number that they allow is no larger. */
  readonly maxShare: number;
}

/**
 * The thresholds that a plan exceeds; empty is good. A share equal to its threshold is still allowed.
 *
 * @param blankedBefore values cleared in the last day already, without a person: they count with those that the plan clears
 */
export function checkGuard(
  totals: PlanTotals,
  people: PeopleCounts,
  thresholds: GuardThresholds,
  blankedBefore: Readonly<Record<SystemName, number>> = { yapla: 0, yoplanning: 0 },
): GuardTrip[] {
  const check = (code: GuardTrip['code'], system: SystemName | null, count: number, of: number, maxShare: number) => {
    if (of === 0 || of < thresholds.minPeople) return [];
    const share = count / of;
    return share > maxShare ? [{ code, system, count, of, share, maxShare }] : [];
  };
  const checkBlanked = (system: SystemName) => {
    const [count, of] = [totals.blanked[system] + blankedBefore[system], people.linked];
    const allowed = allowedIn('blanked', 'day', system, people, thresholds);
    if (of === 0 || totals.blanked[system] === 0 || count <= allowed) return [];
    return [{ code: 'tooManyBlanked' as const, system, count, of, share: count / of, maxShare: allowed / of }];
  };
  return [
    ...check('tooManyChanged', null, totals.changedPeople, people.linked, thresholds.maxChangedShare),
    ...systemNames.flatMap((system) => [
      ...check('tooManyCreated', system, totals.creations[system], people.known[system], thresholds.maxCreatedShare),
      ...check('tooManyRemoved', system, totals.removals[system], people.known[system], thresholds.maxRemovedShare),
      ...checkBlanked(system),
    ]),
  ];
}

/** Fields that a decision clears in each system. @param hashes both sides as the decision saw them; an empty hash is an empty value */
export function blankedBy(
  { write, create }: Pick<Decision, 'write' | 'create'>,
  hashes: Readonly<Record<SystemName, FieldHashes | null>>,
): Record<SystemName, number> {
  const blanked = (system: SystemName) =>
    create === null ? write[system].filter((field) => hashes[otherSystem(system)]?.[field] === '').length : 0;
  return { yapla: blanked('yapla'), yoplanning: blanked('yoplanning') };
}

/** People of whom a threshold is a share: those known in the system that would receive them, or those who are linked. */
export function peopleOf(kind: GuardedKind, system: SystemName, people: PeopleCounts): number {
  return kind === 'created' ? people.known[system] : people.linked;
}

/** How many of a kind a system gets within a window without a person. */
export function allowedIn(
  kind: GuardedKind,
  window: GuardWindow,
  system: SystemName,
  people: PeopleCounts,
  thresholds: GuardThresholds,
): number {
  const { maxPerHour, maxPerDay, maxSharePerHour, maxSharePerDay } = thresholds[kind];
  const [max, share] = window === 'hour' ? [maxPerHour, maxSharePerHour] : [maxPerDay, maxSharePerDay];
  const of = peopleOf(kind, system, people);
  return of < thresholds.minPeople ? max : Math.max(max, Math.floor(share * of));
}

/** A threshold that live work would exceed. Numbers only. */
export interface LiveTrip {
  readonly kind: GuardedKind;
  /** The system that is written to. */
  readonly system: SystemName;
  readonly window: GuardWindow;
  /** Counted in the window, with the one that was held. */
  readonly count: number;
  readonly allowed: number;
  /** Linked people, or for `created` those known in the system. */
  readonly of: number;
}

/** What one write would do to one record. */
export interface WriteAsk {
  readonly linkId: string;
  readonly system: SystemName;
  /** The record is created; `fields` are empty then. */
  readonly creates: boolean;
  readonly fields: readonly { readonly field: FieldName; readonly blanks: boolean }[];
}

/** What of it may not be sent; the empty string stands for the creation. */
export type HeldFields = readonly FieldName[];

/** Names what is counted once, however often it is written within a window. */
export function guardKey(kind: GuardedKind, linkId: string, field: FieldName): string {
  return kind === 'blanked' ? `${linkId}/${field}` : linkId;
}

/** What a write is counted as: one thing of each kind that it is, with the fields that hang on it. */
export function countedOf({
  linkId,
  creates,
  fields,
}: WriteAsk): { kind: GuardedKind; key: string; fields: readonly FieldName[] }[] {
  if (creates) return [{ kind: 'created', key: guardKey('created', linkId, ''), fields: [''] }];
  const blanked = fields.filter((one) => one.blanks);
  return [
    ...blanked.map(({ field }) => ({
      kind: 'blanked' as const,
      key: guardKey('blanked', linkId, field),
      fields: [field],
    })),
    ...(fields.length === 0
      ? []
      : [
          {
            kind: 'changed' as const,
            key: guardKey('changed', linkId, ''),
            fields: fields.map(({ field }) => field),
          },
        ]),
  ];
}

/** Counts of one kind in one system. */
export interface Tally {
  readonly hour: number;
  readonly day: number;
  /** Keys that are counted already: true where within the hour, false where within the day only. */
  readonly known: Readonly<Record<string, boolean>>;
}

export const emptyTally: Tally = { hour: 0, day: 0, known: {} };

/** The tally with one more. What is counted already is not counted twice in the same window. */
export function addTo(tally: Tally, key: string): Tally {
  const inHour = tally.known[key];
  return {
    hour: tally.hour + (inHour === true ? 0 : 1),
    day: tally.day + (inHour === undefined ? 1 : 0),
    known: { ...tally.known, [key]: true },
  };
}

/** The first threshold that a tally exceeds; null: none. As many as allowed are still allowed. */
export function tripOf(
  kind: GuardedKind,
  system: SystemName,
  tally: Tally,
  people: PeopleCounts,
  thresholds: GuardThresholds,
): LiveTrip | null {
  for (const window of guardWindows) {
    const allowed = allowedIn(kind, window, system, people, thresholds);
    const count = tally[window];
    if (count > allowed) return { kind, system, window, count, allowed, of: peopleOf(kind, system, people) };
  }
  return null;
}

/** How many more fit, by the tighter window. */
export function roomFor(
  kind: GuardedKind,
  system: SystemName,
  tally: Tally,
  people: PeopleCounts,
  thresholds: GuardThresholds,
): number {
  const rooms = guardWindows.map((window) => allowedIn(kind, window, system, people, thresholds) - tally[window]);
  return Math.max(0, Math.min(...rooms));
}
