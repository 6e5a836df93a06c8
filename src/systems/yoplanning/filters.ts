/** Filters of Yoplanning's lists: `first_name=Norbert`, `birth_date__gt=1995-01-25` (API v3.1, "Filters"). */
import { filterTimestamp, type FilterSide } from '../time.js';

/** `date`: `YYYY-MM-DD`. `datetime`: a moment, sent in the system's time zone. Only these and `number` can be compared by more than equality. */
export type FilterKind = 'text' | 'number' | 'date' | 'datetime';

/** Which fields a resource can be filtered by. */
export type FilterSpec = Readonly<Record<string, FilterKind>>;

interface FilterValues {
  readonly text: string;
  readonly number: number;
  readonly date: string;
  readonly datetime: Date;
}

const comparisons = ['lt', 'lte', 'gt', 'gte'] as const;

/** Lower than, lower or equal, greater than, greater or equal; two of them make a range. */
export type Comparison<Value> = { readonly [Operator in (typeof comparisons)[number]]?: Value };

type FilterOf<Kind extends FilterKind> = Kind extends 'text'
  ? FilterValues[Kind]
  : FilterValues[Kind] | Comparison<FilterValues[Kind]>;

/** What a caller may ask of a resource with this spec, for example `{ first_name: 'Norbert', birth_date: { gt: '1995-01-25' } }`. */
export type Filters<Spec extends FilterSpec> = { readonly [Field in keyof Spec]?: FilterOf<Spec[Field]> };

/**
 * Filters as query parameters. An unknown filter is ignored by the framework behind Yoplanning, so a filtered list is to be
 * checked by its caller.
 *
 * @param timeZone in which the server takes times without one
 */
export function filterQuery<Spec extends FilterSpec>(filters: Filters<Spec>, timeZone: string): Record<string, string> {
  const query: Record<string, string> = {};
  for (const [field, filter] of Object.entries(filters) as [string, Plain | Comparison<Plain> | undefined][]) {
    if (filter === undefined) continue;
    if (!isComparison(filter)) {
      query[field] = wireForm(filter, timeZone, 'at');
      continue;
    }
    for (const operator of comparisons) {
      const value = filter[operator];
      if (value !== undefined)
        query[`${field}__${operator}`] = wireForm(value, timeZone, operator.startsWith('g') ? 'later' : 'earlier');
    }
  }
  return query;
}

type Plain = string | number | Date;

function isComparison(filter: Plain | Comparison<Plain>): filter is Comparison<Plain> {
  return typeof filter === 'object' && !(filter instanceof Date);
}

function wireForm(value: Plain, timeZone: string, side: FilterSide): string {
  return value instanceof Date ? filterTimestamp(value, timeZone, side) : String(value);
}
