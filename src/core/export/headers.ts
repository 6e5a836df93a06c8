/**
 * Finding columns by their headers, whatever the export is of. Headers are the account's own: with or without a prefix (`Membre - Nom`), in
 * its language, renamed by the organisation. Accents, case, punctuation and blanks do not count.
 */
import { fold } from '../fold.js';

export interface BuiltInColumn<Group extends string> {
  /** What it is about: of a header with a prefix, the prefix must be one of this group's. */
  readonly group: Group;
  /** Without their prefix. */
  readonly labels: readonly string[];
}

/** The words of one sort of export. */
export interface Vocabulary<Group extends string> {
  /** Words before the dash, by what they say that the column is about. Any other word makes it a column about something else (a payer). */
  readonly prefixes: Readonly<Record<Group, readonly string[]>>;
  /** By the name of a field or of a column. */
  readonly builtIn: Readonly<Record<string, BuiltInColumn<Group>>>;
  /** Of a column of the organisation's own, which is called as its field. */
  readonly ownGroup: Group;
}

export interface FoundColumn {
  readonly name: string;
  readonly index: number;
  /** As it stands in the file. */
  readonly header: string;
}

export interface FoundColumns {
  readonly found: readonly FoundColumn[];
  readonly ignored: readonly { readonly index: number; readonly header: string }[];
}

interface Head {
  readonly index: number;
  readonly header: string;
  readonly whole: string;
  readonly parts: { readonly prefix: string; readonly label: string } | null;
}

export interface MatchedHeaders {
  readonly heads: readonly Head[];
  /** Columns by name: more than one where the file has it several times. */
  readonly matches: ReadonlyMap<string, readonly FoundColumn[]>;
  /** Positions of the columns that are something. */
  readonly taken: ReadonlySet<number>;
}

/**
 * @param header cells of the first row, as text
 * @param labels of the account's own, by name; they come before those that are built in
 */
export function matchHeaders<Group extends string>(
  header: readonly (string | null)[],
  {
    wanted,
    labels,
  }: { readonly wanted: readonly string[]; readonly labels: Readonly<Record<string, readonly string[]>> },
  vocabulary: Vocabulary<Group>,
): MatchedHeaders {
  const heads = header.flatMap((text, index): Head[] => {
    const whole = fold(text ?? '');
    return text === null || whole === ''
      ? []
      : [{ index, header: text.trim(), whole, parts: splitHeader(text.trim()) }];
  });
  const matches = new Map<string, FoundColumn[]>();
  const taken = new Set<number>();
  const match = (name: string, isIt: (head: Head) => boolean) => {
    const columns = heads.filter((head) => !taken.has(head.index) && isIt(head));
    if (columns.length === 0) return;
    for (const { index } of columns) taken.add(index);
    matches.set(
      name,
      columns.map(({ index, header: own }) => ({ name, index, header: own })),
    );
  };
  for (const name of wanted) {
    const own = new Set((labels[name] ?? []).map(fold));
    const isKnownPrefix = (prefix: string) => groupOf(prefix, vocabulary) !== null;
    match(
      name,
      ({ whole, parts }) => own.has(whole) || (parts !== null && isKnownPrefix(parts.prefix) && own.has(parts.label)),
    );
  }
  for (const name of wanted) {
    if (matches.has(name)) continue;
    const { group, labels: known } = columnOf(name, vocabulary);
    const folded = new Set(known.map(fold));
    match(name, ({ whole, parts }) =>
      parts === null ? folded.has(whole) : groupOf(parts.prefix, vocabulary) === group && folded.has(parts.label),
    );
  }
  return { heads, matches, taken };
}

/** The columns in their order, and those that are nothing. */
export function foundOf({ heads, matches, taken }: MatchedHeaders): FoundColumns {
  return {
    found: [...matches.values()].flat().sort((a, b) => a.index - b.index),
    ignored: heads.filter(({ index }) => !taken.has(index)).map(({ index, header }) => ({ index, header })),
  };
}

/** A header that people look for, to be named where it is missing. */
export function usualHeaderOf<Group extends string>(name: string, vocabulary: Vocabulary<Group>): string {
  const { group, labels } = columnOf(name, vocabulary);
  return [vocabulary.prefixes[group][0], labels[0]].filter((part) => part !== undefined).join(' - ');
}

function columnOf<Group extends string>(name: string, { builtIn, ownGroup }: Vocabulary<Group>): BuiltInColumn<Group> {
  return builtIn[name] ?? { group: ownGroup, labels: [name] };
}

/** A header of more than the members' columns: what stands before the dash, and the label after it. */
function splitHeader(header: string): { readonly prefix: string; readonly label: string } | null {
  const [, prefix, label] = /^(.*?)\s[-–—]\s(.*)$/su.exec(header) ?? [];
  return prefix === undefined || label === undefined ? null : { prefix: fold(prefix), label: fold(label) };
}

function groupOf<Group extends string>(prefix: string, { prefixes }: Vocabulary<Group>): Group | null {
  const groups = Object.entries(prefixes) as [Group, readonly string[]][];
  return groups.find(([, words]) => words.some((word) => fold(word) === prefix))?.[0] ?? null;
}
