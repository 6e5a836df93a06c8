/** What a system's record is before anything is made of it: its document, and what the field map reads from it. */
import type { CanonicalFields } from './record.js';
import type { Instants } from './zone.js';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/** Of JSON: neither null nor a list. */
export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * What is known of a document once a part of it was shown anew: what the part does not show stays as it was, in objects within objects,
 * too. A list is shown as a whole. Neither argument is changed; the result may share parts with both.
 */
export function laidOver(known: JsonObject, shown: JsonObject): JsonObject {
  const changed = Object.entries(shown).map(([key, value]) => {
    const before = Object.hasOwn(known, key) ? known[key] : undefined;
    return [key, isJsonObject(before) && isJsonObject(value) ? laidOver(before, value) : value] as const;
  });
  return { ...known, ...Object.fromEntries(changed) };
}

/** One record as a system returned it. Values: stays in memory and Postgres, never in a workflow history, a log or an error. */
export interface SystemRecord {
  /** The system's own id. */
  readonly id: string;
  /** The whole document as returned, unmapped fields included. */
  readonly document: JsonObject;
  /** Mapped fields, normalised. A field that the document does not have is absent. */
  readonly fields: CanonicalFields;
  /** Forms of phone numbers as they are written (core/phone.ts), by field; absent: known by their values only. */
  readonly phoneForms?: Readonly<Record<string, string>>;
  /** Modification time, epoch milliseconds UTC; null: the system returns none, or one that stands for two instants. */
  readonly modifiedAt: number | null;
  /** The first and the last instant that its modification time can stand for, where that is not one (zone.ts). */
  readonly modifiedWithin?: Instants;
  /** The id of the other system's record that this one carries, where the system has a place for it. */
  readonly externalReference: string | null;
}

/*
 * A number that JavaScript cannot hold exactly stands in a document as text under a mark (json.ts): so the document can be copied,
 * compared, stored and written back like any other. A text of the server's own that looks like one stands there under a second mark.
 */

const numberMark = '\u0000number:';
const textMark = '\u0000text:';

/** @param number as it stands in JSON */
export function carriedNumber(number: string): string {
  return numberMark + number;
}

/** @param text of a system's own, which begins with one of the marks */
export function carriedText(text: string): string {
  return textMark + text;
}

/** What stands under a mark: a number as it came, or a text; null: no mark. */
export function carriedIn(value: string): { readonly is: 'number' | 'text'; readonly text: string } | null {
  if (value.startsWith(numberMark)) return { is: 'number', text: value.slice(numberMark.length) };
  return value.startsWith(textMark) ? { is: 'text', text: value.slice(textMark.length) } : null;
}

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
