/** Records that carry each other's ids. */
import { otherSystem } from '../record.js';
import { areApart } from './apart.js';
import type { Candidate, Doubt, GroupResult, Pair } from './candidate.js';
import { idsOf, isSingle, sides, sortDoubts, sortPairs } from './people.js';

/**
 * Links records by the ids they carry of each other: stronger than any rule. Takes any set of free records; to be judged
 * rightly, records that point at each other must be in the same call. A reference to a record outside the set says nothing.
 * Where a free record and one that is linked already point at each other, it is a doubt.
 *
 * Records that point at each other one to one are linked. Whatever contradicts itself (two records carry one id, or a record
 * that is pointed at carries the id of another) is a doubt.
 */
export function matchReferences(candidates: readonly Candidate[]): GroupResult {
  const byId = { yapla: new Map<string, Candidate>(), yoplanning: new Map<string, Candidate>() };
  for (const candidate of candidates) byId[candidate.system].set(candidate.id, candidate);
  const neighbours = new Map<Candidate, Candidate[]>();
  const join = (a: Candidate, b: Candidate) => neighbours.set(a, [...(neighbours.get(a) ?? []), b]);
  for (const candidate of candidates) {
    const other = byId[otherSystem(candidate.system)].get(candidate.externalReference ?? '');
    // Of two that have a link or a question already, neither needs to be told who it is.
    if (!other || areApart(candidate, other) || (candidate.standing !== undefined && other.standing !== undefined))
      continue;
    join(candidate, other);
    join(other, candidate);
  }

  const links: Pair[] = [];
  const doubts: Doubt[] = [];
  const visited = new Set<Candidate>();
  for (const candidate of neighbours.keys()) {
    if (visited.has(candidate)) continue;
    const people = sides(reach(candidate, neighbours, visited));
    const pair = { yapla: people.yapla[0]?.id ?? '', yoplanning: people.yoplanning[0]?.id ?? '' };
    const isFree = [...people.yapla, ...people.yoplanning].every((person) => person.isFree);
    if (
      isFree &&
      isSingle(people) &&
      agree(byId.yapla.get(pair.yapla), pair.yoplanning) &&
      agree(byId.yoplanning.get(pair.yoplanning), pair.yapla)
    ) {
      links.push(pair);
    } else {
      doubts.push({
        kind: 'reference',
        by: 'reference',
        yapla: idsOf(people.yapla),
        yoplanning: idsOf(people.yoplanning),
      });
    }
  }
  return { links: sortPairs(links), doubts: sortDoubts(doubts) };
}

/** Carries the other's id, or none that counts: the reference of the other one is then enough. */
function agree(candidate: Candidate | undefined, otherId: string): boolean {
  if (candidate === undefined) return false;
  const { externalReference, apart } = candidate;
  return externalReference === null || externalReference === otherId || apart?.has(externalReference) === true;
}

/** Everybody who can be reached from one record along references. */
function reach(
  start: Candidate,
  neighbours: ReadonlyMap<Candidate, readonly Candidate[]>,
  visited: Set<Candidate>,
): Candidate[] {
  const found: Candidate[] = [];
  const open = [start];
  for (let next = open.pop(); next; next = open.pop()) {
    if (visited.has(next)) continue;
    visited.add(next);
    found.push(next);
    open.push(...(neighbours.get(next) ?? []));
  }
  return found;
}
