/** The same person entered by another hand: nothing of it is a change that anybody would be asked about. */
import type { Person } from './person.js';
import { nationalForm } from './phones.js';
import type { Random } from './random.js';
import type { PersonCountry } from './words.js';

/** Share of fields that the other hand writes differently, each. */
const share = { text: 0.5, phone: 0.5, noCountry: 0.4 } as const;

/** @param number significant digits, where the phone number is a real one. @returns the person with other spellings, no other values */
export function respelled(person: Person, country: PersonCountry, number: string | null, random: Random): Person {
  const text = (value: string) => (random.chance(share.text) ? otherSpelling(value, random) : value);
  const isNational = number !== null && random.chance(share.phone);
  return {
    ...person,
    firstName: text(person.firstName),
    lastName: text(person.lastName),
    street: person.street === null ? null : text(person.street),
    city: person.city === null ? null : text(person.city),
    phone: isNational ? nationalForm(country, number, random) : person.phone,
    // As lists of a club that knows only its neighbours: then nothing in the record says whose the number is.
    country: isNational && random.chance(share.noCountry) ? null : person.country,
  };
}

function otherSpelling(value: string, random: Random): string {
  const hands: readonly ((text: string) => string)[] = [
    (text) => text.toUpperCase(),
    (text) => text.normalize('NFD').replaceAll(/\p{M}/gu, ''),
    (text) => text.normalize('NFD').replaceAll(/\p{M}/gu, '').toUpperCase(),
    (text) => (text.includes('-') ? text.replaceAll('-', ' ') : text.replaceAll('’', "'")),
    (text) => (text.includes(',') ? text.replaceAll(',', '') : text.replace(/^(\d+(?: bis)?) /, '$1, ')),
    (text) => text.replaceAll('oe', 'œ').replaceAll(' ', '  '),
  ];
  return random.pick(hands)(value);
}
