/**
 * Who is who: links records of the two systems that are one person, and says where that cannot be told.
 *
 * A wrong link mixes two people's data and is hard to undo; a missing one costs a question. So a rule links only what it finds
 * exactly once on each side, and everything else that shares a key becomes a doubt for a person.
 *
 * In production the groups come from Postgres, one at a time and sorted by key; `match` does the same in memory. Both leave
 * every judgement to `matchReferences` and `matchGroup`.
 */
import { compareWords, nameWords, type NameWords } from './names.js';
import { otherSystem, systemNames, type CanonicalFields, type SystemName } from './record.js';

/** A record that has no link yet. `fields` are normalised; matching looks at firstName, lastName, email, phone and birthDate. */
export interface Candidate {
  readonly system: SystemName;
  readonly id: string;
  readonly fields: CanonicalFields;
  /** The other system's id that this record carries. */
  readonly externalReference: string | null;
}

export type MatchKey = 'email' | 'phone' | 'birthDate' | 'name';

export interface MatchRule {
  /** What must be equal. */
  readonly all: readonly MatchKey[];
}

/** The two external ids of one person. */
export interface Pair {
  readonly yapla: string;
  readonly yoplanning: string;
}

/**
 * - `several`: more than one record on a side shares the key with somebody on the other
 * - `duplicate`: more than one on one side, nobody on the other; only by a rule with `name` (a family may share an e-mail)
 * - `sameKeyDifferentName`: one on each side, but the names contradict each other
 * - `sameKeyDifferentBirthDate`: their names fit, but their birthdays contradict each other: father and son
 * - `nameAlone`: they have the same name, and nothing else says that they are one person, or two
 * - `reference`: the ids that records carry contradict each other
 */
export type DoubtKind =
  'several' | 'duplicate' | 'sameKeyDifferentName' | 'sameKeyDifferentBirthDate' | 'nameAlone' | 'reference';

export interface Doubt {
  readonly kind: DoubtKind;
  /** Name of the rule (see ruleName), `name`, or `reference`. */
  readonly by: string;
  readonly yapla: readonly string[];
  readonly yoplanning: readonly string[];
}

export interface GroupResult {
  readonly links: readonly Pair[];
  readonly doubts: readonly Doubt[];
}

/** What becomes of people of whom both systems know one of that name, and nothing more that two records could share. */
export type NameAlone = 'ask' | 'create';

export interface MatchResult {
  readonly links: readonly (Pair & { readonly by: string })[];
  readonly doubts: readonly Doubt[];
  /** Neither linked nor in a doubt: unknown to the other system. */
  readonly unmatched: Readonly<Record<SystemName, readonly string[]>>;
}

/** For example `email+name`. */
export function ruleName(rule: MatchRule): string {
  return rule.all.join('+');
}

/** What records share that `matchNameAlone` looks at together. Not a rule: it links nobody. */
const nameAloneRule: MatchRule = { all: ['name'] };

/** A record's keys: one for each rule in their order, then that of the name alone. */
export function matchKeys(rules: readonly MatchRule[], fields: CanonicalFields): readonly (string | null)[] {
  return [...rules, nameAloneRule].map((rule) => blockingKey(rule, fields));
}

/** Control characters are removed from every normalised value, so this cannot occur in one. Postgres stores it, unlike NUL. */
const partSeparator = '\u001F';

/**
 * What two records must share for the rule to look at them together; `null` if a part is empty or was not understood as what
 * it should be (an e-mail `none`, a phone `see note`): such fillers are shared by strangers.
 *
 * Personal data: the key stays in Postgres and memory.
 */
export function blockingKey(rule: MatchRule, fields: CanonicalFields): string | null {
  const parts = rule.all.map((key) => keyPart(key, fields));
  return parts.includes(null) ? null : parts.join(partSeparator);
}

const wellFormed: Readonly<Record<Exclude<MatchKey, 'name'>, RegExp>> = {
  email: /^[^\s@]+@[^\s@]+\.[^\s@]+$/,
  phone: /^\+\d+$/,
  birthDate: /^\d{4}-\d{2}-\d{2}$/,
};

function keyPart(key: MatchKey, fields: CanonicalFields): string | null {
  if (key === 'name') {
    const name = nameOf(fields);
    return name.identifies ? name.words.join(' ') : null;
  }
  const value = fields[key] ?? null;
  return value !== null && wellFormed[key].test(value) ? value : null;
}

function nameOf(fields: CanonicalFields): NameWords {
  return nameWords({ firstName: fields['firstName'] ?? null, lastName: fields['lastName'] ?? null });
}

/**
 * Judges the free records of both systems that share one blocking key of the rule. Nobody is linked twice, and the order of the
 * group says nothing. A record in neither `links` nor `doubts` is left to the later rules.
 *
 * A key without `name` (an e-mail) may belong to a family. Its members are told apart by their names; who cannot be told apart
 * is a doubt. Whose known birthdays contradict each other is never linked: a father and his son share a name and an address.
 */
export function matchGroup(rule: MatchRule, group: readonly Candidate[]): GroupResult {
  const by = ruleName(rule);
  const people = sides(group);
  const isNamed = rule.all.includes('name');
  const links = sortPairs(isNamed ? pairNamesakes(people) : pairByName(people));
  const left = withoutPairs(people, links);
  const ids = { yapla: idsOf(left.yapla), yoplanning: idsOf(left.yoplanning) };
  if (left.yapla.length === 0 || left.yoplanning.length === 0) {
    if (!isNamed || left.yapla.length + left.yoplanning.length < 2) return { links, doubts: [] };
    return { links, doubts: [{ kind: 'duplicate', by, ...ids }] };
  }
  return { links, doubts: [{ kind: kindOf(left, isNamed), by, ...ids }] };
}

/** Why the people left on both sides cannot be told apart. */
function kindOf({ yapla, yoplanning }: Sides, isNamed: boolean): DoubtKind {
  const [a, b] = [yapla[0]!, yoplanning[0]!];
  const isSingle = yapla.length === 1 && yoplanning.length === 1;
  if (isSingle && !isNamed && compareWords(a.name, b.name) === 'different') return 'sameKeyDifferentName';
  return isSingle && contradict(a, b) ? 'sameKeyDifferentBirthDate' : 'several';
}

interface Person {
  readonly id: string;
  readonly name: NameWords;
  readonly birthDate: string | null;
}

type Sides = Readonly<Record<SystemName, readonly Person[]>>;

function sides(group: readonly Candidate[]): Sides {
  const of = (system: SystemName) =>
    group
      .filter((candidate) => candidate.system === system)
      .map(({ id, fields }): Person => ({ id, name: nameOf(fields), birthDate: keyPart('birthDate', fields) }))
      .sort((a, b) => compareIds(a.id, b.id));
  return { yapla: of('yapla'), yoplanning: of('yoplanning') };
}

function withoutPairs({ yapla, yoplanning }: Sides, pairs: readonly Pair[]): Sides {
  const paired = {
    yapla: new Set(pairs.map((pair) => pair.yapla)),
    yoplanning: new Set(pairs.map((pair) => pair.yoplanning)),
  };
  return {
    yapla: yapla.filter(({ id }) => !paired.yapla.has(id)),
    yoplanning: yoplanning.filter(({ id }) => !paired.yoplanning.has(id)),
  };
}

/** Both birthdays are known, and they differ. */
function contradict(a: Person, b: Person): boolean {
  return a.birthDate !== null && b.birthDate !== null && a.birthDate !== b.birthDate;
}

/**
 * Pairs off people of one name: one on each side. Where there are more (father and son), those whose birthday is known on both sides and
 * contradicts that of everybody else.
 */
function pairNamesakes({ yapla, yoplanning }: Sides): readonly Pair[] {
  const isSingle = yapla.length === 1 && yoplanning.length === 1;
  return yapla.flatMap((left) => {
    if (!isSingle && left.birthDate === null) return [];
    const [right, ...more] = yoplanning.filter((one) => !contradict(left, one));
    if (right === undefined || more.length > 0 || (!isSingle && right.birthDate === null)) return [];
    const rivals = yapla.filter((one) => !contradict(one, right));
    return rivals.length === 1 ? [{ yapla: left.id, yoplanning: right.id }] : [];
  });
}

/** Nobody's family: an address that more people of one system share is an office's, and telling them apart costs the square. */
const largestFamily = 20;

/**
 * Pairs off the people of a group by name: first who has exactly the same name as exactly one other on each side, then, in
 * groups of a family's size, whose name is compatible with that of exactly one person of the whole other side, and the reverse.
 * The second round looks at paired people too: after Marie is paired with Marie, `M.` may still be another record of hers, and
 * is not given to Marc.
 */
function pairByName(people: Sides): readonly Pair[] {
  const { yapla, yoplanning } = people;
  const pairs = namesakes(people).flatMap(pairNamesakes);
  if (yapla.length > largestFamily || yoplanning.length > largestFamily) return pairs;
  const free = withoutPairs(people, pairs);
  const fits = (a: Person, b: Person) => compareWords(a.name, b.name) !== 'different';
  const compatible = free.yapla.flatMap((person) => {
    const [other, ...more] = yoplanning.filter((candidate) => fits(person, candidate));
    if (!other || more.length > 0 || contradict(person, other) || !free.yoplanning.includes(other)) return [];
    const rivals = yapla.filter((candidate) => fits(candidate, other));
    return rivals.length === 1 ? [{ yapla: person.id, yoplanning: other.id }] : [];
  });
  return [...pairs, ...compatible];
}

/** The people whose names identify, by name. */
function namesakes({ yapla, yoplanning }: Sides): readonly Sides[] {
  const byName = new Map<string, { yapla: Person[]; yoplanning: Person[] }>();
  const add = (system: SystemName, person: Person) => {
    if (!person.name.identifies) return;
    const name = person.name.words.join(' ');
    const sharers = byName.get(name) ?? { yapla: [], yoplanning: [] };
    sharers[system].push(person);
    byName.set(name, sharers);
  };
  for (const person of yapla) add('yapla', person);
  for (const person of yoplanning) add('yoplanning', person);
  return [...byName.values()];
}

/**
 * Judges records that no rule found a counterpart for, and that have one name. They are not made a second time on each side without a
 * question: no rule could look further than the name. Whose birthday contradicts everybody's on the other side is somebody else; and so
 * are people of one system only.
 */
export function matchNameAlone(group: readonly Candidate[]): GroupResult {
  const people = sides(group);
  const birthDates = {
    yapla: new Set(people.yapla.map((one) => one.birthDate)),
    yoplanning: new Set(people.yoplanning.map((one) => one.birthDate)),
  };
  /** Told by looking each up: a big club has many of one name. */
  const hasCounterpart = (system: SystemName, { birthDate }: Person) => {
    const others = birthDates[otherSystem(system)];
    return others.size > 0 && (birthDate === null || others.has(null) || others.has(birthDate));
  };
  const asked = {
    yapla: people.yapla.filter((one) => hasCounterpart('yapla', one)),
    yoplanning: people.yoplanning.filter((one) => hasCounterpart('yoplanning', one)),
  };
  const isOneQuestion = birthDates.yapla.has(null) || birthDates.yoplanning.has(null);
  const questions = isOneQuestion ? [asked] : byBirthDate(asked);
  const doubts = questions.flatMap(({ yapla, yoplanning }): Doubt[] =>
    yapla.length === 0
      ? []
      : [{ kind: 'nameAlone', by: ruleName(nameAloneRule), yapla: idsOf(yapla), yoplanning: idsOf(yoplanning) }],
  );
  return { links: [], doubts };
}

/** One side each for every birthday. */
function byBirthDate({ yapla, yoplanning }: Sides): readonly Sides[] {
  const dates = [...new Set(yapla.map((one) => one.birthDate))];
  const of = (people: readonly Person[], date: string | null) => people.filter((one) => one.birthDate === date);
  return dates.map((date) => ({ yapla: of(yapla, date), yoplanning: of(yoplanning, date) }));
}

/**
 * Links records by the ids they carry of each other: stronger than any rule. Takes any set of free records; to be judged
 * rightly, records that point at each other must be in the same call. A reference to a record outside the set says nothing.
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
    if (!other) continue;
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
    const single = people.yapla.length === 1 && people.yoplanning.length === 1;
    if (
      single &&
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

/** Carries the other's id, or none: the reference of the other one is then enough. */
function agree(candidate: Candidate | undefined, otherId: string): boolean {
  return candidate?.externalReference === null || candidate?.externalReference === otherId;
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

/**
 * Matches all free records of both systems in memory: references first, then the rules in order, each over what those before it
 * left. Who is in a doubt is left out of the later rules: a weaker rule must not answer what a stronger one could not.
 */
export function match(
  candidates: readonly Candidate[],
  rules: readonly MatchRule[],
  nameAlone: NameAlone,
): MatchResult {
  const links: (Pair & { readonly by: string })[] = [];
  const doubts: Doubt[] = [];
  let free = candidates;
  const settle = (by: string, result: GroupResult) => {
    links.push(...result.links.map((pair) => ({ ...pair, by })));
    doubts.push(...result.doubts);
    const settled = { yapla: new Set<string>(), yoplanning: new Set<string>() };
    for (const pair of result.links) {
      settled.yapla.add(pair.yapla);
      settled.yoplanning.add(pair.yoplanning);
    }
    for (const doubt of result.doubts) {
      for (const system of systemNames) for (const id of doubt[system]) settled[system].add(id);
    }
    free = free.filter((candidate) => !settled[candidate.system].has(candidate.id));
  };

  settle('reference', matchReferences(free));
  for (const rule of rules) {
    const results = groupsOf(rule, free).map((group) => matchGroup(rule, group));
    settle(ruleName(rule), {
      links: sortPairs(results.flatMap((result) => result.links)),
      doubts: sortDoubts(results.flatMap((result) => result.doubts)),
    });
  }
  if (nameAlone === 'ask') {
    const results = groupsOf(nameAloneRule, free).map(matchNameAlone);
    settle(ruleName(nameAloneRule), { links: [], doubts: sortDoubts(results.flatMap((result) => result.doubts)) });
  }
  const unmatched = sides(free);
  return { links, doubts, unmatched: { yapla: idsOf(unmatched.yapla), yoplanning: idsOf(unmatched.yoplanning) } };
}

/** The groups of two or more that share a blocking key. */
function groupsOf(rule: MatchRule, candidates: readonly Candidate[]): readonly (readonly Candidate[])[] {
  const groups = new Map<string, Candidate[]>();
  for (const candidate of candidates) {
    const key = blockingKey(rule, candidate.fields);
    if (key === null) continue;
    const group = groups.get(key);
    if (group) group.push(candidate);
    else groups.set(key, [candidate]);
  }
  return [...groups.values()].filter((group) => group.length > 1);
}

function idsOf(people: readonly Person[]): readonly string[] {
  return people.map((person) => person.id);
}

/** By code unit: the same on every machine, whatever its locale. */
function compareIds(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function sortPairs(pairs: readonly Pair[]): readonly Pair[] {
  return pairs.toSorted((a, b) => compareIds(a.yapla, b.yapla));
}

function sortDoubts(doubts: readonly Doubt[]): readonly Doubt[] {
  const first = (doubt: Doubt) => [...doubt.yapla, ...doubt.yoplanning][0] ?? '';
  return doubts.toSorted((a, b) => compareIds(first(a), first(b)));
}
