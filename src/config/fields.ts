import { z } from 'zod';
import { nameFields } from '../core/person.js';

/** Where a field stands in a system: one dotted path, or two where a system names it differently in answers and in writes. */
const place = z.union([
  z.string().min(1),
  z.strictObject({
    read: z.string().min(1).describe('Path in what the system answers.'),
    write: z.string().min(1).describe('Path in what is sent to it.'),
  }),
]);

const fieldSchema = z.strictObject({
  type: z
    .enum(['text', 'name', 'email', 'phone', 'date', 'country', 'language'])
    .default('text')
    .describe('How values are normalised before they are compared.'),
  rule: z
    .enum(['yapla', 'yoplanning', 'newest', 'ask'])
    .default('ask')
    .describe(
      'Which value wins when both systems changed it differently; `ask` opens a case, and the other fields go on.',
    ),
  direction: z.enum(['both', 'toYapla', 'toYoplanning']).default('both').describe('Which way changes travel.'),
  yapla: place.describe('Dotted path in a Yapla member, or `{ read, write }`.'),
  yoplanning: place.describe('Dotted path in a Yoplanning client, or `{ read, write }`.'),
});

/** Of people. Yoplanning's names are documented; Yapla's are not (docs/systems.md): the defaults are its labels in snake case. */
const personFields = {
  firstName: { type: 'name', yapla: 'first_name', yoplanning: 'first_name' },
  lastName: { type: 'name', yapla: 'last_name', yoplanning: 'last_name' },
  email: { type: 'email', yapla: 'email', yoplanning: 'email' },
  phone: { type: 'phone', yapla: 'phone', yoplanning: 'phone_number' },
  birthDate: { type: 'date', yapla: 'birth_date', yoplanning: 'birth_date' },
  language: { type: 'language', yapla: 'language', yoplanning: 'language' },
  street: { type: 'text', yapla: 'address', yoplanning: 'street' },
  city: { type: 'text', yapla: 'city', yoplanning: 'city' },
  postalCode: { type: 'text', yapla: 'postal_code', yoplanning: 'postal_code' },
  country: { type: 'country', yapla: 'country', yoplanning: 'country' },
} as const satisfies Record<string, z.input<typeof fieldSchema>>;

export const fieldsSchema = z
  .record(z.string().regex(/^[a-z][A-Za-z0-9]*$/, 'expected a name in camelCase'), fieldSchema)
  .refine(
    (fields) => nameFields.every((name) => name in fields),
    `expected at least ${nameFields.join(' and ')}: people are matched by them`,
  )
  .prefault(personFields)
  .describe(
    'The field map: canonical name to its place in each system. firstName, lastName, email, phone and birthDate are also what people are matched by.',
  );

export type FieldsConfig = z.infer<typeof fieldsSchema>;
export type FieldPlace = z.infer<typeof place>;
