import { describe, expect, test } from '@jest/globals';
import { match } from '../../src/core/match.js';
import { normaliseValue } from '../../src/core/normalise.js';
import { systemNames, type FieldType, type FieldValue } from '../../src/core/record.js';
import { peopleSchema, type PeopleOptions } from '../../src/sandbox/options.js';
import { generatePeople, type GeneratedPerson } from '../../src/sandbox/people.js';
import { personFields, type Person, type PersonField } from '../../src/sandbox/person.js';

const types: Record<PersonField, FieldType> = {
  firstName: 'name',
  lastName: 'name',
  email: 'email',
  phone: 'phone',
  birthDate: 'date',
  language: 'language',
  street: 'text',
  city: 'text',
  postalCode: 'text',
  country: 'country',
};

const generate = (options: PeopleOptions) => [...generatePeople(peopleSchema.parse(options))];
const normalised = new Map<string, FieldValue>();
/** Kept: several tests ask for the same values of thousands of people. */
function normal(person: Person, field: PersonField): FieldValue {
  const key = `${field} ${person[field]} ${field === 'phone' ? person.country : ''}`;
  let value = person[field] === null ? null : normalised.get(key);
  if (value === undefined) {
    value = normaliseValue(types[field], person[field], { defaultCountry: 'FR', countries: [person.country] });
    normalised.set(key, value);
  }
  return value;
}
const copiesIn = (people: readonly GeneratedPerson[], system: 'yapla' | 'yoplanning') =>
  people.flatMap(({ copies }) => copies[system] ?? []);

describe('generated people', () => {
  const people = generate({ seed: 11, yapla: 500, yoplanning: 400, shared: 1_200, differing: 400 });

  test('are as many of each kind as asked for, and stand where their kind says', () => {
    const count = (kind: string) => people.filter((person) => person.kind === kind).length;
    expect([count('yapla'), count('yoplanning'), count('shared'), count('differing')]).toEqual([500, 400, 1_200, 400]);
    expect(copiesIn(people, 'yapla')).toHaveLength(2_100);
    expect(copiesIn(people, 'yoplanning')).toHaveLength(2_000);
  });

  test('are the same for the same seed and others for another', () => {
    const options = { yapla: 20, shared: 20, differing: 20, duplicates: { yapla: 3 } };
    expect(generate({ ...options, seed: 5 })).toEqual(generate({ ...options, seed: 5 }));
    expect(generate({ ...options, seed: 5 })).not.toEqual(generate({ ...options, seed: 6 }));
  });

  test('differ between the systems in exactly the fields stated, once normalised', () => {
    const found = people.map(({ copies: { yapla, yoplanning } }) => {
      if (yapla === undefined || yoplanning === undefined) return [];
      return personFields.filter((field) => normal(yapla, field) !== normal(yoplanning, field));
    });
    expect(found).toEqual(people.map(({ differing }) => differing));
    expect(found.map((fields) => fields.length > 0)).toEqual(people.map(({ kind }) => kind === 'differing'));
  });

  test('who are the same in both are written differently in each', () => {
    const shared = people.filter(({ kind }) => kind === 'shared');
    const rewritten = (field: PersonField) =>
      shared.filter(({ copies }) => copies.yapla?.[field] !== copies.yoplanning?.[field]).length;
    for (const field of ['firstName', 'email', 'phone', 'street'] as const)
      expect(rewritten(field)).toBeGreaterThan(50);
  });

  test('can be told apart: nobody shares a name together with an e-mail, a birth date or a phone number with somebody else', () => {
    const fold = (text: string) => text.normalize('NFD').replaceAll(/\p{M}/gu, '').trim().toLowerCase();
    const confused: string[] = [];
    for (const mark of ['email', 'birthDate', 'phone'] as const) {
      const seen = new Map<string, GeneratedPerson>();
      for (const person of people) {
        for (const copy of Object.values(person.copies)) {
          if (copy[mark] === null) continue;
          const name = [fold(copy.firstName), fold(copy.lastName)].sort().join('|');
          const key = `${name}|${normal(copy, mark)}`;
          if ((seen.get(key) ?? person) !== person) confused.push(key);
          seen.set(key, person);
        }
      }
    }
    expect(confused).toEqual([]);
  });

  test('in both are found by a matcher, all of them and nobody else', () => {
    const candidates = people.flatMap(({ copies }, index) =>
      systemNames.flatMap((system) => {
        const copy = copies[system];
        if (copy === undefined) return [];
        const fields = Object.fromEntries(personFields.map((field) => [field, normal(copy, field)]));
        return { system, id: String(index), fields, externalReference: null };
      }),
    );
    const { links } = match(candidates, [{ all: ['email', 'name'] }, { all: ['name', 'birthDate'] }], {
      nameAlone: 'create',
      duplicates: 'ask',
    });
    const inBoth = people.flatMap(({ kind }, index) =>
      kind === 'shared' || kind === 'differing' ? String(index) : [],
    );
    expect(links.filter(({ yapla, yoplanning }) => yapla !== yoplanning)).toEqual([]);
    expect(links.map(({ yapla }) => yapla).sort()).toEqual(inBoth.sort());
  });

  test('have every ugliness of real lists', () => {
    const all = copiesIn(people, 'yapla');
    const emails = all.flatMap(({ email }) => email?.toLowerCase() ?? []);
    const some = (test: (person: Person) => boolean) => expect(all.filter(test).length).toBeGreaterThan(0);
    some(({ email }) => email === null);
    expect(new Set(emails).size).toBeLessThan(emails.length - 20);
    some(({ lastName }) => /^\p{Lu}[\p{Lu}\s'’-]+ ?$/u.test(lastName.normalize('NFC')));
    some(({ lastName }) => /\p{L}{3,}[- ]\p{L}{3,}/u.test(lastName.normalize('NFC')));
    some(({ firstName }) => firstName !== firstName.normalize('NFC'));
    some(({ firstName }) => firstName.endsWith(' '));
    some(({ birthDate }) => birthDate?.endsWith('-02-29') ?? false);
    some(({ phone }) => /^0\d[ .-]/.test(phone ?? ''));
    some(({ phone }) => /^04\d\d[ /]/.test(phone ?? ''));
    some(({ phone }) => /^07\d \d{3} /.test(phone ?? ''));
    some(({ phone }) => /^\(?\d{3}\)?[- ]\d{3}-/.test(phone ?? ''));
    some(({ phone }) => phone !== null && !/\d{7}/.test(phone.replaceAll(/\D/g, '')));
  });

  test('have second records where asked for, of people of that system', () => {
    const some = generate({ seed: 2, yapla: 30, shared: 30, duplicates: { yapla: 7, yoplanning: 4 } });
    const twins = (system: 'yapla' | 'yoplanning') => some.filter(({ duplicates }) => duplicates[system] !== undefined);
    expect(twins('yapla')).toHaveLength(7);
    expect(twins('yoplanning')).toHaveLength(4);
    for (const { copies } of twins('yoplanning')) expect(copies.yoplanning).toBeDefined();
  });
});
