/**
 * When two values are the same in any sense that a person would accept, though their normal forms differ: `DUPONT` and `Dupont`,
 * `Côte-d'Or` and `Cote d'Or`, a street with and without a comma, `076 461 51 83` of somebody in Switzerland and `+41 76 461 51 83`.
 *
 * Such values are not asked about when two records first agree, and not written: each system keeps its spelling, and the pair is
 * recorded as equal (`EqualValues` of the link). Once there is a base, another spelling is somebody's change and travels like any other;
 * only about phone numbers there is more to say, because the country that reads them is not part of them:
 *
 * - A national number that the connection's country reads is a guess (`~`). Anyone who holds the same digits with a country knows better.
 * - A national number that the record's own country reads (`=`) is no guess. But when that country changes and the digits do not, nobody
 *   changed the phone: the digits are remembered beside the base (`rememberedForm`), and count as the base as long as it is the base.
 *   So a value never moves because of another field, neither does it when a later version of the numbers' metadata reads it differently.
 * - Two numbers that both name their country are compared by it: `+33 7 64…` and `+41 7 64…` are two numbers.
 *
 * All here is pure and works on keyed hashes, and nothing of it enters a history: forms stay in Postgres beside the hashes that they
 * are kept with, and decisions see the hashes after them.
 */
import { fold } from './fold.js';
import type { FieldHash, FieldType, FieldValue } from './record.js';
import { readPhone } from './phone.js';

/**
 * The form by which a normalised value is compared loosely; `null` where there is none but the value itself.
 *
 * Dates and e-mail addresses have none: two of them that differ are two.
 */
export function formOf(type: FieldType, value: FieldValue, defaultCountry: string): string | null {
  if (value === null) return null;
  switch (type) {
    case 'email':
    case 'date':
      return null;
    case 'phone':
      return readPhone(value, { defaultCountry }).form;
    case 'text':
    case 'name':
    case 'country':
    case 'language': {
      const folded = fold(value);
      return folded === '' ? null : folded;
    }
  }
}

const phoneMark = /^[+=~]/;

/** A form with its text hashed. The mark of a phone's form stays readable: it is no personal data, and comparing needs it. */
export function hashForm(form: string, hash: (text: string) => FieldHash): FieldHash {
  return phoneMark.test(form) ? form.charAt(0) + hash(form.slice(1)) : hash(form);
}

/** One side's field: the hash that decisions see, and the hashed form, where it has one. */
export interface Spelled {
  readonly hash: FieldHash;
  readonly form: FieldHash | undefined;
}

/**
 * The hash that stands for both sides' values, where they are alike; `null` where they are not, or one of them is empty.
 *
 * Of two alike values the better known one stands for both: a number that names its country before one that does not, then the one that
 * is the base already, then Yapla's.
 */
export function alikeAs(base: FieldHash | undefined, yapla: Spelled, yoplanning: Spelled): FieldHash | null {
  const [a, b] = [yapla.form, yoplanning.form];
  if (a === undefined || b === undefined || yapla.hash === '' || yoplanning.hash === '') return null;
  if (!phoneMark.test(a) || !phoneMark.test(b)) return base === undefined && a === b ? yapla.hash : null;
  if (a.slice(1) !== b.slice(1)) return null;
  const isGuess = a.startsWith('~') || b.startsWith('~');
  const bothAreNew = base === undefined || (yapla.hash !== base && yoplanning.hash !== base);
  const bothNameIt = a.startsWith('+') && b.startsWith('+');
  if (bothNameIt || (!isGuess && !bothAreNew)) return null;
  const [rankA, rankB] = [rank(a), rank(b)];
  if (rankA !== rankB) return rankA > rankB ? yapla.hash : yoplanning.hash;
  return yoplanning.hash === base ? yoplanning.hash : yapla.hash;
}

function rank(form: string): number {
  return '~=+'.indexOf(form.charAt(0));
}

/** The name under which a national number's digits are remembered as equal to a base, whatever country reads them; `null` for all else. */
export function rememberedForm(form: FieldHash | undefined): FieldHash | null {
  return form !== undefined && /^[=~]/.test(form) ? `~${form.slice(1)}` : null;
}
