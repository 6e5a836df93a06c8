/**
 * What the API accepts as an order, in the words of Django REST framework. The fields are those of the vendor's example; which of them are
 * required is not public: the ones that the example cannot do without.
 */
import type { Json, JsonObject } from '../../systems/system.js';
import { isJsonObject } from '../../core/document.js';
import type { Clients } from './clients.js';
import type { Catalogue } from './catalogue.js';
import type { OrderRecord } from './orders.js';
import { parseParticipant } from './validation.js';

export type NamedClient =
  { readonly id: string } | { readonly first_name: string; readonly last_name: string; readonly email: string | null };

export interface ParsedItem {
  /** Of an item that the order has already. */
  readonly id: string | null;
  readonly session: string | null;
  readonly voucher: { readonly id: string; readonly product: string } | null;
  readonly cents: number;
  readonly client: NamedClient;
}

export interface ParsedPayment {
  readonly id: string | null;
  readonly cents: number;
  readonly client: NamedClient | null;
}

export interface ParsedOrder {
  readonly reference: string | null;
  readonly cancelled: boolean;
  readonly items: readonly ParsedItem[];
  readonly payments: readonly ParsedPayment[];
}

export interface OrderParsing {
  readonly clients: Clients;
  readonly catalogue: Catalogue;
  readonly cancelledWord: string;
  /** The order that a `PUT` is about. */
  readonly before?: OrderRecord;
  /** A validation says what is not to be had; an order refuses a session that is not there. */
  readonly takesUnknownSessions: boolean;
}

/** `{ "items": [{}, { "price": ["This field is required."] }] }`: an empty object for each entry that is fine. */
export type OrderErrors = JsonObject;

type Parsed<T> = { readonly value: T } | { readonly errors: Json };

const required = ['This field is required.'];
const noDictionary = { non_field_errors: ['Invalid data. Expected a dictionary.'] };

export function parseOrder(
  body: Json,
  parsing: OrderParsing,
): { readonly order: ParsedOrder } | { errors: OrderErrors } {
  if (!isJsonObject(body)) return { errors: noDictionary };
  const errors: OrderErrors = {};
  const take = <T>(name: string, parsed: Parsed<T>): T | undefined => {
    if ('value' in parsed) return parsed.value;
    errors[name] = parsed.errors;
    return undefined;
  };
  const reference = take('external_reference', parseReference(body['external_reference']));
  const cancelled = take('status', parseStatus(body['status'], parsing));
  const items = take(
    'items',
    parseList(body['items'], true, (entry) => parseItem(entry, parsing)),
  );
  const payments = take(
    'payments',
    parseList(body['payments'] ?? [], false, (entry) => parsePayment(entry, parsing)),
  );
  if (reference === undefined || cancelled === undefined || items === undefined || payments === undefined)
    return { errors };
  return { order: { reference, cancelled, items, payments } };
}

function parseReference(raw: Json | undefined): Parsed<string | null> {
  if (raw === undefined || raw === null) return { value: null };
  if (typeof raw !== 'string' && typeof raw !== 'number') return { errors: ['Not a valid string.'] };
  const value = String(raw).trim();
  if ([...value].length > 255) return { errors: ['Ensure this field has no more than 255 characters.'] };
  return { value };
}

/** Only what exists has a status that can be written. */
function parseStatus(raw: Json | undefined, { before, cancelledWord }: OrderParsing): Parsed<boolean> {
  if (before === undefined || raw === undefined) return { value: before?.cancelled ?? false };
  if (raw === cancelledWord || raw === 'created') return { value: raw === cancelledWord };
  return { errors: [`"${textOf(raw)}" is not a valid choice.`] };
}

function parseList<T>(
  raw: Json | undefined,
  isRequired: boolean,
  parse: (entry: JsonObject) => { readonly value: T } | { readonly errors: JsonObject },
): Parsed<T[]> {
  if (raw === undefined) return { errors: required };
  if (!Array.isArray(raw)) return { errors: { non_field_errors: ['Expected a list of items.'] } };
  if (isRequired && raw.length === 0) return { errors: { non_field_errors: ['This list may not be empty.'] } };
  const parsed = raw.map((entry) => (isJsonObject(entry) ? parse(entry) : { errors: noDictionary }));
  if (parsed.every((one) => 'value' in one)) return { value: parsed.map(({ value }) => value) };
  return { errors: parsed.map((one) => ('errors' in one ? one.errors : {})) };
}

type Fields<T> = { readonly value: T } | { readonly errors: JsonObject };

function parseItem(entry: JsonObject, parsing: OrderParsing): Fields<ParsedItem> {
  const known = parsing.before?.items.find(({ id }) => id === entry['id']);
  const session = known?.voucher ? { value: null } : parseSession(entry['session_group'], parsing);
  const price = entry['price'];
  const cents = isJsonObject(price) ? inner('amount', parseAmount(price['amount'])) : { errors: required };
  const client = parseClientOf(entry['client'], parsing);
  const errors: JsonObject = {
    ...('errors' in session ? { session_group: session.errors } : {}),
    ...('errors' in cents ? { price: cents.errors } : {}),
    ...('errors' in client ? { client: client.errors } : {}),
  };
  if ('errors' in session || 'errors' in cents || 'errors' in client) return { errors };
  const [id, voucher] = [known?.id ?? null, known?.voucher ?? null];
  return { value: { id, voucher, session: session.value, cents: cents.value, client: client.value } };
}

function parsePayment(entry: JsonObject, parsing: OrderParsing): Fields<ParsedPayment> {
  const known = parsing.before?.payments.find(({ id }) => id === entry['id']);
  const cents = parseAmount(entry['amount']);
  const raw = entry['client'] ?? null;
  const client = raw === null ? { value: null } : parseClientOf(raw, parsing);
  const errors: JsonObject = {
    ...('errors' in cents ? { amount: cents.errors } : {}),
    ...('errors' in client ? { client: client.errors } : {}),
  };
  if ('errors' in cents || 'errors' in client) return { errors };
  return { value: { id: known?.id ?? null, cents: cents.value, client: client.value } };
}

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function parseSession(raw: Json | undefined, { catalogue, takesUnknownSessions }: OrderParsing): Parsed<string> {
  if (raw === undefined || raw === null) return { errors: required };
  if (typeof raw !== 'string' || !uuid.test(raw)) return { errors: [`“${JSON.stringify(raw)}” is not a valid UUID.`] };
  const session = catalogue.session(raw.toLowerCase());
  if (session !== undefined && !session.gone) return { value: session.id };
  return takesUnknownSessions
    ? { value: raw.toLowerCase() }
    : { errors: [`Invalid pk "${raw}" - object does not exist.`] };
}

/** A nested client by its id, in an object or, as lists show it, alone; or the names of one to be made. */
function parseClientOf(raw: Json | undefined, { clients }: OrderParsing): Parsed<NamedClient> {
  if (raw === undefined || raw === null) return { errors: required };
  const id = isJsonObject(raw) ? raw['id'] : raw;
  if (id !== undefined && id !== null) {
    if (typeof id !== 'string' || clients.get(id.toLowerCase()) === undefined) {
      const errors = [`Invalid pk "${textOf(id)}" - object does not exist.`];
      return { errors: isJsonObject(raw) ? { id: errors } : errors };
    }
    return { value: { id: id.toLowerCase() } };
  }
  return parseParticipant(raw as JsonObject);
}

/** DecimalField: text or a number, two digits behind the point, ten in all. In cents. */
function parseAmount(raw: Json | undefined): Parsed<number> {
  if (raw === undefined) return { errors: required };
  const text = typeof raw === 'string' || typeof raw === 'number' ? String(raw).trim() : '';
  const match = /^(-?\d+)(?:\.(\d+))?$/.exec(text);
  if (match === null) return { errors: ['A valid number is required.'] };
  const [, whole = '', fraction = ''] = match;
  if (fraction.length > 2) return { errors: ['Ensure that there are no more than 2 decimal places.'] };
  if (whole.replace('-', '').length > 8) return { errors: ['Ensure that there are no more than 10 digits in total.'] };
  const cents = Math.abs(Number(whole)) * 100 + Number(fraction.padEnd(2, '0'));
  return { value: text.startsWith('-') ? -cents : cents };
}

function inner<T>(name: string, parsed: Parsed<T>): Parsed<T> {
  return 'errors' in parsed ? { errors: { [name]: parsed.errors } } : parsed;
}

function textOf(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
