import { z } from 'zod';
import {
  ambiguousChoices,
  builtInLanguages,
  type ChoiceField,
  hasBuiltInChoices,
  labelLanguageOf,
  labelsOf,
} from '../core/choices.js';
import { dayFacts, donationFacts, type FactName, orderFacts } from '../core/events/facts.js';
import { nameFields, personMatchKeys } from '../core/person.js';
import { derivedIn, type DerivedPlaces } from '../core/events/derived.js';
import { otherSystem, type SystemName, systemNames } from '../core/record.js';
import { placeText } from './values.js';

/** Where a field stands in a system: one dotted path, or two where a system names it differently in answers and in writes. */
const placeForms = [
  placeText(),
  z.strictObject({
    read: placeText().describe('Path in what the system answers.'),
    write: placeText().optional().describe('Path in what is sent to it. Left out: that of `read`.'),
    label: z
      .string()
      .min(1)
      .optional()
      .describe(
        'The system shows a label to choose from: in this language it is written (`fr`, `en`, or one that `choices` names). Left out: the value is written. Read are the value and labels of all languages, either way.',
      ),
  }),
] as const;

/** A fact that is made of events, in the system that they are events of: nothing of the record shows it, and nothing is written there. */
const derivedFrom = <const Names extends readonly FactName[]>(names: Names, text: string) =>
  z.strictObject({ derived: z.enum(names).describe(text) });

const labels = z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]);

const choicesSchema = z
  .record(z.string().min(1), z.union([labels, z.record(z.string().min(1), labels)]))
  .optional()
  .describe(
    'The field is a choice: value to its labels, the first of which is written and each of which is read, in one list or by language. Types `country` and `language` have a table built in, in French and English (`fr`, `en`), whose rows these come before. What stands in no row cannot be read: that record becomes a case.',
  );

const fieldSchema = z
  .strictObject({
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
    yapla: z
      .union([
        ...placeForms,
        derivedFrom(
          donationFacts,
          'A fact from donations of Yapla, for Yoplanning (`direction: toYoplanning`): `lastDonation`, a day; `donatedThisYear`, an amount.',
        ),
      ])
      .describe(
        'Dotted path in a Yapla member (of an entry of a list: `custom[id=f108].value`), or `{ read, write, label }`, or `{ derived }`.',
      ),
    yoplanning: z
      .union([
        ...placeForms,
        derivedFrom(
          orderFacts,
          'A fact from orders of Yoplanning, for Yapla (`direction: toYapla`): `nextSession` and `lastSession`, days; `bookingsThisSeason`, a number of places; `spentThisSeason`, an amount; `activities`, titles.',
        ),
      ])
      .describe(
        'Dotted path in a Yoplanning client (of an entry of a list: `custom[id=f108].value`), or `{ read, write, label }`, or `{ derived }`.',
      ),
    choices: choicesSchema,
  })
  .superRefine(checkChoices)
  .superRefine(checkDerived);

interface DerivedUse {
  readonly direction: string;
  readonly type: string;
  readonly choices?: unknown;
}

const onlyWay = { yapla: 'toYoplanning', yoplanning: 'toYapla' } as const satisfies Record<SystemName, string>;

/** A fact travels one way, as what it is. */
function checkDerived(field: DerivedPlaces & DerivedUse, context: z.RefinementCtx): void {
  const problem = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
  for (const system of systemNames) {
    const fact = derivedIn(field[system]);
    if (fact === null) continue;
    if (derivedIn(field[otherSystem(system)]) !== null)
      problem(
        otherSystem(system),
        'expected a place, because the other system’s is derived: a fact needs one to be shown at',
      );
    if (field.direction !== onlyWay[system])
      problem('direction', `expected ${onlyWay[system]}: what is derived is only ever sent to the other system`);
    if (field.type !== 'text' && !(field.type === 'date' && dayFacts.has(fact)))
      problem(
        'type',
        `expected text${dayFacts.has(fact) ? ' or date' : ''}, because ${fact} is ${dayFacts.has(fact) ? 'a day' : 'no other type'}`,
      );
    if (field.choices !== undefined)
      problem('choices', 'expected none, because the field is derived: there is no table of what may come');
  }
}

function checkChoices(field: ChoiceField, context: z.RefinementCtx): void {
  const { type, choices } = field;
  const problem = (path: readonly string[], message: string) =>
    context.addIssue({ code: 'custom', path: [...path], message });
  if (choices !== undefined && !['text', 'name', 'country', 'language'].includes(type)) {
    problem(['choices'], `expected a field of type text, name, country or language: one of type ${type} is no choice`);
  }
  for (const { value, other } of ambiguousChoices(choices ?? {})) {
    problem(['choices', value], `expected texts that no other value has: one of them stands for "${other}", too`);
  }
  for (const system of ['yapla', 'yoplanning'] as const) {
    const language = labelLanguageOf(field[system]);
    if (language === null || builtInLanguages(type).includes(language)) continue;
    if (choices === undefined && !hasBuiltInChoices(type)) {
      problem([system, 'label'], 'expected `choices` beside it: which label stands for which value');
      continue;
    }
    if (hasBuiltInChoices(type)) {
      problem(
        [system, 'label'],
        `expected ${builtInLanguages(type).join(' or ')}: the table that is built in has no other language`,
      );
      continue;
    }
    for (const [value, row] of Object.entries(choices ?? {})) {
      if (labelsOf(row, language).length > 0) continue;
      problem(['choices', value], `expected a label in "${language}", the language of ${system}.label`);
    }
  }
}

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

/** Fields that people are matched by: what a person is known by is no fact about the person. */
const ofMatching: ReadonlySet<string> = new Set([...nameFields, ...personMatchKeys]);

export const fieldsSchema = z
  .record(z.string().regex(/^[a-z][A-Za-z0-9]*$/, 'expected a name in camelCase'), fieldSchema)
  .refine(
    (fields) => nameFields.every((name) => name in fields),
    `expected at least ${nameFields.join(' and ')}: people are matched by them`,
  )
  .superRefine((fields, context) => {
    for (const [name, field] of Object.entries(fields)) {
      if (!ofMatching.has(name) || !systemNames.some((system) => derivedIn(field[system]) !== null)) continue;
      const message = 'expected places in both systems: people are matched by this field';
      context.addIssue({ code: 'custom', path: [name], message });
    }
  })
  .prefault(personFields)
  .describe(
    'The field map: canonical name to its place in each system. firstName, lastName, email, phone and birthDate are also what people are matched by.',
  );

export type FieldsConfig = z.infer<typeof fieldsSchema>;
export type FieldPlace = z.infer<typeof fieldSchema>[SystemName];
