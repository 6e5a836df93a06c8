/** How values come from the database, and go there. */
import pg from 'pg';

/** PostgreSQL's object ids of types (its table pg_type). */
const BIGINT = 20;
const BIGINTS = 1016;
const TEXTS = 1009;

/** Ids and counts: a value that a number cannot hold exactly must fail, not be rounded into another record's id. */
function bigint(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError('a bigint of the database is too large to be read exactly');
  return value;
}

type Parser = (text: string) => unknown;

/** Its types name few of the object ids that it takes. */
const parserOf = pg.types.getTypeParser as unknown as (oid: number, format?: 'text' | 'binary') => Parser;

/** `pg` leaves those in an array as texts. */
function bigints(text: string): (number | null)[] {
  const texts = parserOf(TEXTS)(text) as (string | null)[];
  return texts.map((one) => (one === null ? null : bigint(one)));
}

/** For the client: `json` comes parsed, times as `Date`, `bigint` as number, arrays as arrays. @throws RangeError where a number cannot hold it */
export const types = {
  getTypeParser: (oid: number, format?: 'text' | 'binary'): Parser => {
    if (oid === BIGINT) return bigint;
    if (oid === BIGINTS) return bigints;
    return parserOf(oid, format);
  },
};

/** A parameter as `pg` sends it. `pg` would take `undefined` for NULL, and write a time in the zone of this process. */
export function toParameter(value: unknown): unknown {
  if (value === undefined) throw new TypeError('a parameter of a statement is undefined');
  return value instanceof Date ? value.toISOString() : value;
}
