/**
 * Places within a list, by what an entry is rather than by where it stands: `custom[id=f108].value` is the value of the one entry of the list
 * `custom` whose `id` is `f108`. So accounts show fields of their own, and their order is nobody's promise.
 */

/** The one entry of a list that has `value` under `key`. */
export interface Entry {
  readonly key: string;
  readonly value: string;
}

const entry = /(?<!\\)\[([^[\]=.\\]+)=([^[\]]+)\]/g;

/** A path cut at the entries that it names: dotted paths (maybe empty) and entries take turns, and dotted paths begin and end it. */
export function splitEntries(path: string): readonly (string | Entry)[] {
  const parts: (string | Entry)[] = [];
  let at = 0;
  for (const match of path.matchAll(entry)) {
    const [whole, key, value] = match as unknown as [string, string, string];
    parts.push(path.slice(at, match.index), { key, value });
    at = match.index + whole.length;
  }
  return [...parts, path.slice(at)];
}

/** Whether a path leads through a list by what an entry is. */
export function namesEntry(path: string): boolean {
  return splitEntries(path).length > 1;
}

/** Whether a text can be a place: each bracket that is not escaped encloses a position or an entry. */
export function isPlace(path: string): boolean {
  const [first, ...rest] = splitEntries(path);
  const isDotted = (part: string) => !/[[\]]/.test(part.replaceAll(/\\./g, '').replaceAll(/\[\d+\]/g, ''));
  const follows = (part: string | Entry) =>
    typeof part !== 'string' || part === '' || ((part.startsWith('.') || part.startsWith('[')) && isDotted(part));
  return typeof first === 'string' && first !== '' && isDotted(first) && rest.every(follows);
}
