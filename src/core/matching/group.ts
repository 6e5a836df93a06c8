/** Judges the records that share one key of a rule: whom it links, and about whom a person must be asked. */
import { compareWords } from '../names.js';
import { otherSystem, systemNames, type SystemName } from '../record.js';
import type { Candidate, DoubtKind, GroupResult } from './candidate.js';
import { ruleName, saysItAll, type MatchRule } from './keys.js';
import { pairByName, pairNamesakes } from './pairing.js';
import {
  contradict,
  idsOf,
  isAnswered,
  isSingle,
  nobody,
  sides,
  sortOut,
  sortPairs,
  together,
  type Person,
  type Sides,
} from './people.js';

/**
 * Judges the free records among those of both systems that share one blocking key of the rule. Nobody is linked twice, and the order of
 * the group says nothing. A record in neither `links` nor `doubts` is left to the later rules: this one ties it to nobody.
 *
 * A key without `name` (an e-mail) may belong to a family. Its members are told apart by their names; who cannot be told apart
 * is a doubt. Whose known birthdays contradict each other is never linked: a father and his son share a name and an address.
 */
export function matchGroup(rule: MatchRule, group: readonly Candidate[]): GroupResult {
  const people = sides(group);
  const isNamed = saysItAll(rule);
  const links = sortPairs(isNamed ? pairNamesakes(people) : pairByName(people));
  const { left, known } = sortOut(people, links);
  if (!systemNames.some((system) => left[system].some((person) => person.isNew))) return { links, doubts: [] };
  const doubt = isNamed ? doubtAboutNamesakes(left, known) : doubtAboutFamily(left, known);
  if (doubt === null || isAnswered(doubt)) return { links, doubts: [] };
  const { kind, yapla, yoplanning } = doubt;
  return { links, doubts: [{ kind, by: ruleName(rule), yapla: idsOf(yapla), yoplanning: idsOf(yoplanning) }] };
}

type Question = Sides & { readonly kind: DoubtKind };

/** Everybody has the same name, because the name is part of the key. */
function doubtAboutNamesakes(left: Sides, known: Sides): Question | null {
  const [side, isOneSided] = onlySide(left);
  if (side === null) return null;
  if (isOneSided) {
    if (areCounterparts(side, known)) {
      const alike = together(left, known)[side];
      return alike.length < 2 ? null : { kind: 'duplicate', ...nobody, [side]: alike };
    }
  }
  const all = together(left, known);
  return {
    kind: isSingle(all) && contradict(all.yapla[0]!, all.yoplanning[0]!) ? differentBirthDate : 'several',
    ...all,
  };
}

/**
 * They share an address, and are told apart by their names. Where nobody is left on the other side, whose name fits nobody there is a
 * relative of theirs.
 */
function doubtAboutFamily(left: Sides, known: Sides): Question | null {
  const [side, isOneSided] = onlySide(left);
  if (side === null) return null;
  if (!isOneSided) {
    const tied = {
      yapla: lookAlikes(left.yoplanning, known.yapla),
      yoplanning: lookAlikes(left.yapla, known.yoplanning),
    };
    return { kind: kindOfLeft(left), ...together(left, tied) };
  }
  const other = otherSystem(side);
  const alike = lookAlikes(known[other], left[side]);
  if (!alike.some((person) => person.isNew)) return null;
  const tied = { ...nobody, [side]: lookAlikes(alike, known[side]), [other]: lookAlikes(alike, known[other]) };
  const all = together({ ...nobody, [side]: alike }, tied);
  if (areCounterparts(side, tied)) return { kind: 'duplicate', ...nobody, [side]: all[side] };
  return {
    kind: isSingle(all) && contradict(all.yapla[0]!, all.yoplanning[0]!) ? differentBirthDate : 'several',
    ...all,
  };
}

const differentBirthDate = 'sameKeyDifferentBirthDate';

/** The system that people are left of, the first of two; null: nobody is. */
function onlySide({ yapla, yoplanning }: Sides): readonly [SystemName | null, boolean] {
  if (yapla.length > 0) return ['yapla', yoplanning.length === 0];
  return [yoplanning.length > 0 ? 'yoplanning' : null, true];
}

/** Anyone who the other system has is the counterpart of one whom this one has already: so a further record here is a second one of theirs. */
function areCounterparts(side: SystemName, known: Sides): boolean {
  const links = new Set(known[side].map(({ link }) => link));
  return !links.has(null) && known[otherSystem(side)].every(({ link }) => link !== null && links.has(link));
}

/** Why the people of a family who are left on both sides cannot be told apart. */
function kindOfLeft(left: Sides): DoubtKind {
  if (!isSingle(left)) return 'several';
  const [a, b] = [left.yapla[0]!, left.yoplanning[0]!];
  if (compareWords(a.name, b.name) === 'different') return 'sameKeyDifferentName';
  return contradict(a, b) ? differentBirthDate : 'several';
}

/** Those of `others` whose name fits that of one of the people. Names that fit share a telling word: so an office's address costs no square. */
function lookAlikes(people: readonly Person[], others: readonly Person[]): readonly Person[] {
  const byWord = new Map<string, Person[]>();
  for (const person of people) {
    for (const word of person.name.telling) byWord.set(word, [...(byWord.get(word) ?? []), person]);
  }
  return others.filter((other) =>
    [...other.name.telling].some((word) =>
      byWord.get(word)?.some((person) => compareWords(person.name, other.name) !== 'different'),
    ),
  );
}
