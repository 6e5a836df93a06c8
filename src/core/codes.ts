/** Countries and languages, from what people write to ISO codes. */
import countries from 'i18n-iso-countries';
import { foldWords } from './fold.js';

/** Languages in which names of countries and languages are understood: those of the two systems' users. */
const spokenIn = ['fr', 'en'] as const;

/** Looks names up; a name that stands for two codes (`Congo`) stands for none. */
class NameIndex {
  readonly #codes = new Map<string, string | null>();

  add(name: string, code: string): void {
    const key = keyOf(name);
    const known = this.#codes.get(key);
    this.#codes.set(key, known === undefined || known === code ? code : null);
  }

  find(name: string): string | null {
    return this.#codes.get(keyOf(name)) ?? null;
  }
}

function keyOf(name: string): string {
  return foldWords(name).join(' ');
}

function indexCountries(): NameIndex {
  const index = new NameIndex();
  for (const language of spokenIn) {
    // The library holds the official names and aliases; the everyday ones (`États-Unis`) are CLDR's, which Node brings.
    const everyday = new Intl.DisplayNames([language], { type: 'region', fallback: 'none' });
    for (const [code, names] of Object.entries(countries.getNames(language, { select: 'all' }))) {
      for (const name of names) index.add(name, code);
      const name = everyday.of(code);
      if (name !== undefined) index.add(name, code);
    }
  }
  return index;
}

function indexLanguages(): NameIndex {
  const index = new NameIndex();
  const letters = Array.from('abcdefghijklmnopqrstuvwxyz');
  const codes = letters.flatMap((first) => letters.map((second) => first + second));
  for (const code of codes) {
    // Withdrawn codes (`iw`) are synonyms of the ones in force: their names would only repeat.
    if (Intl.getCanonicalLocales(code)[0] !== code) continue;
    for (const language of [...spokenIn, code]) {
      const name = new Intl.DisplayNames([language], { type: 'language', fallback: 'none' }).of(code);
      if (name !== undefined) index.add(name, code);
    }
  }
  return index;
}

let countryNames: NameIndex | undefined;
let languageNames: NameIndex | undefined;

/** ISO 3166 alpha-2 (upper case) of an alpha-2 or alpha-3 code or a French or English name; `null` if it is none or ambiguous. */
export function countryCodeOf(text: string): string | null {
  const code = text.toUpperCase();
  if (/^[A-Z]{2}$/.test(code) && countries.alpha2ToAlpha3(code) !== undefined) return code;
  if (/^[A-Z]{3}$/.test(code)) {
    const alpha2 = countries.alpha3ToAlpha2(code);
    if (alpha2 !== undefined) return alpha2;
  }
  countryNames ??= indexCountries();
  return countryNames.find(text);
}

/**
 * ISO 639-1 (lower case) of a code (`fr`, `FRA`), a locale (`fr-CA`, `fr_BE`) or a language's name in French, English or
 * itself; `null` if it is none. A locale's country is dropped: neither system keeps it.
 */
export function languageCodeOf(text: string): string | null {
  if (/^[a-z]{2,3}(?:[-_][a-z0-9]{2,8})*$/i.test(text)) {
    const code = primaryLanguage(text.replaceAll('_', '-'));
    if (code !== null) return code;
  }
  languageNames ??= indexLanguages();
  return languageNames.find(text);
}

/** Knows which codes are languages. Made once: making one costs more than looking up a thousand. */
const languages = new Intl.DisplayNames(['en'], { type: 'language', fallback: 'none' });

function primaryLanguage(tag: string): string | null {
  try {
    const code = new Intl.Locale(tag).language;
    return /^[a-z]{2}$/.test(code) && languages.of(code) !== undefined ? code : null;
  } catch (error) {
    // RangeError: looks like a language tag, and is none.
    if (error instanceof RangeError) return null;
    throw error;
  }
}
