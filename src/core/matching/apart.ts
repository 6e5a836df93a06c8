/** Records of which a person said that they are not one person: matching never takes them for one by itself. */
import { otherSystem, systemNames, type SystemName } from '../record.js';
import type { Candidate, Pair } from './candidate.js';

/** Gives each candidate what is known of it. @returns a function for whole groups; nothing is known of most clubs, and nothing is copied */
export function knowingApart(pairs: readonly Pair[]): <T extends Candidate>(group: readonly T[]) => readonly T[] {
  if (pairs.length === 0) return (group) => group;
  const apart = { yapla: new Map<string, Set<string>>(), yoplanning: new Map<string, Set<string>>() };
  const add = (system: SystemName, pair: Pair) => {
    const known = apart[system].get(pair[system]) ?? new Set();
    apart[system].set(pair[system], known.add(pair[otherSystem(system)]));
  };
  for (const pair of pairs) for (const system of systemNames) add(system, pair);
  return (group) =>
    group.map((one) => {
      const known = apart[one.system].get(one.id);
      return known === undefined ? one : { ...one, apart: known };
    });
}

/** @param a of one system. @param b of the other */
export function areApart(a: Apart, b: Apart): boolean {
  return a.apart?.has(b.id) === true || b.apart?.has(a.id) === true;
}

type Apart = Pick<Candidate, 'id' | 'apart'>;
