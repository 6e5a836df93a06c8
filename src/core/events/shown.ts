/**
 * Reading what a system shows of an event: value by value, every problem told by its place, none of them by what stands there. One that
 * cannot be read is a case for that registration or donation, and says all that is wrong with it at once.
 */
import { carriedIn, type Json } from '../document.js';
import { fold } from '../fold.js';
import { idIn } from '../idIn.js';
import { cleanLine, normalEmail } from '../normalise.js';
import type { Instants } from '../zone.js';
import { isCurrency, parseMoney } from './money.js';

/** What stands at a place of a document; undefined: nothing. */
export type Shown = Json | undefined;

/**
 * - `missing`: nothing stands there, and it is needed;
 * - `notText`, `notId`, `notMoney`, `notCurrency`, `notTime`, `notList`: what stands there is none;
 * - `unknownWord`: a status that the configuration does not have;
 * - `endsBeforeStart`: an event that ends before it begins;
 * - `noParticipants`, `tooManyParticipants`, `sameParticipantTwice`: of a registration.
 */
export type EventProblemCode =
  | 'missing'
  | 'notText'
  | 'notId'
  | 'notMoney'
  | 'notCurrency'
  | 'notTime'
  | 'notList'
  | 'unknownWord'
  | 'endsBeforeStart'
  | 'noParticipants'
  | 'tooManyParticipants'
  | 'sameParticipantTwice';

/** What is wrong, and where: a place of the canonical shape, such as `amount` or `participants[2].email`. Never the value. */
export interface EventProblem {
  readonly place: string;
  readonly code: EventProblemCode;
}

/** The value, or all that keeps it from being read. */
export type EventReading<T> =
  { readonly value: T; readonly problems?: never } | { readonly problems: readonly EventProblem[] };

/** What reading an event's document takes besides the document. */
export interface EventRules<Status extends string> {
  /** The words that mean each status. Accents, case, blanks and punctuation do not count. */
  readonly statuses: Readonly<Record<Status, readonly string[]>>;
  /** ISO 4217 code of amounts that state none; null: none is assumed, and such an amount is a problem. */
  readonly currency: string | null;
  /** The instants that a time can stand for, as the system writes it; null: it is none. */
  readonly parseTime: (text: string) => Instants | null;
}

/** Something that is known by an id, by a title, or by both: one of them at least is there. */
export interface Titled {
  readonly id: string | null;
  readonly title: string | null;
}

/** A person of a registration or donation, as shown. Not normalised as a member is: it is what was entered there. */
export interface EventPerson {
  /** Of the member that the person is; null: not shown, or no member. */
  readonly memberId: string | null;
  readonly firstName: string | null;
  readonly lastName: string | null;
  /** In lower case. */
  readonly email: string | null;
}

export type ShownPerson = Readonly<Record<keyof EventPerson, Shown>>;
export type ShownTitled = Readonly<Record<keyof Titled, Shown>>;

/** PHP's way to show that there is no time. */
const noTime = /^0000-00-00/;

/** Takes values one by one; what it cannot take it notes, and gives null. */
export class EventReader<Status extends string> {
  readonly #problems: EventProblem[] = [];

  constructor(private readonly rules: EventRules<Status>) {}

  note(place: string, code: EventProblemCode): null {
    this.#problems.push({ place, code });
    return null;
  }

  /** @param value made of what was taken; asked for only where nothing is wrong */
  end<T>(value: () => T): EventReading<T> {
    return this.#problems.length > 0 ? { problems: this.#problems } : { value: value() };
  }

  /** What cannot be missing: nothing of it is shown is a problem as well, once. */
  needed<T>(place: string, take: () => T | null): T | null {
    const before = this.#problems.length;
    const taken = take();
    return taken === null && this.#problems.length === before ? this.note(place, 'missing') : taken;
  }

  /** One line, blanks round it set aside; null: empty. */
  text(place: string, shown: Shown): string | null {
    if (shown === undefined || shown === null) return null;
    if (typeof shown === 'number') return String(shown);
    if (typeof shown !== 'string') return this.note(place, 'notText');
    return cleanLine(carriedIn(shown)?.text ?? shown) || null;
  }

  id(place: string, shown: Shown): string | null {
    if (shown === undefined || shown === null || shown === '') return null;
    return idIn(shown) ?? this.note(place, 'notId');
  }

  /** The status that a word means. */
  status(place: string, shown: Shown): Status | null {
    const text = this.text(place, shown);
    if (text === null) return null;
    const word = fold(text);
    const statuses = Object.entries(this.rules.statuses) as [Status, readonly string[]][];
    const found = statuses.find(([, words]) => words.some((one) => fold(one) === word));
    return found?.[0] ?? this.note(place, 'unknownWord');
  }

  /**
   * An amount as decimal text with the digits of its currency (money.ts), and the currency: an amount of nobody knows what is none. Nobody is
   * paid for taking part: less than nothing is no amount. Either is null where it is not shown.
   */
  price(shown: { readonly amount: Shown; readonly currency: Shown }): {
    readonly amount: string | null;
    readonly currency: string | null;
  } {
    const before = this.#problems.length;
    const currency = this.#currency(shown.currency);
    const text = this.text('amount', shown.amount);
    if (text === null || this.#problems.length > before) return { amount: null, currency };
    if (currency === null) return { amount: this.note('currency', 'missing'), currency };
    const parsed = parseMoney(withoutSign(text, currency), currency);
    const isAmount = 'money' in parsed && !parsed.money.amount.startsWith('-');
    return { amount: isAmount ? parsed.money.amount : this.note('amount', 'notMoney'), currency };
  }

  #currency(shown: Shown): string | null {
    const text = this.text('currency', shown);
    if (text === null) return this.rules.currency;
    const code = text === euroSign ? 'EUR' : text.toUpperCase();
    return isCurrency(code) ? code : this.note('currency', 'notCurrency');
  }

  time(place: string, shown: Shown): Instants | null {
    const text = this.text(place, shown);
    if (text === null || noTime.test(text)) return null;
    return this.rules.parseTime(text) ?? this.note(place, 'notTime');
  }

  /** Null: neither an id nor a title is shown. */
  titled(place: string, shown: ShownTitled): Titled | null {
    const id = this.id(`${place}.id`, shown.id);
    const title = this.text(`${place}.title`, shown.title);
    return id === null && title === null ? null : { id, title };
  }

  /** Null: nothing of a person is shown. */
  person(place: string, shown: ShownPerson): EventPerson | null {
    const email = this.text(`${place}.email`, shown.email);
    const person = {
      memberId: this.id(`${place}.memberId`, shown.memberId),
      firstName: this.text(`${place}.firstName`, shown.firstName),
      lastName: this.text(`${place}.lastName`, shown.lastName),
      email: email === null ? null : normalEmail(email),
    };
    return Object.values(person).every((one) => one === null) ? null : person;
  }
}

/** The one sign that stands for one currency only: `$` is that of many. */
const euroSign = '€';

/** As lists show amounts: `1 250,00 €`. */
function withoutSign(text: string, currency: string): string {
  const bare = currency === 'EUR' ? text.replace(/^€\s*|\s*€$/, '') : text;
  return bare.replaceAll(/(?<=\d)[ \u00A0\u202F](?=\d{3}(?!\d))/g, '');
}

/** The instant, where it is one: by two nothing can be put in order. */
export function onlyInstant(instants: Instants | null): number | null {
  return instants !== null && instants.first === instants.last ? instants.first : null;
}
