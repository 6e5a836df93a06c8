/** The people of a group, side by side. */
import type { NameWords } from '../names.js';
import { systemNames, type SystemName } from '../record.js';
import { areApart } from './apart.js';
import type { Candidate, Doubt, Pair } from './candidate.js';
import { keyPart, nameOf } from './keys.js';

export interface Person {
  readonly id: string;
  readonly name: NameWords;
  readonly birthDate: string | null;
  /** May be linked. */
  readonly isFree: boolean;
  /** Would be made in the other system if nobody were found there. */
  readonly isNew: boolean;
  /** What both records of a link have in common; null: no link. */
  readonly link: unknown;
  readonly apart: Candidate['apart'];
}

export type Sides = Readonly<Record<SystemName, readonly Person[]>>;

export function sides(group: readonly Candidate[]): Sides {
  const of = (system: SystemName) =>
    group
      .filter((candidate) => candidate.system === system)
      .map(({ id, fields, standing, linkId = null, apart }): Person => {
        const birthDate = keyPart('birthDate', fields);
        return {
          id,
          name: nameOf(fields),
          birthDate,
          isFree: standing === undefined || standing === 'open',
          isNew: standing === undefined,
          link: linkId,
          apart,
        };
      })
      .sort((a, b) => compareIds(a.id, b.id));
  return { yapla: of('yapla'), yoplanning: of('yoplanning') };
}

/** They are two people: both birthdays are known, and they differ; or somebody said so. @param a of one system. @param b of the other */
export function contradict(a: Person, b: Person): boolean {
  if (areApart(a, b)) return true;
  return a.birthDate !== null && b.birthDate !== null && a.birthDate !== b.birthDate;
}

/** Both may be linked, and one of them needs it: two that have both lost their counterparts are no news. */
export function mayPair(a: Person, b: Person): boolean {
  return a.isFree && b.isFree && (a.isNew || b.isNew);
}

export const nobody: Sides = { yapla: [], yoplanning: [] };

/** One on each side, and a person said that they are two: nothing is left to ask. */
export function isAnswered(people: Sides): boolean {
  return isSingle(people) && areApart(people.yapla[0]!, people.yoplanning[0]!);
}

export function isSingle({ yapla, yoplanning }: Sides): boolean {
  return yapla.length === 1 && yoplanning.length === 1;
}

export function together(a: Sides, b: Sides): Sides {
  const of = (system: SystemName) => [...a[system], ...b[system]].sort((one, two) => compareIds(one.id, two.id));
  return { yapla: of('yapla'), yoplanning: of('yoplanning') };
}

/** Those for whom nobody was found, and those who have a counterpart or a doubt, from now on or before. */
export function sortOut(people: Sides, links: readonly Pair[]): { readonly left: Sides; readonly known: Sides } {
  const linked = {
    yapla: new Map(links.map((pair) => [pair.yapla, pair])),
    yoplanning: new Map(links.map((pair) => [pair.yoplanning, pair])),
  };
  const left = { yapla: [] as Person[], yoplanning: [] as Person[] };
  const known = { yapla: [] as Person[], yoplanning: [] as Person[] };
  for (const system of systemNames) {
    for (const person of people[system]) {
      const pair = linked[system].get(person.id);
      if (pair !== undefined) known[system].push({ ...person, isFree: false, isNew: false, link: pair });
      else if (person.isFree) left[system].push(person);
      else known[system].push(person);
    }
  }
  return { left, known };
}

export function idsOf(people: readonly Person[]): readonly string[] {
  return people.map((person) => person.id);
}

/** By code unit: the same on every machine, whatever its locale. */
export function compareIds(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function sortPairs(pairs: readonly Pair[]): readonly Pair[] {
  return pairs.toSorted((a, b) => compareIds(a.yapla, b.yapla));
}

export function sortDoubts(doubts: readonly Doubt[]): readonly Doubt[] {
  const first = (doubt: Doubt) => [...doubt.yapla, ...doubt.yoplanning][0] ?? '';
  return doubts.toSorted((a, b) => compareIds(first(a), first(b)));
}
