/**
 * What is known of the kind `person`, and of no other: which fields name one, and which tell two of one name apart. How names compare
 * stands in names.ts, who is who in match.ts and matching/.
 */
import type { CanonicalFields, FieldName } from './record.js';

/** A person's name, in the order in which it is said. */
export const nameFields = ['firstName', 'lastName'] as const satisfies readonly FieldName[];

/** What tells people of one name apart. */
export const identifyingFields = ['email', 'phone', 'birthDate'] as const satisfies readonly FieldName[];

/** What people can be matched by (matching/keys.ts): these fields, and the name, whichever of its words stands in which field. */
export const personMatchKeys = [...identifyingFields, 'name'] as const;

/** The name as a person would read it; the empty text where there is none. Personal data. */
export function fullName(fields: CanonicalFields): string {
  return nameFields
    .map((field) => fields[field] ?? '')
    .join(' ')
    .trim();
}
