/**
 * One normal form per field type, so that values can be compared by their hashes.
 *
 * Two rules hold everywhere. A value that cannot be understood as its type stays as cleaned text: nothing is invented, and the
 * receiving system may refuse it. And normalising is idempotent, because what we write comes back to us and is normalised again.
 */
import { countryCodeOf, languageCodeOf } from './codes.js';
import { isPhone, readPhone, type PhoneForm, type PhoneOptions } from './phone.js';
import type { FieldType, FieldValue } from './record.js';

/** To be increased whenever a normal form changes: what is stored was made with the form before, and is made again (core/fieldMap.ts). */
export const normaliserVersion = 2;

/** What normalising needs to know besides the value: the countries of phone numbers written without one. */
export type NormaliseOptions = PhoneOptions;

/**
 * A mapped place holds an object, a list or a truth value: the field map points at the wrong place. Carries no value, because
 * it would be personal data in an error.
 */
export class UnreadableValue extends Error {
  override readonly name = 'UnreadableValue';

  constructor(
    /** Type that the field map gives the field. */
    readonly fieldType: FieldType,
    /** What stands there instead: `object`, `array`, `boolean`, … */
    readonly found: string,
  ) {
    super(
      `expected text, a number or null for a field of type "${fieldType}", found ${found}: check the field's place in the field map`,
    );
  }
}

/**
 * Brings one raw JSON value to its normal form. `''`, blanks and `null` become `null` (empty); numbers are taken as text.
 * The caller leaves out fields that the system did not return: `undefined` is not an empty value.
 *
 * @throws {UnreadableValue} for objects, arrays, booleans and `undefined`
 */
export function normaliseValue(type: FieldType, raw: unknown, options: NormaliseOptions): FieldValue {
  if (raw === null) return null;
  if (typeof raw !== 'string' && !(typeof raw === 'number' && Number.isFinite(raw))) {
    throw new UnreadableValue(type, Array.isArray(raw) ? 'array' : typeof raw);
  }
  if (type === 'text') return cleanLines(String(raw)) || null;
  const line = cleanLine(String(raw));
  return line === '' ? null : normaliseLine(type, line, options);
}

/** A phone number's form (phone.ts) as it stands in a document: its normal form does not say whether a country was written. */
export function phoneFormOf(raw: number | string, options: NormaliseOptions): PhoneForm | null {
  const line = cleanLine(String(raw));
  return line === '' ? null : readPhone(line, options).form;
}

/** Something, an `@`, and a name with a dot: what else an address may hold is for its mail server to say. */
const emailForm = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;

/**
 * Whether a normalised value was understood as its type, rather than kept as cleaned text. Values of the systems may be either;
 * one that a person enters for us to write must be understood. The empty value is.
 */
export function isUnderstood(type: FieldType, value: FieldValue, options: NormaliseOptions): boolean {
  if (value === null) return true;
  switch (type) {
    case 'text':
    case 'name':
      return true;
    case 'email':
      return emailForm.test(value);
    case 'phone':
      return isPhone(value, options.defaultCountry);
    case 'date':
      return isDay(value);
    case 'country':
      return countryCodeOf(value) === value;
    case 'language':
      return languageCodeOf(value) === value;
  }
}

function normaliseLine(type: Exclude<FieldType, 'text'>, line: string, options: NormaliseOptions): FieldValue {
  switch (type) {
    case 'name':
      return line;
    case 'email':
      return normalEmail(line);
    case 'phone':
      return readPhone(line, options).value;
    case 'date':
      return normaliseDate(line);
    case 'country':
      return countryCodeOf(line) ?? line;
    case 'language':
      return languageCodeOf(line) ?? line;
  }
}

/** @param line as `cleanLine` gives it */
export function normalEmail(line: string): string {
  // Lower-casing can leave sequences that compose differently (for example `İ`), hence NFC once more.
  return line.toLowerCase().normalize('NFC');
}

/**
 * Invisible characters that ride along with copied text (byte order mark, soft hyphen, zero-width space, direction marks round
 * phone numbers) and lone surrogates and NUL, which Postgres cannot store. The zero-width joiners stay: some scripts need them.
 */
const invisible = /[\u00AD\u200B\u200E\u200F\u202A-\u202E\u2060\u2066-\u2069\uFEFF]|\p{Cs}|(?![\n\t])\p{Cc}/gu;
const lineEnds = /\r\n?|[\u000B\u000C\u0085\u2028\u2029]/g;

/** Words of visible ASCII with one blank between them: most values, and nothing is to be done about them. */
const isClean = /^[!-~]+(?: [!-~]+)*$/;

function cleanLines(raw: string): string {
  if (isClean.test(raw)) return raw;
  return raw
    .replaceAll(lineEnds, '\n')
    .replaceAll(invisible, '')
    .normalize('NFC')
    .split('\n')
    .map((line) => line.replaceAll(/\s+/g, ' ').trim())
    .join('\n')
    .trim();
}

/** A text in one line, without what cannot be seen or stored, and with one blank where there were several. */
export function cleanLine(raw: string): string {
  return cleanLines(raw).replaceAll(/\n+/g, ' ');
}

/** `2001-05-03`, also followed by a time of day, which is cut off: shifting by its zone could move a birthday to the day before. */
const yearFirst = /^(?<year>\d{4})-(?<month>\d{2})-(?<day>\d{2})(?:[T ]\d{2}:.*)?$/;
/** `03/05/2001`: day first (JJ/MM/AAAA in Yapla's exports), never month first. */
const dayFirst = /^(?<day>\d{1,2})[/.-](?<month>\d{1,2})[/.-](?<year>\d{4})$/;

/** `YYYY-MM-DD` if the day exists in the calendar; else the text as it is. `0000-00-00` is how MySQL writes "no date". */
function normaliseDate(line: string): FieldValue {
  const { year, month, day } = yearFirst.exec(line)?.groups ?? dayFirst.exec(line)?.groups ?? {};
  if (year === undefined || month === undefined || day === undefined) return line;
  if (Number(year) === 0 && Number(month) === 0 && Number(day) === 0) return null;
  const text = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
  return isDay(text) ? text : line;
}

/** `YYYY-MM-DD`, and such a day is in the calendar. */
function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const date = new Date(`${text}T00:00:00Z`);
  // Date accepts 31 April and moves it to May: what comes back must be what went in.
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}
