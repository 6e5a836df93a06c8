/**
 * Who is who: links records of the two systems that are one person, and says where that cannot be told.
 *
 * A wrong link mixes two people's data and is hard to undo; a missing one costs a question. So a rule links only what it finds
 * exactly once on each side, and everything else that shares a key becomes a doubt for a person.
 *
 * In production the groups come from Postgres, one at a time and sorted by key; `match` does the same in memory. Both leave
 * every judgement to `matchReferences` and `matchGroup`.
 */
import { systemNames, type SystemName } from './record.js';
import type { Candidate, Doubt, GroupResult, Pair } from './matching/candidate.js';
import { matchGroup } from './matching/group.js';
import { blockingKey, nameAloneRule, ruleName, saysItAll, type MatchRule } from './matching/keys.js';
import { matchNameAlone } from './matching/nameAlone.js';
import { idsOf, sides, sortDoubts, sortPairs } from './matching/people.js';
import { matchReferences } from './matching/references.js';

export type { Candidate, Doubt, DoubtKind, GroupResult, Pair } from './matching/candidate.js';
export { knowingApart } from './matching/apart.js';
export { matchGroup } from './matching/group.js';
export { blockingKey, matchKeys, ruleName, saysItAll, type MatchKey, type MatchRule } from './matching/keys.js';
export { matchNameAlone } from './matching/nameAlone.js';
export { matchReferences } from './matching/references.js';

export interface MatchSettings {
  readonly nameAlone: NameAlone;
  /** `create`: a `duplicate` is no doubt. */
  readonly duplicates: 'ask' | 'create';
}

/** What becomes of people of whom both systems know one of that name, and nothing more that two records could share. */
export type NameAlone = 'ask' | 'create';

export interface MatchResult {
  readonly links: readonly (Pair & { readonly by: string })[];
  readonly doubts: readonly Doubt[];
  /** Neither linked nor in a doubt: unknown to the other system. */
  readonly unmatched: Readonly<Record<SystemName, readonly string[]>>;
}

/**
 * Matches the free records of both systems in memory: references first, then the rules in order, each over what those before it left.
 * Who is in a doubt gets no counterpart by a later rule: a weaker rule must not answer what a stronger one could not. But whom it ties to
 * one in a doubt, or to one who is linked, belongs to that question.
 *
 * Before the rules, anyone who looks like somebody who was linked from the beginning: they may be that person entered again, in both systems.
 */
export function match(
  candidates: readonly Candidate[],
  rules: readonly MatchRule[],
  { nameAlone, duplicates }: MatchSettings,
): MatchResult {
  const links: (Pair & { readonly by: string })[] = [];
  const doubts: Doubt[] = [];
  let all = candidates;
  const settle = (by: string, results: readonly GroupResult[]) => {
    const found = sortPairs(results.flatMap((result) => result.links));
    const asked = sortDoubts(
      results.flatMap((result) => result.doubts.filter(({ kind }) => kind !== 'duplicate' || duplicates === 'ask')),
    );
    links.push(...found.map((pair) => ({ ...pair, by })));
    doubts.push(...asked);
    const linked = { yapla: new Map<string, string>(), yoplanning: new Map<string, string>() };
    const doubtful = { yapla: new Set<string>(), yoplanning: new Set<string>() };
    for (const system of systemNames) {
      for (const pair of found) linked[system].set(pair[system], `yapla:${pair.yapla}`);
      for (const doubt of asked) for (const id of doubt[system]) doubtful[system].add(id);
    }
    all = all.map((one): Candidate => {
      if (one.standing !== undefined && one.standing !== 'open') return one;
      const linkId = linked[one.system].get(one.id);
      if (linkId !== undefined) return { ...one, standing: 'linked', linkId };
      return doubtful[one.system].has(one.id) ? { ...one, standing: 'doubtful' } : one;
    });
  };

  settle('reference', [matchReferences(all)]);
  const wasLinked = new Set(candidates.filter((one) => one.standing === 'linked').map(nameOfCandidate));
  for (const rule of rules.filter(saysItAll)) {
    const alike = groupsOf(rule, all).filter((group) => group.some((one) => wasLinked.has(nameOfCandidate(one))));
    settle(
      ruleName(rule),
      alike.map((group) => matchGroup(rule, group)),
    );
  }
  for (const rule of rules) {
    settle(
      ruleName(rule),
      groupsOf(rule, all).map((group) => matchGroup(rule, group)),
    );
  }
  const free = () => all.filter((one) => one.standing === undefined);
  if (nameAlone === 'ask') settle(ruleName(nameAloneRule), groupsOf(nameAloneRule, all).map(matchNameAlone));
  const unmatched = sides(free());
  return { links, doubts, unmatched: { yapla: idsOf(unmatched.yapla), yoplanning: idsOf(unmatched.yoplanning) } };
}

function nameOfCandidate({ system, id }: Candidate): string {
  return `${system}:${id}`;
}

/** The groups of two or more that share a blocking key, with somebody free among them. */
function groupsOf(rule: MatchRule, candidates: readonly Candidate[]): readonly (readonly Candidate[])[] {
  const groups = new Map<string, Candidate[]>();
  for (const candidate of candidates) {
    const key = blockingKey(rule, candidate.fields);
    if (key === null) continue;
    const group = groups.get(key);
    if (group) group.push(candidate);
    else groups.set(key, [candidate]);
  }
  return [...groups.values()].filter((group) => group.length > 1 && group.some((one) => one.standing === undefined));
}
