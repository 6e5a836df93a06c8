/** What the model's world is made of: mapped fields, invented people, and the ways in which one connection differs from another. */
import { normaliseValue } from '../../../src/core/normalise.js';
import type { MatchRule, MatchSettings } from '../../../src/core/match.js';
import type {
  CanonicalFields,
  ConflictRule,
  FieldDefinition,
  FieldValue,
  SystemName,
} from '../../../src/core/record.js';
import type { JsonObject } from '../../../src/core/document.js';

/** Deliberate faults, to show that the properties notice them. `null`: the model as it should be. */
export type Mutant =
  | 'base not moved'
  | 'precondition not checked'
  | 'journal after the write'
  | 'event taken before the read commits'
  | 'rewrites not remembered'
  | 'lost answers not looked for'
  | 'only mapped fields written'
  | 'creation repeated without looking'
  | 'older body accepted'
  | 'gone when the list is short'
  | 'first sight matches nobody'
  | 'breaker switched off'
  | 'survivor not told'
  | 'younger reading replaced'
  | 'answers not closed'
  | 'values in the history';

/** How a connection reads and writes Yapla. The model in memory knows `byRest` and `listOnly`; the real engine runs them all. */
export interface YaplaWays {
  /** `none`: nothing can be written. */
  readonly writes: 'rest' | 'none' | 'workbook' | 'graphql';
  /**
   * `one`: a member can be read by its id; `list`: events carry whole members, and lists can be read; `file`: nothing can be asked for, and a
   * person exports lists.
   */
  readonly reads: 'one' | 'list' | 'file';
  /** Where it is read from files: Yapla sends no webhooks. */
  readonly isSilent?: boolean;
  /** Where it is written by GraphQL: what that server is like. */
  readonly graphql?: GraphqlWays;
}

/** What can happen to a request of GraphQL besides being lost, and to its answer. */
export type Mishap =
  /** A read is answered with an object that holds nothing; of a mutation, which was carried out, the record is missing. */
  | 'empty'
  /** One field cannot be shown: partial data beside an error. */
  | 'field fails'
  | 'field not found'
  /** A field that is never null cannot be shown, so null stands in the place of the whole record, beside an error. */
  | 'record fails'
  | 'record not shown'
  /** Nothing was carried out. */
  | 'fails before'
  /** It was carried out, and an error is all that is answered. */
  | 'fails after'
  | 'throttled'
  /** The token is not known any more: by a status, and by an error in an answer of status 200. */
  | 'token ends'
  | 'token unknown';

export interface GraphqlWays {
  /** The town has another name there than in the list. */
  readonly renames: boolean;
  /** What a creation answers: the member, the new id beside it alone, nothing. */
  readonly created: 'member' | 'id' | 'nothing';
  /** An update answers the member. */
  readonly showsUpdated: boolean;
  /** A mutation's payload is never without the member: where that cannot be shown, null stands in the place of the payload. */
  readonly neverWithout: boolean;
  /** What happens to the first requests, one after the other; `null`: nothing. Later ones are answered as they should be: everything ends. */
  readonly mishaps: readonly (Mishap | null)[];
}

export const byRest: YaplaWays = { writes: 'rest', reads: 'one' };
export const listOnly: YaplaWays = { writes: 'none', reads: 'list' };
export const byFiles: YaplaWays = { writes: 'workbook', reads: 'one' };
/** Without any API. */
export const byExports: YaplaWays = { writes: 'workbook', reads: 'file' };

export interface Setting {
  readonly cityRule: ConflictRule;
  /** Direction of the field `club`. */
  readonly clubDirection: FieldDefinition['direction'];
  readonly creates: Readonly<Record<SystemName, boolean>>;
  readonly yapla: YaplaWays;
  /** Yapla has a place for the other system's id. */
  readonly yaplaKeepsReference: boolean;
  /** Yoplanning turns every city into capitals. */
  readonly upperCases: boolean;
  /** Every so many'th creation in Yapla is answered without an id; 0: none. */
  readonly answerLostEvery: number;
  /** People that both systems have from the beginning. */
  readonly linkedPeople: number;
  readonly mutant: Mutant | null;
}

export const plainSetting: Setting = {
  cityRule: 'ask',
  clubDirection: 'both',
  creates: { yapla: true, yoplanning: true },
  yapla: byRest,
  yaplaKeepsReference: true,
  upperCases: false,
  answerLostEvery: 0,
  linkedPeople: 1,
  mutant: null,
};

export const fieldNames = ['firstName', 'lastName', 'email', 'city', 'club'] as const;

export function fieldsOf({ cityRule, clubDirection }: Setting): readonly FieldDefinition[] {
  return [
    { name: 'firstName', type: 'name', rule: 'ask', direction: 'both' },
    { name: 'lastName', type: 'name', rule: 'ask', direction: 'both' },
    { name: 'email', type: 'email', rule: 'ask', direction: 'both' },
    { name: 'city', type: 'text', rule: cityRule, direction: 'both' },
    { name: 'club', type: 'text', rule: 'ask', direction: clubDirection },
  ];
}

export const matchRules: readonly MatchRule[] = [{ all: ['email', 'name'] }, { all: ['email'] }];
export const matchSettings: MatchSettings = { nameAlone: 'ask', duplicates: 'ask' };

/** As people type: what normalises to the same value is no change. The first of each is what they are entered with. */
export const people = [
  {
    firstName: ['Zoé', 'Zoé-Anne'],
    lastName: ['Lemaire', 'Lemaire Dubois'],
    email: ['zoe@example.org', ' ZOE@example.org', 'z.lemaire@example.org', null],
  },
  {
    firstName: ['Ravi', 'Ravindra'],
    lastName: ['Peeters', 'Peeters Maes'],
    email: ['ravi@example.org', 'r.peeters@example.org', null],
  },
  {
    firstName: ['Nils', 'Nils Otto'],
    lastName: ['Vandamme', 'Vandamme Claes'],
    email: ['nils@example.org', 'n.vandamme@example.org', null],
  },
] as const;
const cities = ['4000 Liège', ' 4000  Liège', '5000 Namur', '5000 NAMUR', '9000 Gent', null];
const clubs = ['Voile & Vent', 'Club du Lac!', null];

/** What a person may type into a field. */
export function valuesOf(person: number, field: string): readonly (string | null)[] {
  if (field === 'city') return cities;
  if (field === 'club') return clubs;
  return people[person]![field as 'firstName' | 'lastName' | 'email'];
}

export const types = { firstName: 'name', lastName: 'name', email: 'email', city: 'text', club: 'text' } as const;
const known = new Map<string, FieldValue>();

/** The core's normal form. Kept: the same few values come by all the time. */
export function normal(field: string, raw: string | null): FieldValue {
  const key = `${field}/${raw ?? ''}`;
  const before = known.get(key);
  if (before !== undefined) return before;
  const value = normaliseValue(types[field as keyof typeof types], raw, { defaultCountry: 'BE' });
  known.set(key, value);
  return value;
}

/** The mapped fields of a document. */
export function fieldsIn(document: JsonObject): CanonicalFields {
  const fields: Record<string, FieldValue> = {};
  for (const field of fieldNames) {
    const raw = document[field];
    if (raw !== undefined) fields[field] = normal(field, raw as string | null);
  }
  return fields;
}

/** A value that stands in a view, a step or a message would stand in a workflow's history. */
export const personalData = new RegExp(
  [...people.flatMap(({ firstName, lastName, email }) => [...firstName, ...lastName, ...email]), ...cities, ...clubs]
    .filter((value) => value !== null)
    .flatMap((value) => [value.trim(), value.trim().toLowerCase()])
    // A word of four letters can stand in a hash by chance.
    .filter((value) => value.length > 6 || /[^\w-]/.test(value))
    .map((value) => value.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('|'),
);
