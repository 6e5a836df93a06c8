/**
 * Phone numbers: E.164, and how sure that is.
 *
 * A number written without its country code (`076 461 51 83`) says nothing by itself: it is Swiss, and as good a number in France. The
 * country is another field of the same record, which may be empty, not mapped, not returned, or changed by a person tomorrow. So a
 * reading has two parts: the number, and a form that knows whether a country was written, filled in, or guessed (alike.ts says what
 * that means for two records of one person).
 */
import { isSupportedCountry, parsePhoneNumberFromString, type CountryCode } from 'libphonenumber-js/core';
import phoneMetadata from 'libphonenumber-js/min/metadata';
import { remembering } from './remembered.js';

export interface PhoneOptions {
  /** ISO 3166 alpha-2, upper case: the connection's country, for numbers that none of `countries` can read. */
  readonly defaultCountry: string;
  /** Tried before it, in this order: the record's own country. Empty values and what is no country's code are passed over. */
  readonly countries?: readonly (string | null | undefined)[];
}

/**
 * A phone number's significant digits (no country code, no leading zeros) after a mark of how its country is known:
 * - `+`: it is written with the number;
 * - `=`: the number is a valid one of the record's own country;
 * - `~`: read with the connection's country, or not understood at all.
 */
export type PhoneForm = `${'+' | '=' | '~'}${string}`;

export interface PhoneReading {
  /** E.164; a text that was not understood stays as it is. */
  readonly value: string;
  /** `null`: no digits to compare it by. */
  readonly form: PhoneForm | null;
}

/** Fewer digits than any subscriber's number, or nearly: no evidence that two texts mean the same. */
const fewestDigits = 6;

/**
 * Reads a number, or keeps the text. With its country code it needs to be possible only (its length): ranges change faster than a
 * program that runs for years, and the vendor's own example (+32684952685) is in none. Without, it must be *valid* in the country it
 * is read with, because half of all lengths are possible anywhere: `min` metadata knows each country's general pattern, which lasts
 * longer than its ranges. What is valid in none of the countries stays text: it is compared as text, and never rewritten.
 *
 * Text round a number, and extensions, have no place in E.164 and dropping them would lose what somebody wrote: such values stay as
 * they are. A few national plans rewrite what they parse; only a form that parses to itself is taken.
 */
export function readPhone(line: string, { countries = [], defaultCountry }: PhoneOptions): PhoneReading {
  if (line.length > longestRemembered) return read(line, { countries, defaultCountry });
  return remember(`${defaultCountry}\0${countries.join()}\0${line}`, () => read(line, { countries, defaultCountry }));
}

/**
 * Of a record both the number and its form are asked for, most people's numbers stand in both systems, and a write reads its record some
 * three times: reading a number costs more than all other values of a record together.
 */
const remember = remembering<PhoneReading>(8_192);

/** Longer texts are no numbers, and would make what is remembered large. */
const longestRemembered = 64;

function read(line: string, { countries = [], defaultCountry }: PhoneOptions): PhoneReading {
  for (const country of [...countries, defaultCountry]) {
    if (!isCountry(country)) continue;
    const parsed = parse(line, country);
    if (parsed === null) continue;
    const isInternational = namesItsCountry(line, parsed);
    if ((!isInternational && !parsed.isValid()) || parse(parsed.number, country)?.number !== parsed.number) continue;
    const mark = isInternational ? '+' : countries.includes(country) ? '=' : '~';
    return { value: parsed.number, form: `${mark}${significant(parsed.nationalNumber)}` };
  }
  return { value: line, form: unread(line) };
}

/** Whether a text is a number in its normal form, E.164. */
export function isPhone(value: string, defaultCountry: string): boolean {
  const { value: read, form } = readPhone(value, { defaultCountry });
  return read === value && form !== null && form.startsWith('+');
}

type Parsed = NonNullable<ReturnType<typeof parsePhoneNumberFromString>>;

function parse(text: string, defaultCountry: CountryCode): Parsed | null {
  const parsed = parsePhoneNumberFromString(text, { defaultCountry, extract: false }, phoneMetadata);
  return parsed === undefined || parsed.ext !== undefined || !parsed.isPossible() ? null : parsed;
}

function isCountry(country: string | null | undefined): country is CountryCode {
  return typeof country === 'string' && isSupportedCountry(country as CountryCode, phoneMetadata);
}

/** `+33 6…`, and `0033 6…` or `33 6…` where the parser found the country code among the digits: a national number is shorter than that. */
function namesItsCountry(line: string, { countryCallingCode, nationalNumber }: Parsed): boolean {
  return /^[^\d]*[+＋]/u.test(line) || digitsOf(line).endsWith(`${countryCallingCode}${nationalNumber}`);
}

/** Of a text that no country reads: its digits, where they are all that it says. */
function unread(line: string): PhoneForm | null {
  const digits = significant(digitsOf(line));
  return /\p{L}/u.test(line) || digits.length < fewestDigits ? null : `~${digits}`;
}

function digitsOf(line: string): string {
  return line.replaceAll(/\D/g, '');
}

function significant(digits: string): string {
  return digits.replace(/^0+/, '');
}
