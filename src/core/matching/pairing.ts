/** Who is who in a group that shares a key: pairs of one record on each side, where nobody else could be meant. */
import { compareWords } from '../names.js';
import type { SystemName } from '../record.js';
import type { Pair } from './candidate.js';
import { contradict, isSingle, mayPair, sortOut, type Person, type Sides } from './people.js';

/**
 * Pairs off free people of one name: one on each side. Where there are more (father and son), those whose birthday is known on both sides
 * and contradicts that of everybody else.
 */
export function pairNamesakes(people: Sides): readonly Pair[] {
  const { yapla, yoplanning } = people;
  const single = isSingle(people);
  return yapla.flatMap((left) => {
    if (!left.isFree || (!single && left.birthDate === null)) return [];
    const [right, ...more] = yoplanning.filter((one) => !contradict(left, one));
    if (right === undefined || !mayPair(left, right) || more.length > 0 || (!single && right.birthDate === null))
      return [];
    const rivals = yapla.filter((one) => !contradict(one, right));
    return rivals.length === 1 ? [{ yapla: left.id, yoplanning: right.id }] : [];
  });
}

/** Nobody's family: an address that more people of one system share is an office's, and telling them apart costs the square. */
const largestFamily = 20;

/**
 * Pairs off the people of a group by name: first who has exactly the same name as exactly one other on each side, then, in
 * groups of a family's size, whose name is compatible with that of exactly one person of the whole other side, and the reverse.
 * The second round looks at those who have a counterpart, too: after Marie is paired with Marie, `M.` may still be another record of hers,
 * and is not given to Marc.
 */
export function pairByName(people: Sides): readonly Pair[] {
  const { yapla, yoplanning } = people;
  const pairs = namesakes(people).flatMap(pairNamesakes);
  if (yapla.length > largestFamily || yoplanning.length > largestFamily) return pairs;
  const { left } = sortOut(people, pairs);
  const fits = (a: Person, b: Person) => compareWords(a.name, b.name) !== 'different';
  const compatible = left.yapla.flatMap((person) => {
    const [other, ...more] = yoplanning.filter((candidate) => fits(person, candidate));
    if (
      !other ||
      more.length > 0 ||
      contradict(person, other) ||
      !mayPair(person, other) ||
      !left.yoplanning.includes(other)
    )
      return [];
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
