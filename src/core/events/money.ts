/**
 * Amounts of money: decimal text, never a float, always with as many digits behind the point as the currency has (`90.20` EUR, `900` JPY). So
 * two amounts of one currency are equal where their texts are.
 *
 * Currencies and their digits are those of ISO 4217, as Node's own `Intl` has them.
 */
import { carriedIn, type Json } from '../document.js';

export interface Money {
  /** `-?\d+(\.\d+)?`, with exactly the digits of the currency. */
  readonly amount: string;
  /** ISO 4217, three capital letters. */
  readonly currency: string;
}

/**
 * Why a value is no amount of a currency. `tooFine`: it has more digits than the currency, and they are not zero. `tooLarge`: more digits than
 * any price has.
 */
export type MoneyProblem = 'notAnAmount' | 'tooFine' | 'tooLarge' | 'unknownCurrency';

/** Two amounts of different currencies can neither be compared nor added. */
export class CurrencyMismatch extends TypeError {
  override readonly name = 'CurrencyMismatch';
  constructor(one: string, other: string) {
    super(`${one} and ${other} are different currencies`);
  }
}

/** No price has more digits, and a database can add up many thousands of such without losing one. */
const mostDigits = 15;

let currencies: ReadonlySet<string> | undefined;

/** Whether a text is the code of a currency, in capitals. */
export function isCurrency(code: string): boolean {
  currencies ??= new Set(Intl.supportedValuesOf('currency'));
  return currencies.has(code);
}

const digitsByCurrency = new Map<string, number>();

/** Digits behind the point: 2 of most currencies, 0 of the yen, 3 of the Tunisian dinar. */
export function minorDigits(currency: string): number {
  const known = digitsByCurrency.get(currency);
  if (known !== undefined) return known;
  const { maximumFractionDigits = 2 } = new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions();
  digitsByCurrency.set(currency, maximumFractionDigits);
  return maximumFractionDigits;
}

const written = /^([+-]?)(\d+)(?:([.,])(\d+))?(?:[eE]([+-]?\d{1,3}))?$/;

/**
 * An amount as a system writes it: text (`"13.00"`, `"13,00"`) or a number (`90.20`), also one that JavaScript cannot hold (core/json.ts).
 * A comma with three digits behind it may stand for thousands: that is no amount that anybody could be sure of.
 *
 * @param currency ISO 4217; capitals do not matter
 */
export function parseMoney(
  value: Json | undefined,
  currency: string,
): { readonly money: Money } | { readonly problem: MoneyProblem } {
  const code = currency.trim().toUpperCase();
  if (!isCurrency(code)) return { problem: 'unknownCurrency' };
  const text = textOf(value);
  const match = text === null || text.length > 4 * mostDigits ? null : written.exec(text);
  if (match === null) return { problem: 'notAnAmount' };
  const [, sign, whole = '', separator, fraction = '', exponent = '0'] = match;
  if (separator === ',' && fraction.length === 3) return { problem: 'notAnAmount' };
  // So far the point moves, from the last digit that is written to the last that the currency has.
  const shift = minorDigits(code) - fraction.length + Number(exponent);
  const digits = (whole + fraction).replace(/^0+/, '');
  if (digits === '') return { money: ofMinor(0n, code) };
  if (digits.length + shift > mostDigits) return { problem: 'tooLarge' };
  const kept = shift < 0 ? digits.slice(0, shift) : digits + '0'.repeat(shift);
  if (shift < 0 && /[^0]/.test(digits.slice(shift))) return { problem: 'tooFine' };
  const minor = BigInt(kept === '' ? '0' : kept);
  return { money: ofMinor(sign === '-' ? -minor : minor, code) };
}

/** The same, of what was parsed before or is written in the code. @throws {RangeError} where it is no amount of that currency */
export function moneyOf(amount: string, currency: string): Money {
  const parsed = parseMoney(amount, currency);
  if ('problem' in parsed) throw new RangeError(`no amount of ${currency}: ${parsed.problem}`);
  return parsed.money;
}

/** @returns less than 0, 0 or more than 0 @throws {CurrencyMismatch} */
export function compareMoney(one: Money, other: Money): number {
  const difference = minorOf(one, other.currency) - minorOf(other, one.currency);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** @throws {CurrencyMismatch} */
export function addMoney(one: Money, other: Money): Money {
  return sumMoney([one, other], one.currency);
}

/** @throws {CurrencyMismatch} */
export function subtractMoney(one: Money, other: Money): Money {
  return ofMinor(minorOf(one, other.currency) - minorOf(other, one.currency), one.currency);
}

/** Nothing for no amounts. @throws {CurrencyMismatch} where one of them is of another currency */
export function sumMoney(amounts: readonly Money[], currency: string): Money {
  return ofMinor(
    amounts.reduce((sum, amount) => sum + minorOf(amount, currency), 0n),
    currency,
  );
}

/** For people: `51,25 €` in `fr`. @param locale BCP 47 */
export function formatMoney({ amount, currency }: Money, locale: string): string {
  // Given as text, it is not rounded to a float on the way.
  return new Intl.NumberFormat(locale, { style: 'currency', currency }).format(amount as Intl.StringNumericLiteral);
}

function textOf(value: Json | undefined): string | null {
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'string') return null;
  const carried = carriedIn(value);
  return carried?.is === 'number' ? carried.text : value.trim();
}

/** The amount in the smallest unit of its currency. */
function minorOf({ amount, currency }: Money, wanted: string): bigint {
  if (currency !== wanted) throw new CurrencyMismatch(currency, wanted);
  return BigInt(amount.replace('.', ''));
}

function ofMinor(minor: bigint, currency: string): Money {
  const digits = minorDigits(currency);
  const text = String(minor < 0n ? -minor : minor).padStart(digits + 1, '0');
  const amount = digits === 0 ? text : `${text.slice(0, -digits)}.${text.slice(-digits)}`;
  return { amount: minor < 0n ? `-${amount}` : amount, currency };
}
