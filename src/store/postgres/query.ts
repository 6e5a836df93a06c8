/** Statements as tagged templates: text and parameters stay apart, and a template can be a part of another. */
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
