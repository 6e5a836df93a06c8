/** Filters, ordering and pages of a list, as django-filter and DRF's LimitOffsetPagination answer them. */
import type { Client } from './clients.js';
import type { FieldErrors } from './validation.js';
import { isCalendarDate } from './validation.js';

/** How an account lists its clients. */
export interface Listing {
  /** Fields that `ordering` may name; others are ignored. */
  readonly orderings: readonly string[];
  /** The order of a list that was asked for in none. */
  readonly listOrder: 'created' | 'modified';
}

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

type Test = (client: Client) => boolean;
type Key = (client: Client) => string | number | null;

const lookups: Readonly<Record<string, (order: number) => boolean>> = {
  '': (order) => order === 0,
  __lt: (order) => order < 0,
  __gt: (order) => order > 0,
  __lte: (order) => order <= 0,
  __gte: (order) => order >= 0,
};

const keys: Readonly<Record<string, Key>> = {
  first_name: ({ document }) => document.first_name,
  last_name: ({ document }) => document.last_name,
  birth_date: ({ document }) => document.birth_date,
  last_update: ({ updatedAtMs }) => updatedAtMs,
  id: ({ id }) => id,
};

export const orderableFields = ['first_name', 'last_name', 'birth_date', 'last_update', 'id'] as const;

/**
 * The clients that `query` asks for. Parameters that are no filter are ignored without a word, and so are empty ones: who
 * trusts a filtered answer unchecked gets everybody.
 */
export function select(
  clients: readonly Client[],
  query: Query,
  listing: Listing,
): { readonly clients: readonly Client[] } | { readonly errors: FieldErrors } {
  const tests: Test[] = [];
  const errors: FieldErrors = {};
  for (const [parameter, text] of query) {
    const [, field = '', lookup = ''] = /^(.+?)(__[a-z]+)?$/.exec(parameter) ?? [];
    const compare = lookups[lookup];
    if (compare === undefined || text.trim() === '') continue;
    if (field === 'first_name' && lookup === '') tests.push(({ document }) => document.first_name === text);
    if (field === 'birth_date') {
      if (isCalendarDate(text))
        tests.push(({ document }) => document.birth_date !== null && compare(order(document.birth_date, text)));
      else errors[parameter] = ['Enter a valid date.'];
    }
    if (field === 'last_update') {
      const at = parseDateTime(text);
      if (at !== null) tests.push(({ updatedAtMs }) => compare(updatedAtMs - at));
      else errors[parameter] = ['Enter a valid date/time.'];
    }
  }
  if (Object.keys(errors).length > 0) return { errors };
  const selected = tests.length === 0 ? clients : clients.filter((client) => tests.every((test) => test(client)));
  return { clients: sorted(selected, query.get('ordering'), listing) };
}

/** OrderingFilter: comma-separated, `-` for descending; unknown names are ignored. */
function sorted(
  clients: readonly Client[],
  ordering: string | undefined,
  { orderings, listOrder }: Listing,
): readonly Client[] {
  const terms = (ordering ?? '').split(',').flatMap((text) => {
    const term = text.trim();
    const name = term.replace(/^-/, '');
    const key = orderings.includes(name) ? keys[name] : undefined;
    return key === undefined ? [] : [{ key, sign: term.startsWith('-') ? -1 : 1 }];
  });
  if (terms.length === 0) {
    if (listOrder === 'created') return clients;
    terms.push({ key: keys['last_update']!, sign: -1 });
  }
  return [...clients].sort((a, b) => {
    for (const { key, sign } of terms) {
      const difference = sign * order(key(a), key(b));
      if (difference !== 0) return difference;
    }
    return 0;
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
