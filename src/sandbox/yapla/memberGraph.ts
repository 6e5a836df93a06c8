/**
 * The schema of the sandbox's GraphQL, as one that nobody here designed: camel case, ids as texts, a part of the person in an object of her
 * contact, the member in a payload, one input to create and another to change; a field that this login may not see.
 */
import { buildSchema, GraphQLError } from 'graphql';
import type { JsonObject } from '../../systems/system.js';
import type { Call } from '../door.js';
import type { Person } from '../person.js';
import type { Member, Members } from './members.js';
import type { MemberWrite } from './shape.js';
import { mergeWrite } from './validation.js';

export const memberGraph = buildSchema(`
  scalar Date
  enum MemberStatus { waiting_approval active inactive archived }
  type Address { street: String city: String postalCode: String countryCode: String }
  type Contact { email: String mobilePhone: String address: Address! }
  type Member {
    id: ID!
    number: String!
    status: MemberStatus!
    firstName: String!
    lastName: String!
    contact: Contact!
    birthDate: Date
    language: String
    organization: String
    groups: [String!]!
    updatedAt: String!
    "For who has the right."
    medicalNote: String
  }
  input AddressInput { street: String city: String postalCode: String countryCode: String }
  input ContactInput { email: String mobilePhone: String address: AddressInput }
  input MemberInput {
    firstName: String
    lastName: String!
    contact: ContactInput
    birthDate: Date
    language: String
    status: MemberStatus
  }
  input MemberPatch {
    firstName: String
    lastName: String
    contact: ContactInput
    birthDate: Date
    language: String
    status: MemberStatus
  }
  type MemberPayload { node: Member done: Boolean! }
  type Query { member(id: ID!): Member memberCount: Int! }
  type Mutation {
    createMember(input: MemberInput!): MemberPayload
    updateMember(id: ID!, patch: MemberPatch!): MemberPayload
  }
`);

/** Where a person stands in an input. What is left out is left alone; null empties. */
const places = {
  firstName: ['firstName'],
  lastName: ['lastName'],
  birthDate: ['birthDate'],
  language: ['language'],
  email: ['contact', 'email'],
  phone: ['contact', 'mobilePhone'],
  street: ['contact', 'address', 'street'],
  city: ['contact', 'address', 'city'],
  postalCode: ['contact', 'address', 'postalCode'],
  country: ['contact', 'address', 'countryCode'],
} as const satisfies Record<keyof Person, readonly string[]>;

/** The resolvers of one request. */
export function memberResolvers(members: Members, call: Call, mayWrite: boolean) {
  const allowed = () => {
    if (!mayWrite) throw new GraphQLError('You may only read.', { extensions: { code: 'FORBIDDEN' } });
  };
  return {
    member: ({ id }: { readonly id: string }) => nodeOf(members.get(id)),
    memberCount: () => members.size,

    createMember: ({ input }: { readonly input: JsonObject }) => {
      allowed();
      const fields = accepted(mergeWrite(null, writeOf(input)));
      const member = members.create({ ...fields, person: call.asStored(null, fields.person) }, 'api');
      call.applied('created', member.id);
      return { node: nodeOf(member), done: true };
    },

    updateMember: ({ id, patch }: { readonly id: string; readonly patch: JsonObject }) => {
      allowed();
      const member = members.get(id);
      if (member === undefined)
        throw new GraphQLError('There is no such member.', { extensions: { code: 'NOT_FOUND' } });
      const fields = accepted(mergeWrite(member.fields, writeOf(patch)));
      members.update(member, { ...fields, person: call.asStored(member.fields.person, fields.person) }, 'api');
      call.applied('updated', id);
      return { node: nodeOf(member), done: true };
    },
  };
}

/** An error of the input, as it stands inside an answer of status 200. @param field canonical, or any other text */
export function inputError(field: string, message: string): GraphQLError {
  const known: Readonly<Record<string, readonly string[]>> = places;
  const path = known[field]?.join('.') ?? field;
  return new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT', fields: [path] } });
}

function accepted(merged: ReturnType<typeof mergeWrite>) {
  if ('fields' in merged) return merged.fields;
  const [field, message] = Object.entries(merged.complaints)[0]!;
  throw inputError(field, message);
}

function writeOf(input: JsonObject): MemberWrite {
  const person: Record<string, unknown> = {};
  for (const [field, place] of Object.entries(places)) {
    let value: unknown = input;
    for (const key of place) {
      if (typeof value !== 'object' || value === null) break;
      value = (value as Readonly<Record<string, unknown>>)[key];
    }
    if (value !== undefined) person[field] = value;
  }
  const { status } = input;
  return { mode: 'partial', person, rest: typeof status === 'string' ? { status: status as never } : {} };
}

function nodeOf(member: Member | undefined) {
  if (member === undefined) return null;
  const { id, number, fields, updatedAtMs } = member;
  const { person } = fields;
  return {
    id,
    number,
    status: fields.status,
    firstName: person.firstName,
    lastName: person.lastName,
    birthDate: person.birthDate,
    language: person.language,
    contact: {
      email: person.email,
      mobilePhone: person.phone,
      address: {
        street: person.street,
        city: person.city,
        postalCode: person.postalCode,
        countryCode: person.country,
      },
    },
    organization: fields.organisation,
    groups: fields.groups,
    updatedAt: new Date(updatedAtMs).toISOString(),
    medicalNote: () => {
      throw new GraphQLError('Not for this login.', { extensions: { code: 'FORBIDDEN' } });
    },
  };
}
