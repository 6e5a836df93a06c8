/**
 * Choice fields: one table per field says which text stands for which value, in both systems and both ways. A system may show the value
 * (`FR`) or a label (`France`), in any of the table's languages; either is read as the value, so a label that is shown in another language
 * is nobody's change. What stands in no row is not read at all: it is never taken for a value, and never guessed.
 */
import {
  countryCodeOf,
  countryLabel,
  labelLanguages,
  languageCodeOf,
  languageLabel,
  type LabelLanguage,
} from './codes.js';
import { foldWords } from './fold.js';
import { cleanLine } from './normalise.js';
import type { FieldType } from './record.js';
import { remembering } from './remembered.js';

/** Labels of one value, the first of which is written: the same in all languages, or by language. */
export type ChoiceRow = string | readonly string[] | Readonly<Record<string, string | readonly string[]>>;

/** The rows that configuration gives, by value. */
export type ChoiceRows = Readonly<Record<string, ChoiceRow>>;

/** A field as far as its table goes. */
export interface ChoiceField {
  readonly type: FieldType;
  /** Rows beside those that are built in for the type; `{}` makes a choice of a country or a language. */
  readonly choices?: ChoiceRows | undefined;
  readonly yapla: unknown;
  readonly yoplanning: unknown;
}

/** One field's table. */
export interface Choices {
  /** The value that a text stands for, be it the value itself or a label in any language; `null`: the table does not have it. */
  valueOf(text: string): string | null;
  /** The label that is written for a value in a language; `null`: the table has none. */
  labelOf(value: string, language: string): string | null;
}

/** What is built in for a type. */
interface BuiltIn {
  codeOf(text: string): string | null;
  label(code: string, language: LabelLanguage): string | null;
}

const builtIn: Readonly<Partial<Record<FieldType, BuiltIn>>> = {
  country: { codeOf: countryCodeOf, label: countryLabel },
  language: { codeOf: languageCodeOf, label: languageLabel },
};

/** Types whose table is built in. */
export function hasBuiltInChoices(type: FieldType): boolean {
  return builtIn[type] !== undefined;
}

/** Languages in which a type's built-in rows have labels. */
export function builtInLanguages(type: FieldType): readonly string[] {
  return hasBuiltInChoices(type) ? labelLanguages : [];
}

/** The labels of a row in one language, or in all. */
export function labelsOf(row: ChoiceRow, language?: string): readonly string[] {
  if (typeof row === 'string') return [row];
  if (isList(row)) return row;
  const labels = language === undefined ? Object.values(row) : Object.hasOwn(row, language) ? [row[language]!] : [];
  return labels.flatMap((one) => one);
}

function isList(row: ChoiceRow): row is readonly string[] {
  return Array.isArray(row);
}

/** Texts that the rows give to two values, with both: such a table cannot be read. */
export function ambiguousChoices(rows: ChoiceRows): readonly { readonly value: string; readonly other: string }[] {
  const owners = new Map<string, string>();
  const found: { value: string; other: string }[] = [];
  for (const [value, row] of Object.entries(rows)) {
    for (const text of [value, ...labelsOf(row)].map(cleanLine)) {
      const other = owners.get(text);
      if (other !== undefined && other !== value) found.push({ value, other });
      else owners.set(text, value);
    }
  }
  return found;
}

/** Texts of one table that are looked up but once: a choice has few. */
const mostRemembered = 1_024;

/** Tables are made once for each field of a configuration, and asked for every record. */
const made = new WeakMap<object, Choices>();

/**
 * A field's table; `null`: it is no choice, and whatever stands there is read. A field is one where configuration gives rows, or says for
 * one of the systems in which language it shows labels: then it is one in both, because what the table does not have could not be written.
 */
export function choicesOf(field: ChoiceField): Choices | null {
  const isChoice =
    field.choices !== undefined || [field.yapla, field.yoplanning].some((place) => labelLanguageOf(place) !== null);
  if (!isChoice) return null;
  const known = made.get(field);
  if (known !== undefined) return known;
  const table = createChoices(field.type, field.choices ?? {});
  made.set(field, table);
  return table;
}

/** The language of the labels that are written at a place; `null`: the value is written. */
export function labelLanguageOf(place: unknown): string | null {
  if (typeof place !== 'object' || place === null) return null;
  const { label } = place as { readonly label?: string | undefined };
  return label ?? null;
}

/** @param rows come before what is built in for the type */
export function createChoices(type: FieldType, rows: ChoiceRows): Choices {
  const own = new Texts();
  for (const [value, row] of Object.entries(rows)) {
    for (const text of [value, ...labelsOf(row)]) own.add(text, value);
  }
  const known = builtIn[type];
  const look = (text: string) => {
    const found = own.find(text);
    if (found !== undefined || known === undefined) return found ?? null;
    const code = known.codeOf(cleanLine(text));
    // What cannot be written as a label is no row of the table, though it is a code: each that is read can be shown on the other side.
    return code !== null && known.label(code, 'fr') !== null ? code : null;
  };
  const remember = remembering<string | null>(mostRemembered);
  return {
    valueOf: (text) => remember(text, () => look(text)),
    labelOf(value, language) {
      const row = Object.hasOwn(rows, value) ? rows[value]! : null;
      const [label] = row === null ? [] : labelsOf(row, language);
      if (label !== undefined) return label;
      return known !== undefined && isLabelLanguage(language) ? known.label(value, language) : null;
    },
  };
}

function isLabelLanguage(language: string): language is LabelLanguage {
  return labelLanguages.some((one) => one === language);
}

/** Finds texts to the letter first, then whatever accents, case and punctuation they have (`C++` and `C#` are two all the same). */
class Texts {
  readonly #exact = new Map<string, string>();
  readonly #folded = new Map<string, string | null>();

  add(text: string, value: string): void {
    this.#exact.set(cleanLine(text), value);
    const key = folded(text);
    const known = this.#folded.get(key);
    this.#folded.set(key, known === undefined || known === value ? value : null);
  }

  /** `null`: it stands for several; `undefined`: for none. */
  find(text: string): string | null | undefined {
    const exact = this.#exact.get(cleanLine(text));
    if (exact !== undefined) return exact;
    const key = folded(text);
    return key === '' ? undefined : this.#folded.get(key);
  }
}

function folded(text: string): string {
  return foldWords(text).join(' ');
}
