import type { z } from 'zod';
import { nearest } from './nearest.js';
import { formatPath, namesAt } from './settings.js';
import type { ConfigPath } from './settings.js';

/** What is wrong at one place, before its line is known. Never holds a value: it could be a secret. */
export interface Finding {
  readonly path: ConfigPath;
  /** True where the path names a key that should not be there: the problem stands at the key, not at the value. */
  readonly atKey?: boolean;
  readonly expected: string;
  /** The type or state of what stands there; left out where `expected` says it all. */
  readonly found?: string;
  readonly hint?: string;
}

export interface ConfigProblem {
  /** 1-based line in the file; null where the file as a whole is meant. */
  readonly line: number | null;
  /** For example `connections.club.yoplanning.team`; empty for the whole file. */
  readonly path: string;
  readonly expected: string;
  readonly found?: string;
  readonly hint?: string;
}

/** The configuration cannot be used. Holds all problems at once; its message is fit to be shown and holds no value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(
    /** Path of the file, as the person gave it. */
    readonly file: string,
    readonly problems: readonly ConfigProblem[],
  ) {
    const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`;
    super(
      `${file}: ${count} in the configuration\n${problems.map((problem) => `  ${formatProblem(file, problem)}`).join('\n')}`,
    );
  }
}

function formatProblem(file: string, problem: ConfigProblem): string {
  const place = problem.line === null ? '' : `${file}:${problem.line}  `;
  const path = problem.path === '' ? '' : `${problem.path}: `;
  const found = problem.found === undefined ? '' : `, found ${problem.found}`;
  const hint = problem.hint === undefined ? '' : `; ${problem.hint}`;
  return `${place}${path}expected ${problem.expected}${found}${hint}`;
}

/**
 * What zod found, in the words of a person who edits the file. `document` is the file as written, references unexpanded:
 * it tells what stands at a path, and a suggestion can only ever be near to what the file itself says.
 */
export function findingsOf(error: z.ZodError, document: unknown): readonly Finding[] {
  return error.issues.flatMap((issue) => findingsOfIssue(issue, [], document));
}

type Issue = z.core.$ZodIssue;

function findingsOfIssue(issue: Issue, base: ConfigPath, document: unknown): readonly Finding[] {
  const path = [...base, ...issue.path];
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownName(path, key));
  if (issue.code === 'invalid_key') {
    return [
      { path, atKey: true, expected: inOwnWords(issue.issues[0]) ?? 'another name', found: 'a name in another form' },
    ];
  }
  if (issue.code === 'invalid_union' && issue.errors.length > 0) return findingsOfUnion(issue, path, document);
  const found = foundAt(issue, path, document);
  const expected = expectedBy(issue);
  const hint = suggestion(issue, path, document);
  return [{ path, expected, ...(found === undefined ? {} : { found }), ...(hint === undefined ? {} : { hint }) }];
}

function unknownName(path: ConfigPath, key: string): Finding {
  const names = namesAt(path);
  const near = nearest(key, names);
  return {
    path: [...path, key],
    atKey: true,
    expected: 'a known setting',
    found: 'an unknown one',
    hint: near === undefined ? `known here: ${names.join(', ')}` : `did you mean "${near}"?`,
  };
}

/** A union is told by the one branch whose type fits, where there is one; else by all that would do. */
function findingsOfUnion(
  issue: Extract<Issue, { code: 'invalid_union' }>,
  path: ConfigPath,
  document: unknown,
): readonly Finding[] {
  const fitting = issue.errors.filter(
    (branch) => !branch.some((inner) => inner.path.length === 0 && inner.code === 'invalid_type'),
  );
  // Of several groups it is the one that knows all names that were written.
  const known = fitting.filter(
    (branch) => !branch.some((inner) => inner.path.length === 0 && inner.code === 'unrecognized_keys'),
  );
  const [only, ...others] = known.length > 0 ? known : fitting;
  if (only !== undefined && others.length === 0) return only.flatMap((inner) => findingsOfIssue(inner, path, document));
  const expected = issue.errors.flatMap((branch) => branch.slice(0, 1).map(expectedBy));
  return [{ path, expected: [...new Set(expected)].join(', or '), found: typeName(valueAt(document, path)) }];
}

/** The words that select a branch of a union, such as the modes of `yapla.write`. */
function unionOptions(issue: Extract<Issue, { code: 'invalid_union' }>): readonly string[] {
  return 'options' in issue ? (issue.options ?? []).map(String) : [];
}

function expectedBy(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return expectedType(issue.expected);
    case 'invalid_value':
      return oneOf(issue.values.map(String));
    case 'too_small':
      return bound(issue.origin, issue.inclusive === false ? 'more than' : 'at least', Number(issue.minimum));
    case 'too_big':
      return bound(issue.origin, issue.inclusive === false ? 'less than' : 'at most', Number(issue.maximum));
    case 'invalid_format':
      return inOwnWords(issue) ?? formats[issue.format] ?? `text in the form "${issue.format}"`;
    case 'invalid_union':
      return oneOf(unionOptions(issue));
    case 'not_multiple_of':
      return `a multiple of ${issue.divisor}`;
    case 'unrecognized_keys':
    case 'invalid_key':
    case 'invalid_element':
    case 'custom':
      return inOwnWords(issue) ?? issue.message;
  }
}

const formats: Readonly<Record<string, string>> = {
  url: 'an address, such as https://example.org/api',
  uuid: 'an id in the form of a UUID, such as 8d23503e-041e-4180-98d1-641183bc5ead',
};

/** The schema's own messages begin with "expected"; zod's do not, and can change with its version. */
function inOwnWords(issue: { readonly message: string } | undefined): string | undefined {
  return issue?.message.startsWith('expected ') === true ? issue.message.slice('expected '.length) : undefined;
}

const expectedTypes: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a group of settings',
  record: 'a group of named settings',
  array: 'a list',
  null: 'null',
};

function expectedType(expected: string): string {
  return expectedTypes[expected] ?? expected;
}

function oneOf(values: readonly string[]): string {
  return values.length === 1 ? `"${values[0]}"` : `one of ${values.map((value) => `"${value}"`).join(', ')}`;
}

function bound(origin: string, comparison: string, limit: number): string {
  if (origin === 'string') return limit === 1 ? 'text that is not empty' : `text of ${comparison} ${limit} characters`;
  if (origin === 'array') return `a list of ${comparison} ${limit}`;
  return `a number of ${comparison} ${limit}`;
}

function foundAt(issue: Issue, path: ConfigPath, document: unknown): string | undefined {
  const value = valueAt(document, path);
  switch (issue.code) {
    case 'invalid_type':
      return issue.expected === 'int' && typeof value === 'number' ? 'a number with decimals' : typeName(value);
    case 'invalid_value':
    case 'invalid_union':
      return typeof value === 'string' ? 'another word' : typeName(value);
    case 'too_small':
      return issue.origin === 'number'
        ? 'a smaller number'
        : typeName(value) === 'text'
          ? 'empty or shorter text'
          : 'a shorter one';
    case 'too_big':
      return issue.origin === 'number' ? 'a larger number' : 'a longer one';
    case 'invalid_format':
      return 'text in another form';
    case 'not_multiple_of':
    case 'unrecognized_keys':
    case 'invalid_key':
    case 'invalid_element':
    case 'custom':
      return undefined;
  }
}

function suggestion(issue: Issue, path: ConfigPath, document: unknown): string | undefined {
  const value = valueAt(document, path);
  if (typeof value !== 'string' || value.includes('${')) return undefined;
  const words =
    issue.code === 'invalid_value'
      ? issue.values.map(String)
      : issue.code === 'invalid_union'
        ? unionOptions(issue)
        : [];
  const near = nearest(value, words);
  return near === undefined ? undefined : `did you mean "${near}"?`;
}

function valueAt(document: unknown, path: ConfigPath): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined,
    document,
  );
}

function typeName(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a group of settings';
  if (typeof value === 'string') return 'text';
  return typeof value === 'boolean' ? 'true or false' : 'a number';
}

export function problemAt(finding: Finding, line: number | null): ConfigProblem {
  const { expected, found, hint } = finding;
  return {
    line,
    path: formatPath(finding.path),
    expected,
    ...(found === undefined ? {} : { found }),
    ...(hint === undefined ? {} : { hint }),
  };
}
