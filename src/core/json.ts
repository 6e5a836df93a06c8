/**
 * JSON in both directions without loss. JavaScript rounds a number of 17 digits, and takes `1e400` for infinite: what is read and
 * written back would come out changed. So numbers that it cannot hold to the letter are carried through as text, under a mark
 * (core/document.ts), and are numbers again in what is sent.
 */
import { carriedIn, carriedNumber, carriedText } from './document.js';

/** Numbers shorter than this, without a large exponent, are always held exactly. A text without any needs no second look. */
const suspicious = /[\d.]{16}|\d[eE][+-]?\d{3}/;

/** A NUL in a JSON text can only stand there in this form: without one, no text of the server's own can look like our mark. */
const escapedNul = '\\u0000';

/** Parses a JSON text. @throws {SyntaxError} */
export function parseJson(text: string): unknown {
  if (!suspicious.test(text) && !text.includes(escapedNul)) return JSON.parse(text);
  // What is no JSON must not become some.
  JSON.parse(text);
  return JSON.parse(replaceTokens(text, carriedToken));
}

/** The JSON text of a value that `parseJson` gave, or that was made of such: each number stands in it as it came. */
export function stringifyJson(value: unknown): string {
  const text = JSON.stringify(value);
  return text.includes(escapedNul) ? replaceTokens(text, sentToken) : text;
}

function carriedToken(token: string): string {
  if (!token.startsWith('"')) return numberToken(token);
  if (!token.includes(escapedNul)) return token;
  const own = JSON.parse(token) as string;
  return carriedIn(own) === null ? token : JSON.stringify(carriedText(own));
}

/** `1.50` and `1e3` are held exactly, if not to the letter: only what may become another number is carried. */
function numberToken(number: string): string {
  if (!suspicious.test(number) || String(Number(number)) === number) return number;
  return JSON.stringify(carriedNumber(number));
}

function sentToken(token: string): string {
  if (!token.startsWith('"') || !token.includes(escapedNul)) return token;
  const own = JSON.parse(token) as string;
  const carried = carriedIn(own);
  if (carried === null) return token;
  return carried.is === 'number' ? carried.text : JSON.stringify(carried.text);
}

/** Replaces each string and number of a JSON text. By hand, because a pattern that matches megabytes can exhaust the stack. */
function replaceTokens(text: string, replace: (token: string) => string): string {
  const parts: string[] = [];
  let copied = 0;
  for (let at = 0; at < text.length;) {
    const code = text.charCodeAt(at);
    const end = code === quote ? endOfString(text, at) : isOfNumber(code) ? endOfNumber(text, at) : at;
    if (end === at) {
      at += 1;
      continue;
    }
    const token = text.slice(at, end);
    // The letters `e` and `E` of `true` and `false` are no numbers.
    const replaced = code === quote || isDigit(code) || code === minus ? replace(token) : token;
    if (replaced !== token) {
      parts.push(text.slice(copied, at), replaced);
      copied = end;
    }
    at = end;
  }
  return parts.length === 0 ? text : parts.join('') + text.slice(copied);
}

const quote = 0x22;
const backslash = 0x5c;
const minus = 0x2d;

function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === backslash) at += 1;
    else if (code === quote) return at + 1;
  }
  return text.length;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** Digits, a sign, a point, an exponent. */
function isOfNumber(code: number): boolean {
  return isDigit(code) || code === minus || code === 0x2b || code === 0x2e || code === 0x45 || code === 0x65;
}

function endOfNumber(text: string, start: number): number {
  let at = start;
  while (at < text.length && isOfNumber(text.charCodeAt(at))) at += 1;
  return at;
}

/** No record of a person is nested more deeply. What walks through documents does so by recursion, which must end. */
const deepest = 100;

/** Longer numbers are nobody's: kept exactly they would only be carried from place to place. */
const longestNumber = 1_000;

/**
 * What makes a value one that cannot be worked with, whatever its shape: `depth` or `number`; null: nothing. Without recursion.
 */
export function excessOf(value: unknown): 'depth' | 'number' | null {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > deepest) return 'depth';
    const next: unknown[] = [];
    for (const one of level) {
      if (typeof one === 'string') {
        if (one.length > longestNumber && carriedIn(one)?.is === 'number') return 'number';
      } else if (typeof one === 'object' && one !== null) for (const inner of Object.values(one)) next.push(inner);
    }
    level = next;
  }
  return null;
}
