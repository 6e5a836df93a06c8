/** Countries and languages, from what people write to ISO codes. */
import countries from 'i18n-iso-countries';
import { foldWords } from './fold.js';

/** Languages in which names of countries and languages are understood, and written: those of the two systems' users. */
export const labelLanguages = ['fr', 'en'] as const;
export type LabelLanguage = (typeof labelLanguages)[number];

/** ISO 639-1: a list that Node's own data could not change under us. */
const iso6391 = new Set(
  (
    'aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en eo es et eu fa ff fi fj ' +
    'fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky ' +
    'la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru ' +
    'rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo ' +
    'za zh zu'
  ).split(' '),
);

/** Where CLDR has one name for two codes. */
const ownLanguageNames: Readonly<Record<string, string>> = { tl: 'Tagalog', tw: 'Twi' };

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
  for (const language of labelLanguages) {
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
    for (const language of [...labelLanguages, code]) {
      const name = new Intl.DisplayNames([language], { type: 'language', fallback: 'none' }).of(code);
      if (name !== undefined && ownLanguageNames[code] === undefined) index.add(name, code);
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
  // Before the locales: they take `tw` and `twi` for `ak`, and `tl` for a code of three letters.
  const lower = text.toLowerCase();
  if (iso6391.has(lower)) return lower;
  const [own] = Object.entries(ownLanguageNames).find(([, name]) => name.toLowerCase() === lower) ?? [];
  if (own !== undefined) return own;
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

/** A country's label, by its code: the official name of the library, which changes with a version that we choose; `null`: no such country. */
export function countryLabel(code: string, language: LabelLanguage): string | null {
  return countries.getName(code, language) ?? null;
}

let languageLabels: Readonly<Record<LabelLanguage, Intl.DisplayNames>> | undefined;

/**
 * A language's label, by its code, with a capital as in a list to choose from (`Français`); `null`: no such language. The names are CLDR's,
 * which Node brings, as those that are read: no package that is kept up has them in French.
 */
export function languageLabel(code: string, language: LabelLanguage): string | null {
  if (!iso6391.has(code)) return null;
  languageLabels ??= {
    fr: new Intl.DisplayNames(['fr'], { type: 'language' }),
    en: new Intl.DisplayNames(['en'], { type: 'language' }),
  };
  const name = ownLanguageNames[code] ?? languageLabels[language].of(code)!;
  return name.charAt(0).toUpperCase() + name.slice(1);
}
