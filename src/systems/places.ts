/**
 * Where values stand in documents: dotted paths (`address.city`, as dot-prop reads them), and entries of lists by what they are
 * (`custom[id=f108].value`, core/document.ts). The one home of how a place is walked, for reading and for writing.
 */
import { parsePath } from 'dot-prop';
import { carriedIn, type Entry, isJsonObject, namesEntry, splitEntries } from '../core/document.js';
import { remembering } from '../core/remembered.js';
import type { Json, JsonObject } from './system.js';

export type Step = string | number | Entry;

/** Configured paths are few, and each is walked for every record. */
const rememberSteps = remembering<readonly Step[]>(1_024);

/** The steps of a path; none where it is empty, or names what no document has. */
export function stepsOf(path: string): readonly Step[] {
  return rememberSteps(path, () => {
    const steps: Step[] = [];
    for (const part of splitEntries(path)) {
      if (typeof part !== 'string') {
        steps.push(part);
        continue;
      }
      const dotted = steps.length > 0 ? part.replace(/^\./, '') : part;
      if (dotted === '') continue;
      const inner = parsePath(dotted);
      if (inner.length === 0) return [];
      steps.push(...inner);
    }
    return steps;
  });
}

export function isEntry(step: Step): step is Entry {
  return typeof step === 'object';
}

export function isTree(value: Json | undefined): value is Json[] | JsonObject {
  return typeof value === 'object' && value !== null;
}

/** Positions, in a list, of what a step leads to: none, one, or several entries that look the same; of anything else the key itself. */
export function keysAt(tree: Json[] | JsonObject, step: Step): readonly string[] {
  if (!isEntry(step)) return Object.hasOwn(tree, step) ? [String(step)] : [];
  if (!Array.isArray(tree)) return [];
  return tree.flatMap((one, index) =>
    isJsonObject(one) && textOf(one[step.key]) === step.value ? [String(index)] : [],
  );
}

/** What is below a key of an object or a position of a list. */
export function childOf(tree: Json | undefined, key: string): Json | undefined {
  if (!isTree(tree) || !Object.hasOwn(tree, key)) return undefined;
  return (tree as JsonObject)[key];
}

/** Whatever stands at a place, objects and lists as well; the empty path is the document itself. `undefined`: nothing, or nothing certain. */
export function contentIn(document: JsonObject, path: string): Json | undefined {
  let value: Json | undefined = document;
  for (const step of stepsOf(path)) {
    const [key, ...others]: readonly string[] = isTree(value) ? keysAt(value, step) : [];
    value = key === undefined || others.length > 0 ? undefined : childOf(value, key);
  }
  return value;
}

/** Puts a value at a place, in the document itself. What is missing on the way is made: objects, lists, and entries of lists. */
export function putAt(document: JsonObject, path: string, value: Json | undefined): void {
  const steps = stepsOf(path);
  let tree: Json[] | JsonObject = document;
  for (const [nth, step] of steps.entries()) {
    const key: string = isEntry(step) ? (keysAt(tree, step)[0] ?? added(tree, step)) : String(step);
    const next = steps[nth + 1];
    if (next === undefined) {
      (tree as { [key: string]: Json | undefined })[key] = value;
      return;
    }
    const below = childOf(tree, key);
    if (isTree(below)) {
      tree = below;
      continue;
    }
    const made: Json[] | JsonObject = typeof next === 'string' ? {} : [];
    (tree as JsonObject)[key] = made;
    tree = made;
  }
}

/**
 * Before a part of a document is sent: the list that a place leads through, as it is known, where the part has none. A server may well take
 * a list for the whole of it.
 */
export function carryList(part: JsonObject, known: JsonObject, path: string): void {
  if (!namesEntry(path)) return;
  const [list] = splitEntries(path) as readonly [string];
  const before = contentIn(known, list);
  if (Array.isArray(before) && contentIn(part, list) === undefined) putAt(part, list, structuredClone(before));
}

/** Adds an entry to a list; what names it has the type that it has in the others. @returns its position */
function added(tree: Json[] | JsonObject, { key, value }: Entry): string {
  if (!Array.isArray(tree)) throw new TypeError('an entry is added to a list only');
  const number = Number(value);
  const areNumbers = tree.some((one) => isJsonObject(one) && typeof one[key] === 'number');
  tree.push({ [key]: areNumbers && String(number) === value ? number : value });
  return String(tree.length - 1);
}

function textOf(value: Json | undefined): string | null {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' ? (carriedIn(value)?.text ?? value) : null;
}

/**
 * A configured path with its places filled in: `/teams/{team}/clients/{id}`. A slash at the end stays as configured, because
 * Yoplanning redirects the other form, and a redirected write loses its body (docs/systems.md).
 *
 * @throws {TypeError} when the path names a place that is not given.
 */
export function fillPath(template: string, places: Readonly<Record<string, string>>): string {
  return template.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = places[name];
    if (value === undefined) {
      throw new TypeError(
        `The configured path "${template}" names {${name}}; known here: ${Object.keys(places).join(', ')}`,
      );
    }
    return encodeURIComponent(value);
  });
}
