/**
 * What the API accepts for a client, in the words of Django REST framework's serializer fields. Which fields are required, and
 * how long they may be, is not public: the table below is an assumption.
 */
import countries from 'i18n-iso-countries';
import type { Json, JsonObject } from '../../systems/system.js';
import type { Labels } from '../labels.js';
import type { ClientFields } from './clients.js';

/** `{ "field": ["message", …] }`, as the vendor documents it. */
export type FieldErrors = Record<string, string[]>;

type TextRule = {
  readonly required?: true;
  readonly maxLength: number;
  readonly also?: (value: string) => string | null;
};

const emailPattern = /^[^\s@"(),:;<>[\\\]]+@[^\s@.]+(?:\.[^\s@.]+)+$/;

const textRules = {
  first_name: { required: true, maxLength: 150 },
  last_name: { required: true, maxLength: 150 },
  email: { maxLength: 254, also: (value) => (emailPattern.test(value) ? null : 'Enter a valid email address.') },
  phone_number: { maxLength: 30 },
  language: { maxLength: 10 },
  note: { maxLength: 32_000 },
  street: { maxLength: 255 },
  city: { maxLength: 100 },
  postal_code: { maxLength: 20 },
  state: { maxLength: 100 },
  // DRF's ChoiceField quotes the value that it refuses.
  country: { maxLength: 2, also: (value) => (isCountry(value) ? null : `"${value}" is not a valid choice.`) },
  external_reference: { maxLength: 255 },
} as const satisfies Partial<Record<keyof ClientFields, TextRule>>;

type TextField = keyof typeof textRules;

/**
 * Validates the body of a POST or PUT. Unknown fields are ignored, as DRF does; optional fields that are missing become `null`:
 * "If you don't [send the whole resource], you may lose some data" (the vendor's text).
 */
export function parseClient(
  body: Json,
  labels: Labels,
): { readonly fields: ClientFields } | { readonly errors: FieldErrors } {
  if (body === null || typeof body !== 'object' || Array.isArray(body)) {
    return { errors: { non_field_errors: [`Invalid data. Expected a dictionary, but got ${pythonType(body)}.`] } };
  }
  const errors: FieldErrors = {};
  const values: Record<string, Json> = {};
  for (const name of Object.keys(textRules) as TextField[]) {
    const result = labels.has(name) ? parseChoice(body, name, labels) : parseText(body, name, textRules[name]);
    if ('error' in result) errors[name] = [result.error];
    else values[name] = result.value;
  }
  const birthDate = parseDate(body);
  if ('error' in birthDate) errors['birth_date'] = [birthDate.error];
  else values['birth_date'] = birthDate.value;
  values['custom'] = body['custom'] ?? null;
  return Object.keys(errors).length > 0 ? { errors } : { fields: values as unknown as ClientFields };
}

/** The client of an order's item: its names and its address, by the same rules. */
export function parseParticipant(
  body: JsonObject,
):
  | { readonly value: { readonly first_name: string; readonly last_name: string; readonly email: string | null } }
  | { readonly errors: JsonObject } {
  const names = ['first_name', 'last_name', 'email'] as const;
  const parsed = names.map((name) => [name, parseText(body, name, textRules[name])] as const);
  const errors: JsonObject = {};
  for (const [name, result] of parsed) if ('error' in result) errors[name] = [result.error];
  if (Object.keys(errors).length > 0) return { errors };
  const values = parsed.map(([, result]) => ('value' in result ? result.value : null));
  return { value: { first_name: values[0] ?? '', last_name: values[1] ?? '', email: values[2] || null } };
}

type Parsed = { readonly value: string | null } | { readonly error: string };

/** CharField: takes numbers as text and trims blanks at both ends. */
function parseText(body: JsonObject, name: string, { required, maxLength, also }: TextRule): Parsed {
  const raw = body[name];
  if (raw === undefined) return required ? { error: 'This field is required.' } : { value: null };
  if (raw === null) return required ? { error: 'This field may not be null.' } : { value: null };
  if (typeof raw !== 'string' && typeof raw !== 'number') return { error: 'Not a valid string.' };
  const value = String(raw).trim();
  if (value.includes('\0')) return { error: 'Null characters are not allowed.' };
  if (value === '') return required ? { error: 'This field may not be blank.' } : { value: '' };
  // Python counts code points, not UTF-16 units.
  if ([...value].length > maxLength) return { error: `Ensure this field has no more than ${maxLength} characters.` };
  const complaint = also?.(value) ?? null;
  return complaint === null ? { value } : { error: complaint };
}

/** ChoiceField: takes the exact label. */
function parseChoice(body: JsonObject, name: string, labels: Labels): Parsed {
  const raw = body[name];
  if (raw === undefined || raw === null || raw === '') return { value: null };
  if (typeof raw !== 'string') return { error: 'Not a valid string.' };
  const value = labels.valueOf(name, raw);
  return value === undefined ? { error: `"${raw}" is not a valid choice.` } : { value };
}

/** DateField. An empty string is no date; only `null` empties it. */
function parseDate(body: JsonObject): Parsed {
  const raw = body['birth_date'];
  if (raw === undefined || raw === null) return { value: null };
  if (typeof raw === 'string' && isCalendarDate(raw)) return { value: raw };
  return { error: 'Date has wrong format. Use one of these formats instead: YYYY-MM-DD.' };
}

export function isCalendarDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const date = new Date(`${text}T00:00:00Z`);
  // Date takes 30 February for 1 March.
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}

function isCountry(code: string): boolean {
  return /^[A-Z]{2}$/.test(code) && countries.alpha2ToAlpha3(code) !== undefined;
}

function pythonType(value: Json): string {
  if (value === null) return 'NoneType';
  if (Array.isArray(value)) return 'list';
  switch (typeof value) {
    case 'string':
      return 'str';
    case 'boolean':
      return 'bool';
    case 'number':
      return Number.isInteger(value) ? 'int' : 'float';
    default:
      return 'dict';
  }
}
