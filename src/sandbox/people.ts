/**
 * Invented people with every ugliness of real lists, the same for the same seed.
 *
 * Two kinds of ugliness are kept apart. What belongs to the person is the same in both systems (a shared family address, a name in
 * capitals, an impossible number); what belongs to one system's copy (`dress`) vanishes when it is normalised (decomposed
 * accents, blanks at the end, the way a number is written). So "in both, the same once normalised" is true by construction.
 */
import type { SystemName } from '../core/record.js';
import type { z } from 'zod';
import type { peopleSchema } from './options.js';
import { personFields, type Person, type PersonField } from './person.js';
import { e164, internationalForm, nationalForm, nationalNumber } from './phones.js';
import { Random } from './random.js';
import { respelled } from './respelled.js';
import { firstNames, impossiblePhones, lastNames, mailDomains, streets, townsOf, type PersonCountry } from './words.js';

export type ResolvedPeopleOptions = z.output<typeof peopleSchema>;

/** One generated person, and where they ended up. */
export interface PersonTruth {
  readonly kind: 'yapla' | 'yoplanning' | 'shared' | 'differing';
  /** Ids by system; a system in which the person is not has none. */
  readonly ids: Readonly<Partial<Record<SystemName, string>>>;
  /** Ids of the person's second record in that system. */
  readonly duplicates: Readonly<Partial<Record<SystemName, string>>>;
  /** Fields whose normalised values differ between the two systems, other spellings apart (`respelledShare`). */
  readonly differing: readonly PersonField[];
}

/** A person to be entered, before any system gave them an id. */
export interface GeneratedPerson {
  readonly kind: PersonTruth['kind'];
  readonly copies: Readonly<Partial<Record<SystemName, Person>>>;
  readonly duplicates: Readonly<Partial<Record<SystemName, Person>>>;
  readonly differing: readonly PersonField[];
  /** The client carries the Yapla id. */
  readonly referenced: boolean;
}

/** Shares of all people, guessed from what associations' lists look like. */
const share = {
  noEmail: 0.12,
  noBirthDate: 0.15,
  noPhone: 0.2,
  noAddress: 0.25,
  familyOfPrevious: 0.08,
  doubleLastName: 0.07,
  upperCaseName: 0.06,
  swappedNames: 0.01,
  leapDay: 0.01,
  impossiblePhone: 0.02,
  nationalPhone: 0.6,
  nationalPhoneAbroad: 0.3,
  decomposed: 0.1,
  blankAtEnd: 0.05,
  capitalsInEmail: 0.08,
} as const;

/** A person and what the two copies are made from. */
interface Original {
  readonly person: Person;
  /** As the family writes it: `person` may hold it in capitals, or in the wrong place. */
  readonly lastName: string;
  readonly country: PersonCountry;
  /** Significant digits, where the phone number is a real one. */
  readonly number: string | null;
}

/** Makes people one after the other, never two that could be taken for each other by accident. */
export class PersonMaker {
  readonly #random: Random;
  readonly #defaultCountry: PersonCountry;
  readonly #seen = new Set<string>();
  #previous: Original | null = null;
  /** First names within the family that `#previous` belongs to: its members share addresses and numbers, so never a first name. */
  #siblings = new Set<string>();
  #made = 0;

  constructor(seed: number, defaultCountry: PersonCountry) {
    this.#random = new Random(seed);
    this.#defaultCountry = defaultCountry;
  }

  /** A person as one system would hold them. */
  stranger(): Person {
    return this.dress(this.original());
  }

  original(): Original {
    const random = this.#random;
    this.#made += 1;
    const family = this.#previous !== null && random.chance(share.familyOfPrevious) ? this.#previous : null;
    const country = family?.country ?? random.pick(countries(this.#defaultCountry));
    const names = this.#names(family);
    const birthDate = random.chance(share.noBirthDate) ? null : this.#birthDate();
    const familyEmail = family?.person.email ?? null;
    // Anyone who has no birth date needs an address of their own, or nothing would tell them from a namesake.
    const email =
      familyEmail !== null && birthDate !== null
        ? familyEmail
        : birthDate !== null && random.chance(share.noEmail)
          ? null
          : this.#email(names.firstName, names.lastName);
    const phone = this.#phone(country, family);
    const address = this.#address(country, family);
    const person: Person = {
      ...this.#written(names),
      email,
      phone: phone.text,
      birthDate,
      language: random.chance(0.7) ? 'fr' : null,
      ...address,
    };
    if (family === null) this.#siblings.clear();
    this.#siblings.add(fold(names.firstName));
    // A number that is no number is written by many: it must not make two namesakes look like one person.
    const marks = [birthDate ?? email, phone.number === null ? phone.text : null].filter((mark) => mark !== null);
    if (!this.#isNew(names, marks)) return this.original();
    return (this.#previous = { person, lastName: names.lastName, country, number: phone.number });
  }

  #isNew({ firstName, lastName }: { firstName: string; lastName: string }, marks: readonly string[]): boolean {
    const name = [fold(firstName), fold(lastName)].sort().join('|');
    const keys = marks.map((mark) => `${name}|${mark}`);
    if (keys.some((key) => this.#seen.has(key))) return false;
    for (const key of keys) this.#seen.add(key);
    return true;
  }

  /** The same person with one to three fields changed, so that matching by name and birth date, or name and e-mail, still finds them. */
  changed({ person, country }: Original): { readonly person: Person; readonly differing: readonly PersonField[] } {
    const random = this.#random;
    const next: Record<string, string | null> = { ...person };
    const edits: (() => void)[] = [
      () => (next['phone'] = e164(country, nationalNumber(country, random))),
      () =>
        Object.assign(next, this.#address(country, null), {
          street: `${random.between(1, 99)} ${random.pick(streets)}`,
        }),
      () => (next['phone'] = null),
      () => Object.assign(next, { street: null, city: null, postalCode: null }),
      () => (next['language'] = person.language === null ? 'fr' : null),
      () => (next['postalCode'] = null),
    ];
    if (person.birthDate !== null) {
      edits.push(
        () => (next['email'] = this.#email(person.firstName, person.lastName)),
        () => (next['email'] = null),
        () => Object.assign(next, { firstName: next['lastName'], lastName: next['firstName'] }),
      );
    }
    for (let i = random.between(1, 3); i > 0; i -= 1) random.pick(edits)();
    const differing = () => personFields.filter((field) => next[field] !== person[field]);
    while (differing().length === 0) random.pick(edits)();
    return { person: next as unknown as Person, differing: differing() };
  }

  /** The person's copy in one system: nothing here survives normalising. */
  dress({ person, country, number }: Original): Person {
    const random = this.#random;
    const { email, phone, street, city } = person;
    const ownNumber = number !== null && phone === e164(country, number);
    return {
      ...person,
      firstName: this.#text(person.firstName),
      lastName: this.#text(person.lastName),
      email:
        email !== null && random.chance(share.capitalsInEmail) ? email.charAt(0).toUpperCase() + email.slice(1) : email,
      phone: ownNumber ? this.#writtenNumber(country, number) : phone,
      street: street === null ? null : this.#text(street),
      city: city === null ? null : this.#text(city),
    };
  }

  /** The person's copy in the other system, written by another hand: here normalising leaves differences, and none that matters. */
  redress(original: Original): Person {
    const { person, country, number } = original;
    const isOwn = number !== null && person.phone === e164(country, number);
    return respelled(this.dress(original), country, isOwn ? number : null, this.#random);
  }

  /** A text as it was pasted: accents decomposed, a blank behind it. */
  #text(value: string): string {
    const accents = this.#random.chance(share.decomposed) ? value.normalize('NFD') : value;
    return this.#random.chance(share.blankAtEnd) ? `${accents} ` : accents;
  }

  /** A second record of the person in the same system: less complete, and written by somebody else. */
  duplicate(original: Original): Person {
    const { person } = original;
    const fewer = this.#random.chance(0.5)
      ? { ...person, phone: null }
      : { ...person, street: null, city: null, postalCode: null };
    return this.dress({ ...original, person: fewer });
  }

  chance(probability: number): boolean {
    return this.#random.chance(probability);
  }

  #names(family: Original | null): { firstName: string; lastName: string } {
    const random = this.#random;
    const firstName = random.pick(firstNames);
    const own = random.pick(lastNames);
    const doubled = random.chance(share.doubleLastName)
      ? `${own}${random.pick(['-', ' '])}${random.pick(lastNames)}`
      : own;
    const lastName = family?.lastName ?? doubled;
    const taken = family !== null && this.#siblings.has(fold(firstName));
    return taken || fold(firstName) === fold(lastName) ? this.#names(family) : { firstName, lastName };
  }

  /** The names as somebody typed them, once and for both systems. */
  #written({ firstName, lastName }: { firstName: string; lastName: string }): { firstName: string; lastName: string } {
    if (this.#random.chance(share.upperCaseName)) return { firstName, lastName: lastName.toUpperCase() };
    if (this.#random.chance(share.swappedNames)) return { firstName: lastName, lastName: firstName };
    return { firstName, lastName };
  }

  #birthDate(): string {
    const random = this.#random;
    if (random.chance(share.leapDay)) return `${1940 + 4 * random.below(18)}-02-29`;
    return `${random.between(1935, 2018)}-${twoDigits(random.between(1, 12))}-${twoDigits(random.between(1, 28))}`;
  }

  /** Never the same twice: the number of the person is in it. */
  #email(firstName: string, lastName: string): string {
    return `${mailPart(firstName)}.${mailPart(lastName)}${this.#made.toString(36)}${this.#random.digits(2)}@${this.#random.pick(mailDomains)}`;
  }

  #phone(country: PersonCountry, family: Original | null): { text: string | null; number: string | null } {
    const random = this.#random;
    if (random.chance(share.noPhone)) return { text: null, number: null };
    if (family !== null && random.chance(0.5)) return { text: family.person.phone, number: family.number };
    if (random.chance(share.impossiblePhone)) return { text: random.pick(impossiblePhones), number: null };
    const number = nationalNumber(country, random);
    return { text: e164(country, number), number };
  }

  #writtenNumber(country: PersonCountry, number: string): string {
    const random = this.#random;
    // Abroad, too: the record's country says how it is to be read.
    const isNational = random.chance(
      country === this.#defaultCountry ? share.nationalPhone : share.nationalPhoneAbroad,
    );
    return isNational ? nationalForm(country, number, random) : internationalForm(country, number, random);
  }

  #address(
    country: PersonCountry,
    family: Original | null,
  ): Pick<Person, 'street' | 'city' | 'postalCode' | 'country'> {
    const random = this.#random;
    if (family !== null) {
      const { street, city, postalCode } = family.person;
      return { street, city, postalCode, country: family.person.country };
    }
    if (random.chance(share.noAddress)) return { street: null, city: null, postalCode: null, country };
    const town = random.pick(townsOf[country]);
    const street = `${random.between(1, 180)}${random.chance(0.05) ? ' bis' : ''}${random.chance(0.5) ? ', ' : ' '}${random.pick(streets)}`;
    return { street, city: town.city, postalCode: town.postalCode, country };
  }
}

/** Yields the people of `options` one by one, the two systems' lists mixed, so that a list is not sorted by kind. */
export function* generatePeople(options: ResolvedPeopleOptions): Generator<GeneratedPerson> {
  const maker = new PersonMaker(options.seed, options.defaultCountry);
  const left = {
    yapla: options.yapla,
    yoplanning: options.yoplanning,
    shared: options.shared,
    differing: options.differing,
  };
  const duplicatesLeft = { ...options.duplicates };
  const order = new Random(options.seed ^ 0x5eed);
  const kinds = ['yapla', 'yoplanning', 'shared', 'differing'] as const;
  for (let total = kinds.reduce((sum, kind) => sum + left[kind], 0); total > 0; total -= 1) {
    let place = order.below(total);
    const kind = kinds.find((name) => (place -= left[name]) < 0) ?? 'shared';
    left[kind] -= 1;
    yield person(maker, kind, options, (system) => {
      // Spread over the list: as many duplicates as are left among as many people as are left.
      if (duplicatesLeft[system] === 0) return false;
      const candidates = left[system] + left.shared + left.differing + 1;
      if (!order.chance(duplicatesLeft[system] / candidates)) return false;
      duplicatesLeft[system] -= 1;
      return true;
    });
  }
}

function person(
  maker: PersonMaker,
  kind: PersonTruth['kind'],
  { referencedShare, respelledShare }: ResolvedPeopleOptions,
  isDuplicated: (system: SystemName) => boolean,
): GeneratedPerson {
  const original = maker.original();
  const copies: Partial<Record<SystemName, Person>> = {};
  const duplicates: Partial<Record<SystemName, Person>> = {};
  let differing: readonly PersonField[] = [];
  if (kind !== 'yoplanning') copies.yapla = maker.dress(original);
  const isRespelled = respelledShare > 0 && kind !== 'yoplanning' && maker.chance(respelledShare);
  const otherHand = (one: Original) => (isRespelled ? maker.redress(one) : maker.dress(one));
  if (kind === 'yoplanning' || kind === 'shared') copies.yoplanning = otherHand(original);
  if (kind === 'differing') {
    const other = maker.changed(original);
    differing = other.differing;
    copies.yoplanning = otherHand({ ...original, person: other.person });
  }
  for (const system of ['yapla', 'yoplanning'] as const) {
    if (copies[system] !== undefined && isDuplicated(system)) duplicates[system] = maker.duplicate(original);
  }
  const inBoth = kind === 'shared' || kind === 'differing';
  return { kind, copies, duplicates, differing, referenced: inBoth && maker.chance(referencedShare) };
}

/** Half of the people at home, the rest next door. */
function countries(home: PersonCountry): readonly PersonCountry[] {
  return [home, home, home, 'FR', 'BE', 'CH', 'CA'];
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}

/** Names repeat: folding each once makes a hundred thousand people twice as fast. */
const folded = new Map<string, string>();
const mailParts = new Map<string, string>();

function fold(name: string): string {
  let text = folded.get(name);
  if (text === undefined) {
    text = name.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase();
    folded.set(name, text);
  }
  return text;
}

function mailPart(name: string): string {
  let text = mailParts.get(name);
  if (text === undefined) {
    text = fold(name).replaceAll(/[^a-z]/g, '');
    mailParts.set(name, text);
  }
  return text;
}
