/**
 * The field map applied: canonical fields out of a system's document, and into it.
 *
 * A document is never built from what we know of it: it is the one that the system returned, copied, with only the mapped
 * places changed, because both systems hold more than we map and Yoplanning's PUT replaces the whole record ("you may loose
 * some data", API v3.1, "Using PUT properly").
 */
import { escapePath } from 'dot-prop';
import type { CanonicalFields, FieldType, FieldValue, SystemName } from '../core/record.js';
import { normaliseValue, phoneFormOf, type NormaliseOptions } from '../core/normalise.js';
import { remembering } from '../core/remembered.js';
import { choicesOf, labelLanguageOf, type ChoiceRows } from '../core/choices.js';
import { carriedIn } from '../core/document.js';
import { derivedIn } from '../core/events/derived.js';
import type { FactName } from '../core/events/facts.js';
import { carryList, childOf, contentIn, isEntry, isTree, keysAt, putAt, stepsOf, type Step } from './places.js';
import type { Json, JsonObject } from './system.js';

export { contentIn } from './places.js';

/**
 * Dotted path of a field in a system's documents, or two where answers and writes name it differently. `label`: see core/choices.ts.
 * `derived`: no document of the system has it (core/events/derived.ts).
 */
export type Place =
  | string
  | { readonly read: string; readonly write?: string | undefined; readonly label?: string | undefined }
  | { readonly derived: FactName };

/** A field's type, its table where it is a choice, and its place in each system. */
export type FieldMapping = {
  readonly type: FieldType;
  readonly choices?: ChoiceRows | undefined;
} & Readonly<Record<SystemName, Place>>;

/** Canonical field name to what is known of it (configuration: `fields`). */
export type FieldMap = Readonly<Record<string, FieldMapping>>;

export interface ReadOptions {
  /** ISO 3166 country of phone numbers written without a country code, where the record's own country cannot read them. */
  readonly defaultCountry: string;
}

/** The field that is a record's own country, by its name, as matching knows its fields: another country (of birth) reads no phone. */
const countryField = 'country';

/**
 * A mapped path leads to something that is not a value, or through something that is not an object: the field map does not
 * fit the documents. Names the setting, the path and the JSON type found; never a value.
 */
export class MisplacedField extends Error {
  override readonly name = 'MisplacedField';
  constructor(
    readonly setting: string,
    readonly path: string,
    readonly found: string,
  ) {
    super(`${setting} is "${path}", which leads to ${found}; expected the path of a single value`);
  }
}

/**
 * A choice field holds what its table does not have: it is read as nothing else, and asked about. Names the setting and the path; the text
 * itself may be a person's.
 */
export class UnknownChoice extends Error {
  override readonly name = 'UnknownChoice';
  constructor(
    readonly setting: string,
    readonly path: string,
    field: string,
  ) {
    super(`${setting} is "${path}", where a text stands that is in no row of the table fields.${field}.choices`);
  }
}

/** The part of a field map that this system's documents have a place for: all but what is derived there. */
export function shownFields<Map extends FieldMap>(fieldMap: Map, system: SystemName): Map {
  const shown = Object.entries(fieldMap).filter(([, field]) => derivedIn(field[system]) === null);
  // The same object where nothing is derived: tables of choices are remembered by their fields.
  return shown.length === Object.keys(fieldMap).length ? fieldMap : (Object.fromEntries(shown) as Map);
}

/** Where a field is read in a system's documents. @throws {TypeError} where it is derived there: see {@link shownFields} */
export function readPlace(place: Place): string {
  return typeof place === 'string' ? place : pathsOf(place).read;
}

/** Where a field is written in a system's documents. @throws {TypeError} as readPlace */
export function writePlace(place: Place): string {
  if (typeof place === 'string') return place;
  const { read, write } = pathsOf(place);
  return write ?? read;
}

function pathsOf(place: Exclude<Place, string>) {
  if ('derived' in place) throw new TypeError(`a document has no place for ${place.derived}, which is derived`);
  return place;
}

/**
 * Canonical fields of a document. A path that the document does not have gives no field; an empty value, or an empty object
 * on the way to it (`"address": null`), gives `null`.
 *
 * @throws {MisplacedField} when a path leads to an object, a list or a boolean, or through a plain value.
 * @throws {UnknownChoice} when the table of a choice field does not have what stands there.
 */
export function readFields(
  document: JsonObject,
  fieldMap: FieldMap,
  system: SystemName,
  options: ReadOptions,
): CanonicalFields {
  const fields: Record<string, FieldValue> = {};
  const country = countryIn(document, fieldMap, system, options);
  for (const [name, field] of Object.entries(fieldMap)) {
    const raw = rawAt(document, name, field[system], system);
    if (raw === undefined) continue;
    fields[name] =
      chosen(name, field, raw, system) ?? normalised(field.type, raw, { ...options, countries: [country] });
  }
  return fields;
}

/** The value of a choice field; `null`: it is none, or nothing stands there. @throws {UnknownChoice} */
function chosen(name: string, field: FieldMapping, raw: null | number | string, system: SystemName): FieldValue {
  const table = choicesOf(field);
  if (table === null || raw === null) return null;
  const text = normalised('name', raw, { defaultCountry: '' });
  if (text === null) return null;
  const value = table.valueOf(text);
  if (value === null) throw new UnknownChoice(`fields.${name}.${system}`, readPlace(field[system]), name);
  return value;
}

/** What documents show at the place of one choice field. */
export interface ShownChoices {
  /** Documents that show a text of the table. */
  readonly known: number;
  /** Texts that no row has, each with the number of documents that show it. They may be personal data where the field map is wrong. */
  readonly unknown: ReadonlyMap<string, number>;
}

/** By choice field, what these documents show: for anyone who completes the tables. */
export function shownChoices(
  documents: readonly JsonObject[],
  fieldMap: FieldMap,
  system: SystemName,
): ReadonlyMap<string, ShownChoices> {
  const shown = new Map<string, ShownChoices>();
  for (const [name, field] of Object.entries(fieldMap)) {
    const table = choicesOf(field);
    if (table === null) continue;
    const unknown = new Map<string, number>();
    let known = 0;
    for (const document of documents) {
      const raw = contentIn(document, readPlace(field[system]));
      if (typeof raw !== 'string' && typeof raw !== 'number') continue;
      const text = normaliseValue('name', raw, { defaultCountry: '' });
      if (text === null) continue;
      if (table.valueOf(text) === null) unknown.set(text, (unknown.get(text) ?? 0) + 1);
      else known += 1;
    }
    shown.set(name, { known, unknown });
  }
  return shown;
}

/**
 * Forms (core/phone.ts) of the phone numbers of a document, by field: whether their country is written there, known from the record,
 * or guessed. Personal data, as the fields are.
 *
 * @throws {MisplacedField} as readFields.
 */
export function readPhoneForms(
  document: JsonObject,
  fieldMap: FieldMap,
  system: SystemName,
  options: ReadOptions,
): Readonly<Record<string, string>> {
  const forms: Record<string, string> = {};
  const country = countryIn(document, fieldMap, system, options);
  for (const [name, field] of Object.entries(fieldMap)) {
    if (field.type !== 'phone') continue;
    const raw = rawAt(document, name, field[system], system);
    if (raw === undefined || raw === null) continue;
    const form = phoneFormOf(raw, { ...options, countries: [country] });
    if (form !== null) forms[name] = form;
  }
  return forms;
}

/** The record's own country, where it is mapped, returned and filled in. */
function countryIn(document: JsonObject, fieldMap: FieldMap, system: SystemName, options: ReadOptions): FieldValue {
  const field = fieldMap[countryField];
  if (field?.type !== 'country') return null;
  const raw = rawAt(document, countryField, field[system], system);
  if (raw === undefined) return null;
  return chosen(countryField, field, raw, system) ?? normalised('country', raw, options);
}

function rawAt(
  document: JsonObject,
  name: string,
  place: Place,
  system: SystemName,
): null | number | string | undefined {
  const setting = `fields.${name}.${system}`;
  const raw = valueAt(document, readPlace(place), setting);
  if (typeof raw === 'boolean') throw new MisplacedField(setting, readPlace(place), 'a boolean');
  return raw;
}

const remember = remembering<FieldValue>(8_192);

/** Longer values (notes) are rarely met twice, and would make what is remembered large. */
const longestRemembered = 64;

/** Types whose values cost more to understand than to remember. Phone numbers are remembered where they are read (core/phone.ts). */
const isCostly: Readonly<Record<FieldType, boolean>> = {
  text: false,
  name: false,
  email: false,
  date: false,
  phone: false,
  country: true,
  language: true,
};

function normalised(type: FieldType, raw: null | number | string, options: NormaliseOptions): FieldValue {
  if (!isCostly[type] || typeof raw !== 'string' || raw.length > longestRemembered)
    return normaliseValue(type, raw, options);
  return remember(`${type}\0${raw}`, () => normaliseValue(type, raw, options));
}

/**
 * A deep copy of `document` in which only the places of `set` are changed; all other values, and the order of keys, stay as
 * they are. A place that held a number keeps that JSON type where the new value allows it without loss.
 *
 * With an empty `document` the result is a partial document that holds the set fields only, and the lists that their places lead through.
 *
 * @param known the whole document, where `document` is only a part of it
 * @throws {MisplacedField} when a path leads through a plain value, which writing would destroy.
 * @throws {TypeError} when `set` names a field that the map does not have.
 */
export function mergeFields<Document extends JsonObject>(
  document: Document,
  set: CanonicalFields,
  fieldMap: FieldMap,
  system: SystemName,
  known: JsonObject = document,
): Document {
  const merged = structuredClone(document);
  for (const [name, value] of Object.entries(set)) {
    const field = fieldMap[name];
    if (field === undefined) throw new TypeError(`The field map has no field "${name}"`);
    const path = writePlace(field[system]);
    carryList(merged, known, path);
    setValue(merged, path, shownAs(value, field, system), `fields.${name}.${system}`);
  }
  return merged;
}

/** A value as the system shows it: where that is by label, the table's. A value without one is sent as it is, for the system to refuse. */
function shownAs(value: FieldValue, field: FieldMapping, system: SystemName): FieldValue {
  const language = labelLanguageOf(field[system]);
  if (value === null || language === null) return value;
  return choicesOf(field)?.labelOf(value, language) ?? value;
}

/** The same change at the places where the fields are *read*: what the system should show after a write that it did not answer. */
export function mergeAsRead(
  document: JsonObject,
  set: CanonicalFields,
  fieldMap: FieldMap,
  system: SystemName,
): JsonObject {
  const merged = mergeFields(document, set, fieldMap, system);
  for (const [name, value] of Object.entries(set)) {
    const field = fieldMap[name]!;
    const place = field[system];
    if (readPlace(place) !== writePlace(place)) {
      setValue(merged, readPlace(place), shownAs(value, field, system), `fields.${name}.${system}`);
    }
  }
  return merged;
}

/**
 * Writes one value into a document, in place. Used for mapped fields and for the reference to the other system's record.
 *
 * @throws {MisplacedField} as mergeFields.
 */
export function setValue(document: JsonObject, path: string, value: FieldValue, setting: string): void {
  const before = heldAt(document, path, setting);
  // Empty within an empty parent is already so: `"address": null` must not become `"address": { "city": null }`.
  if (value === null && before === null) return;
  putAt(document, path, inTypeOf(before, value));
}

/**
 * The canary: paths of unmapped values that differ between the document read before a write and the answer to it. Mapped
 * places and `volatileFields` (paths, with all below them) are left out. A value that is gone counts; an *empty* one that is left
 * out or added does not, as servers differ in whether they return what is empty.
 *
 * @returns dotted paths, sorted; no values.
 */
export function unmappedDifferences(
  before: JsonObject,
  after: JsonObject,
  fieldMap: FieldMap,
  system: SystemName,
  volatileFields: readonly string[],
): string[] {
  const places = Object.values(fieldMap).flatMap((field) => [readPlace(field[system]), writePlace(field[system])]);
  const expected = new Set([...places, ...volatileFields].flatMap((path) => pathsIn(before, after, path)));

  const differences: string[] = [];
  const compare = (left: Json | undefined, right: Json | undefined, path: readonly (string | number)[]): void => {
    if (path.length > 0 && expected.has(pathText(path))) return;
    if (left === right || (left === undefined && isEmpty(right)) || (right === undefined && isEmpty(left))) return;
    const leftIsTree = isTree(left);
    const rightIsTree = isTree(right);
    if ((leftIsTree || rightIsTree) && (leftIsTree || isNothing(left)) && (rightIsTree || isNothing(right))) {
      if (leftIsTree && rightIsTree && Array.isArray(left) !== Array.isArray(right)) {
        differences.push(pathText(path));
        return;
      }
      // A missing parent is compared value by value, so that a mapped place below it stays out.
      const list = Array.isArray(left) || Array.isArray(right);
      for (const key of new Set([...Object.keys(left ?? {}), ...Object.keys(right ?? {})])) {
        const step = list ? Number(key) : key;
        compare(childOf(left, key), childOf(right, key), [...path, step]);
      }
      return;
    }
    differences.push(pathText(path));
  };
  compare(before, after, []);
  return differences.sort();
}

/**
 * The value at a path; `undefined` when the document does not have it, `null` also when a parent of it is null. A number that JavaScript
 * cannot hold exactly is its text.
 */
export function valueAt(
  document: JsonObject,
  path: string,
  setting: string,
): null | boolean | number | string | undefined {
  const value = heldAt(document, path, setting);
  return typeof value === 'string' ? (carriedIn(value)?.text ?? value) : value;
}

/** The value at a path as the document holds it: a long number under its mark (core/document.ts). */
function heldAt(document: JsonObject, path: string, setting: string): null | boolean | number | string | undefined {
  let value: Json | undefined = document;
  for (const step of stepsOf(path)) {
    if (value === null) return null;
    if (!isTree(value) || (isEntry(step) && !Array.isArray(value)))
      throw new MisplacedField(setting, path, `a path through ${kindOf(value)}`);
    const [key, ...others] = keysAt(value, step);
    if (key === undefined) return undefined;
    if (others.length > 0) throw new MisplacedField(setting, path, 'several entries of a list');
    value = childOf(value, key)!;
  }
  if (isTree(value)) throw new MisplacedField(setting, path, kindOf(value));
  return value;
}

function inTypeOf(before: Json | undefined, value: FieldValue): Json {
  if (value === null) return null;
  const wasNumber = typeof before === 'number' || (typeof before === 'string' && carriedIn(before)?.is === 'number');
  return wasNumber && String(Number(value)) === value ? Number(value) : value;
}

function isNothing(value: Json | undefined): value is null | undefined {
  return value === null || value === undefined;
}

function isEmpty(value: Json | undefined): boolean {
  if (isTree(value)) return Object.values(value).every(isEmpty);
  return value === null || value === undefined || value === '';
}

function kindOf(value: Json): string {
  if (Array.isArray(value)) return 'a list';
  if (value === null) return 'null';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function pathText(steps: readonly (string | number)[]): string {
  return steps.map((step) => (typeof step === 'number' ? String(step) : escapePath(step))).join('.');
}

/**
 * A place as paths without entries, in the two documents: where the entry stands in each, and the entry itself where the second has it and
 * the first does not, because then we added it.
 */
function pathsIn(before: JsonObject, after: JsonObject, path: string): readonly string[] {
  const steps = stepsOf(path);
  if (!steps.some(isEntry)) return [pathText(steps as readonly (string | number)[])];
  const [found, wanted] = [before, after].map((document) => walked(document, steps));
  return [found, wanted]
    .flatMap((one) => (one!.length === steps.length ? [pathText(one!)] : []))
    .concat(found!.length < wanted!.length ? [pathText(wanted!.slice(0, found!.length + 1))] : []);
}

/** The steps of a place as far as a document has them, entries by their positions. */
function walked(document: JsonObject, steps: readonly Step[]): readonly (string | number)[] {
  const taken: (string | number)[] = [];
  let value: Json | undefined = document;
  for (const step of steps) {
    const [key]: readonly string[] = isTree(value) ? keysAt(value, step) : [];
    if (key === undefined) break;
    taken.push(Array.isArray(value) ? Number(key) : key);
    value = childOf(value, key);
  }
  return taken;
}
