/**
 * Fields that a system shows by label, as an account with choice fields does: the stand-in stores values and translates at its edges. A text
 * that is no value it knows is shown as it is.
 */
import countries from 'i18n-iso-countries';
import { z } from 'zod';
import type { Person, PersonField } from './person.js';

const language = z.enum(['fr', 'en']);

/** Which fields are shown by label, and in which language. */
export const labelsSchema = z.strictObject({ country: language.optional(), language: language.optional() });

export type LabelOptions = z.output<typeof labelsSchema>;

type LabelledField = keyof LabelOptions;

const labelledFields = ['country', 'language'] as const satisfies readonly LabelledField[];

/** The languages that generated people speak, and some that they do not. */
const spoken = ['fr', 'en', 'nl', 'de', 'it', 'es', 'pt'];

export class Labels {
  /** By field: value to label, and back. */
  readonly #tables = new Map<
    PersonField,
    { readonly labels: Map<string, string>; readonly values: Map<string, string> }
  >();

  constructor(options: LabelOptions) {
    for (const field of labelledFields) {
      const shownIn = options[field];
      if (shownIn === undefined) continue;
      const values = field === 'country' ? Object.keys(countries.getAlpha2Codes()) : spoken;
      const rows = values.map((value) => [value, labelOf(field, value, shownIn)] as const);
      this.#tables.set(field, { labels: new Map(rows), values: new Map(rows.map(([value, label]) => [label, value])) });
    }
  }

  get isEmpty(): boolean {
    return this.#tables.size === 0;
  }

  has(field: string): boolean {
    return this.#tables.has(field as PersonField);
  }

  /** The person as the system shows it. */
  shown(person: Person): Person {
    const shown: Record<string, string | null> = { ...person };
    for (const [field, { labels }] of this.#tables) {
      const value = person[field];
      if (value !== null) shown[field] = labels.get(value) ?? value;
    }
    return shown as unknown as Person;
  }

  /** The value that a label stands for; `undefined`: it is none. */
  valueOf(field: string, label: string): string | undefined {
    return this.#tables.get(field as PersonField)?.values.get(label);
  }

  isValue(field: string, text: string): boolean {
    return this.#tables.get(field as PersonField)?.labels.has(text) ?? false;
  }
}

function labelOf(field: LabelledField, value: string, shownIn: 'fr' | 'en'): string {
  if (field === 'country') return countries.getName(value, shownIn)!;
  const name = new Intl.DisplayNames([shownIn], { type: 'language' }).of(value)!;
  return name.charAt(0).toUpperCase() + name.slice(1);
}
