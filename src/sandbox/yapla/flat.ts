/**
 * The shape that src/config/yapla.ts assumes: pages by number, key in a header, snake case, a whole update. PHP's ways: empty
 * texts instead of null, a date with midnight behind it, no date as zeros, ids as numbers.
 */
import { isJsonObject } from '../../core/document.js';
import type { Json, JsonObject } from '../../systems/system.js';
import type { PersonField } from '../person.js';
import type { Member, MemberFields, MemberStatus, Membership } from './members.js';
import { memberBody } from '../webhooks/bodies.js';
import { asSpoilt, type MemberWrite, type YaplaShape } from './shape.js';

const names: Readonly<Record<PersonField, string>> = {
  firstName: 'first_name',
  lastName: 'last_name',
  email: 'email',
  phone: 'phone',
  birthDate: 'birth_date',
  language: 'language',
  street: 'address',
  city: 'city',
  postalCode: 'postal_code',
  country: 'country',
};

export const flatShape: YaplaShape = {
  readsOne: { data: true, rest: true },
  restPath: '/members',
  updateMethod: 'PUT',

  keyOf: (request) => headerOf(request.headers['x-api-key']),
  windowOf: (query, maxPageSize) => {
    const size = Math.min(positive(query.get('limit')) ?? maxPageSize, maxPageSize);
    return { start: ((positive(query.get('page')) ?? 1) - 1) * size, size };
  },
  page: (members, total, { start, size }, says) => ({
    result: true,
    page: start / size + 1,
    ...(says === 'total' ? { pages: Math.ceil(total / size), total } : {}),
    ...(says === 'lastPage' ? { pages: Math.ceil(total / size) } : {}),
    ...(says === 'more' ? { has_more: start + size < total } : {}),
    data: members.map(document),
  }),
  document,
  readAnswer: (member) => ({ result: true, data: document(member) }),
  webhookBody: memberBody,
  parse: (body) => ({
    mode: 'whole',
    person: personOf(body),
    rest: restOf(body),
  }),
  createdAnswer: (member) => ({ status: 201, body: { result: true, data: document(member) } }),
  updatedAnswer: (member) => ({ status: 200, body: { result: true, data: document(member) } }),
  invalid: (complaints) => ({
    status: 400,
    body: {
      result: false,
      errors: Object.fromEntries(Object.entries(complaints).map(([field, text]) => [nameOf(field), [text]])),
    },
  }),
  failure: (status, message, headers = {}) => ({ status, body: { result: false, message }, headers }),
};

/** What the body says about the person, by canonical field; `undefined`: nothing. */
export function personOf(body: JsonObject): MemberWrite['person'] {
  return Object.fromEntries(
    Object.entries(names).map(([field, name]) => [field, field === 'birthDate' ? dateOf(body[name]) : body[name]]),
  );
}

function nameOf(field: string): string {
  const known: Readonly<Record<string, string>> = names;
  return known[field] ?? field;
}

function document(member: Member): JsonObject {
  return asSpoilt(member, wholeDocument(member));
}

function wholeDocument({ id, number, fields, createdAtMs, updatedAtMs }: Member): JsonObject {
  const { person } = fields;
  return {
    id: Number(id),
    member_number: number,
    status: fields.status,
    first_name: person.firstName,
    last_name: person.lastName,
    email: person.email ?? '',
    phone: person.phone ?? '',
    birth_date: person.birthDate === null ? '0000-00-00' : `${person.birthDate} 00:00:00`,
    language: person.language ?? '',
    address: person.street ?? '',
    city: person.city ?? '',
    postal_code: person.postalCode ?? '',
    country: person.country ?? '',
    organization: fields.organisation ?? '',
    groups: [...fields.groups],
    memberships: fields.memberships.map((membership) => ({
      id: membership.id,
      type: membership.type,
      status: membership.status,
      start_date: membership.start,
      end_date: membership.end,
      amount: (membership.amount / 100).toFixed(2),
    })),
    custom_fields: fields.custom,
    created_at: timestamp(createdAtMs),
    updated_at: timestamp(updatedAtMs),
  };
}

/** The parts of a whole document that we do not map; what it lacks is emptied, memberships included. */
export function restOf(body: JsonObject): Partial<Omit<MemberFields, 'person'>> {
  return {
    ...(body['status'] === undefined ? {} : { status: body['status'] as MemberStatus }),
    organisation: typeof body['organization'] === 'string' && body['organization'] !== '' ? body['organization'] : null,
    groups: Array.isArray(body['groups']) ? (body['groups'] as string[]) : [],
    memberships: Array.isArray(body['memberships']) ? body['memberships'].filter(isJsonObject).map(membershipOf) : [],
    custom: body['custom_fields'] ?? null,
  };
}

function textOf(json: Json | undefined): string {
  return typeof json === 'string' ? json : '';
}

function membershipOf({ id, type, status, start_date, end_date, amount }: JsonObject): Membership {
  return {
    id: Number(id),
    type: textOf(type),
    status: status as Membership['status'],
    start: textOf(start_date),
    end: textOf(end_date),
    amount: Math.round(Number(amount) * 100),
  };
}

/** Takes back what it shows: the day before a blank or a `T`, and zeros for none. */
function dateOf(raw: Json | undefined): Json | undefined {
  if (typeof raw !== 'string') return raw;
  const [day = ''] = raw.split(/[T ]/);
  return day === '0000-00-00' ? null : day;
}

function timestamp(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
}

function headerOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

function positive(text: string | null): number | null {
  return text !== null && /^[1-9]\d*$/.test(text) ? Number(text) : null;
}
