/**
 * The guard: thresholds over which a plan is not believed. A list that came back half empty, a field map that points at the wrong
 * place or a club's mass edit all look like a plan that changes far too many people.
 */
import type { PlanTotals } from './plan.js';
import { systemNames, type SystemName } from './record.js';

export interface GuardThresholds {
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

/** One threshold exceeded. Numbers only: fit for a history, a log and a search attribute. */
export interface GuardTrip {
  readonly code: 'tooManyChanged' | 'tooManyCreated' | 'tooManyRemoved';
  /** The system concerned; `null` where the share is one of linked people. */
  readonly system: SystemName | null;
  /** People that the plan changes, creates or finds gone. */
  readonly count: number;
  /** People it is a share of. */
  readonly of: number;
  readonly share: number;
  readonly maxShare: number;
}

/** The thresholds that a plan exceeds; empty is good. A share equal to its threshold is still allowed. */
export function checkGuard(totals: PlanTotals, people: PeopleCounts, thresholds: GuardThresholds): GuardTrip[] {
  const check = (code: GuardTrip['code'], system: SystemName | null, count: number, of: number, maxShare: number) => {
    if (of === 0 || of < thresholds.minPeople) return [];
    const share = count / of;
    return share > maxShare ? [{ code, system, count, of, share, maxShare }] : [];
  };
  return [
    ...check('tooManyChanged', null, totals.changedPeople, people.linked, thresholds.maxChangedShare),
    ...systemNames.flatMap((system) => [
      ...check('tooManyCreated', system, totals.creations[system], people.known[system], thresholds.maxCreatedShare),
      ...check('tooManyRemoved', system, totals.removals[system], people.known[system], thresholds.maxRemovedShare),
    ]),
  ];
}
