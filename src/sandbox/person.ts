/** A person as both stand-ins can hold one: the fields that both systems have, as raw text, before any normalising. */
import { z } from 'zod';

export interface Person {
  readonly firstName: string;
  readonly lastName: string;
  readonly email: string | null;
  readonly phone: string | null;
  /** `YYYY-MM-DD`. */
  readonly birthDate: string | null;
  readonly language: string | null;
  readonly street: string | null;
  readonly city: string | null;
  readonly postalCode: string | null;
  /** ISO 3166-1 alpha-2. */
  readonly country: string | null;
}

export type PersonField = keyof Person;

export const personFields = [
  'firstName',
  'lastName',
  'email',
  'phone',
  'birthDate',
  'language',
  'street',
  'city',
  'postalCode',
  'country',
] as const satisfies readonly PersonField[];

export const personFieldSchema = z.enum(personFields);

const text = z.string().nullable();

/** Parses what the control API is sent; absent fields of an added person are `null`. */
export const personSchema = z.strictObject({
  firstName: z.string(),
  lastName: z.string(),
  email: text.default(null),
  phone: text.default(null),
  birthDate: text.default(null),
  language: text.default(null),
  street: text.default(null),
  city: text.default(null),
  postalCode: text.default(null),
  country: text.default(null),
});

export const personChangesSchema = z.strictObject({
  firstName: z.string().optional(),
  lastName: z.string().optional(),
  email: text.optional(),
  phone: text.optional(),
  birthDate: text.optional(),
  language: text.optional(),
  street: text.optional(),
  city: text.optional(),
  postalCode: text.optional(),
  country: text.optional(),
});

/** A new person; only the names are needed. */
export type NewPerson = z.input<typeof personSchema>;
/** Fields to change; `null` empties one. */
export type PersonChanges = z.input<typeof personChangesSchema>;

/** `person` with `changes` laid over it. */
export function withChanges(person: Person, changes: PersonChanges): Person {
  const next: Record<string, string | null> = { ...person };
  for (const field of personFields) {
    const value = changes[field];
    if (value !== undefined) next[field] = value;
  }
  return next as unknown as Person;
}
