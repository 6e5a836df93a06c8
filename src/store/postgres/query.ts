/** Statements as tagged templates (text and parameters stay apart, and a template can be a part of another), and how values come and go. */
import pg from 'pg';
import { Sql as Template } from 'sql-template-tag';

/** A value that PostgreSQL takes as a parameter; it infers the type from where it stands. */
type Scalar = string | number | bigint | boolean | Date | Uint8Array | null;
export type Parameter = Scalar | readonly (string | number | null)[];

/** A part of a statement. */
export type Fragment = Template;

export type Row = Record<string, unknown>;

/** Rows, and how many the statement returned or changed. */
export type Result<Rows extends readonly object[]> = Rows & { readonly count: number };

/** Sends a statement. */
export type Run = (statement: Template) => Promise<Result<Row[]>>;

/**
 * A statement that is sent when it is first awaited, and never where it is only a part of another. Several that are awaited together
 * (`Promise.all`) are sent in their order.
 */
export class Query<Rows extends readonly object[] = Row[]> extends Template implements Promise<Result<Rows>> {
  readonly [Symbol.toStringTag] = 'Query';
  readonly #run: Run;
  #answer: Promise<Result<Rows>> | null = null;

  constructor(run: Run, strings: readonly string[], values: readonly (Parameter | Fragment)[]) {
    super(strings, values);
    this.#run = run;
  }

  // The rows' type is the caller's word for what the text selects.
  then<A = Result<Rows>, B = never>(
    onAnswer?: ((rows: Result<Rows>) => A | PromiseLike<A>) | null,
    onError?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#answer ??= this.#run(this) as Promise<unknown> as Promise<Result<Rows>>;
    return this.#answer.then(onAnswer, onError);
  }

  catch<B = never>(onError?: ((error: unknown) => B | PromiseLike<B>) | null): Promise<Result<Rows> | B> {
    return this.then(null, onError);
  }

  finally(onEnd?: (() => void) | null): Promise<Result<Rows>> {
    return this.then().finally(onEnd);
  }
}

/** The tag, as every store module takes it. */
export interface Statements {
  <Rows extends readonly object[] = Row[]>(
    strings: TemplateStringsArray,
    ...values: readonly (Parameter | Fragment)[]
  ): Query<Rows>;
  /** The name of a table or a column, quoted. */
  (identifier: string): Fragment;
  /** A value for a parameter of type `json` or `jsonb`. */
  json(value: unknown): string;
}

export function statements(run: Run): Statements {
  const tag = (strings: TemplateStringsArray | string, ...values: readonly (Parameter | Fragment)[]) =>
    typeof strings === 'string' ? identifier(strings) : new Query(run, strings, values);
  return Object.assign(tag, { json }) as Statements;
}

function identifier(name: string): Fragment {
  return new Template([pg.escapeIdentifier(name)], []);
}

function json(value: unknown): string {
  const text: string | undefined = JSON.stringify(value);
  if (text === undefined) throw new TypeError('this value has no JSON');
  return text;
}

// How values come from the database, and go there.

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
