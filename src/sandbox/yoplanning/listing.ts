/** Filters, ordering and pages of a list, as django-filter and DRF's LimitOffsetPagination answer them. */
import type { FieldErrors } from './validation.js';
import { isCalendarDate } from './validation.js';

/** The query of a request; of a repeated parameter Django takes the last. */
export type Query = ReadonlyMap<string, string>;

/** The documented default, which is also the maximum. */
const maxLimit = 100;

export function parseQuery(url: string): Query {
  const mark = url.indexOf('?');
  return new Map(mark < 0 ? [] : new URLSearchParams(url.slice(mark + 1)));
}

/** The part of the URL before the query. */
export function pathOf(url: string): string {
  const mark = url.indexOf('?');
  return mark < 0 ? url : url.slice(0, mark);
}

type Value = string | number | null;
type Key<T> = (item: T) => Value;

const lookups: Readonly<Record<string, (order: number) => boolean>> = {
  '': (order) => order === 0,
  __lt: (order) => order < 0,
  __gt: (order) => order > 0,
  __lte: (order) => order <= 0,
  __gte: (order) => order >= 0,
};

/** One field that a list can be filtered by: what it compares, and how its parameter is read. A text is compared for equality only. */
export interface FilterRule<T> {
  readonly type: 'text' | 'number' | 'date' | 'datetime';
  readonly key: Key<T>;
}

/** How one resource is listed. */
export interface ListRules<T> {
  readonly filters: Readonly<Record<string, FilterRule<T>>>;
  /** Fields that `ordering` may name; others are ignored. */
  readonly orderings: Readonly<Record<string, Key<T>>>;
  /** The order of a list that was asked for in none; left out: as the items stand. */
  readonly usual?: Term<T>;
}

interface Term<T> {
  readonly key: Key<T>;
  /** -1: descending. */
  readonly sign: 1 | -1;
}

/** Reads a parameter; a text is the framework's complaint about it. */
const parsers: Readonly<Record<FilterRule<never>['type'], (text: string) => { readonly value: Value } | string>> = {
  text: (text) => ({ value: text }),
  number: (text) => (/^\s*-?\d+(\.\d+)?\s*$/.test(text) ? { value: Number(text) } : 'Enter a number.'),
  date: (text) => (isCalendarDate(text) ? { value: text } : 'Enter a valid date.'),
  datetime: (text) => {
    const at = parseDateTime(text);
    return at === null ? 'Enter a valid date/time.' : { value: at };
  },
};

/**
 * The items that `query` asks for. Parameters that are no filter are ignored without a word, and so are empty ones: who trusts a filtered
 * answer unchecked gets everybody.
 */
export function select<T>(
  items: readonly T[],
  query: Query,
  rules: ListRules<T>,
): { readonly items: readonly T[] } | { readonly errors: FieldErrors } {
  const tests: ((item: T) => boolean)[] = [];
  const errors: FieldErrors = {};
  for (const [parameter, text] of query) {
    const [, field = '', lookup = ''] = /^(.+?)(__[a-z]+)?$/.exec(parameter) ?? [];
    const compare = lookups[lookup];
    const rule = Object.hasOwn(rules.filters, field) ? rules.filters[field] : undefined;
    if (compare === undefined || rule === undefined || text.trim() === '') continue;
    if (rule.type === 'text' && lookup !== '') continue;
    const parsed = parsers[rule.type](text);
    if (typeof parsed === 'string') errors[parameter] = [parsed];
    else
      tests.push((item) => {
        const value = rule.key(item);
        return value !== null && compare(order(value, parsed.value));
      });
  }
  if (Object.keys(errors).length > 0) return { errors };
  const selected = tests.length === 0 ? items : items.filter((item) => tests.every((test) => test(item)));
  return { items: sorted(selected, query.get('ordering'), rules) };
}

/** OrderingFilter: comma-separated, `-` for descending; unknown names are ignored. */
function sorted<T>(
  items: readonly T[],
  ordering: string | undefined,
  { orderings, usual }: ListRules<T>,
): readonly T[] {
  const asked = termsOf(ordering, orderings);
  const terms = asked.length === 0 && usual !== undefined ? [usual] : asked;
  if (terms.length === 0) return items;
  return [...items].sort((a, b) => {
    for (const { key, sign } of terms) {
      const difference = sign * order(key(a), key(b));
      if (difference !== 0) return difference;
    }
    return 0;
  });
}

function termsOf<T>(ordering: string | undefined, keys: Readonly<Record<string, Key<T>>>): readonly Term<T>[] {
  return (ordering ?? '').split(',').flatMap((text) => {
    const term = text.trim();
    const name = term.replace(/^-/, '');
    const key = Object.hasOwn(keys, name) ? keys[name] : undefined;
    return key === undefined ? [] : [{ key, sign: term.startsWith('-') ? (-1 as const) : (1 as const) }];
  });
}

/** Nulls last, as PostgreSQL sorts them. */
function order(a: string | number | null, b: string | number | null): number {
  if (a === b) return 0;
  if (a === null) return 1;
  if (b === null) return -1;
  return a < b ? -1 : 1;
}

/** `2019-05-23 10:53:00` (the `+` of the URL is a blank), UTC; also a `T`, no seconds, or no time. */
function parseDateTime(text: string): number | null {
  const match = /^(\d{4}-\d{2}-\d{2})(?:[ T](\d{2}:\d{2})(:\d{2}(?:\.\d{1,6})?)?Z?)?$/.exec(text);
  if (match === null || !isCalendarDate(match[1] ?? '')) return null;
  const at = Date.parse(`${match[1]}T${match[2] ?? '00:00'}${match[3] ?? ':00'}Z`);
  return Number.isNaN(at) ? null : at;
}

export interface ListAnswer<T> {
  readonly count: number;
  readonly next: string | null;
  readonly previous: string | null;
  readonly results: readonly T[];
}

/** One page. @param address absolute URL of the request without its query, for the links. */
export function paginate<T>(items: readonly T[], query: Query, address: string): ListAnswer<T> {
  const asked = pythonInt(query.get('limit'));
  const limit = asked === null || asked <= 0 ? maxLimit : Math.min(asked, maxLimit);
  const offset = Math.max(0, pythonInt(query.get('offset')) ?? 0);
  const count = items.length;
  return {
    count,
    next: offset + limit >= count ? null : link(address, query, limit, offset + limit),
    previous: offset <= 0 ? null : link(address, query, limit, offset - limit <= 0 ? null : offset - limit),
    results: items.slice(offset, offset + limit),
  };
}

function link(address: string, query: Query, limit: number, offset: number | null): string {
  const parameters = new Map(query).set('limit', String(limit));
  if (offset === null) parameters.delete('offset');
  else parameters.set('offset', String(offset));
  const search = new URLSearchParams([...parameters]);
  search.sort();
  return `${address}?${search.toString()}`;
}

function pythonInt(text: string | undefined): number | null {
  return text !== undefined && /^\s*[+-]?\d+\s*$/.test(text) ? Number(text) : null;
}
