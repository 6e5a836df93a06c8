import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, relative, resolve } from 'node:path';
import { LineCounter, isAlias, isCollection, isMap, isPair, isScalar, parseDocument, visit } from 'yaml';
import type { Document, Node, YAMLError } from 'yaml';
import { ConfigError, findingsOf, problemAt } from './problems.js';
import type { ConfigProblem, Finding } from './problems.js';
import { expandReferences } from './references.js';
import type { Environment } from './references.js';
import { configSchema } from './schema.js';
import type { Config } from './schema.js';
import { formatPath } from './settings.js';
import type { ConfigPath } from './settings.js';

export const configFileNames = ['passerelle.config.yaml', 'passerelle.config.yml', 'passerelle.config.json'] as const;

export interface LoadedConfig {
  /** Valid, references expanded, file paths absolute. Holds secrets: show `references` in their place. */
  readonly config: Config;
  /** Absolute path of the file. */
  readonly file: string;
  /** Text as written, with its `${NAME}`, by the path of the setting (`connections.club.yoplanning.token`). */
  readonly references: ReadonlyMap<string, string>;
}

/**
 * Reads, checks and completes the configuration.
 *
 * @param path the file; left out: `PASSERELLE_CONFIG`, else `passerelle.config.yaml`, `.yml` or `.json` in the working directory
 * @throws {ConfigError} with every problem found: their lines, paths and what was expected, never a value
 */
export function loadConfig(path?: string, env: Environment = process.env): Config {
  return readConfig(path, env).config;
}

/** As `loadConfig`, with what is needed to show the configuration without its secrets. */
export function readConfig(path?: string, env: Environment = process.env): LoadedConfig {
  const file = findConfigFile(path, env);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    const found = unreadable[code] ?? `an error of the file system (${code})`;
    throw new ConfigError(shown(file), [{ line: null, path: '', expected: 'a file that can be read', found }]);
  }
  return { file, ...parseConfig(text, file, env) };
}

const unreadable: Readonly<Record<string, string>> = {
  ENOENT: 'no file of this name',
  EACCES: 'that we may not read it',
  EISDIR: 'a directory',
};

function findConfigFile(path: string | undefined, env: Environment): string {
  const named = path ?? env['PASSERELLE_CONFIG'];
  if (named !== undefined && named !== '') return resolve(named);
  const found = configFileNames.map((name) => resolve(name)).find((candidate) => existsSync(candidate));
  if (found !== undefined) return found;
  throw new ConfigError(configFileNames[0], [
    {
      line: null,
      path: '',
      expected: `${configFileNames.join(', ')} in ${process.cwd()}`,
      found: 'none of them',
      hint: 'copy passerelle.config.example.yaml, or name a file with --config or PASSERELLE_CONFIG',
    },
  ]);
}

/**
 * Checks the text of a configuration file. YAML 1.2; JSON is a part of it.
 *
 * @param file where the text comes from: named in problems, and what relative paths are relative to
 */
export function parseConfig(text: string, file: string, env: Environment): Omit<LoadedConfig, 'file'> {
  const lines = new LineCounter();
  // prettyErrors would quote the source, which may hold a secret in clear text.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true, merge: true });
  if (document.errors.length > 0)
    throw new ConfigError(
      shown(file),
      document.errors.map((error) => syntaxProblem(error, lines)),
    );

  const written = plainValue(document, lines, file);
  const { value, findings, references } = expandReferences(written ?? {}, env);
  const result = configSchema.safeParse(value);
  const all = [...findings, ...(result.success ? [] : notBelow(findings, findingsOf(result.error, written)))];
  if (all.length > 0 || !result.success) {
    const problems = all.map((finding) => problemAt(finding, lineOf(document, lines, finding)));
    throw new ConfigError(
      shown(file),
      problems.sort((one, other) => (one.line ?? 0) - (other.line ?? 0)),
    );
  }
  return {
    config: absolutePaths(result.data, dirname(resolve(file))),
    references: new Map(references.map((reference) => [formatPath(reference.path), reference.written])),
  };
}

/** The document as plain data. @throws {ConfigError} for aliases that mean nothing, or more than a file can */
function plainValue(document: Document, lines: LineCounter, file: string): unknown {
  const refused: ConfigProblem[] = [];
  let widest: ConfigProblem | null = null;
  visit(document, {
    Alias: (key, alias, ancestors) => {
      const of = alias.resolve(document);
      const offset = startOf(alias);
      const problem = (expected: string, found: string): ConfigProblem => ({
        line: offset === undefined ? null : lines.linePos(offset).line,
        path: formatPath(pathTo(key, ancestors)),
        expected,
        found,
      });
      if (of === undefined)
        refused.push(problem('an alias of an anchor (&name) that stands above it', 'one of an unknown name'));
      else if (ancestors.includes(of))
        refused.push(problem('an alias of something else', 'one of the very part that it stands in'));
      else if (holdsAlias(of) || widest === null)
        widest = problem(
          'aliases that repeat a part some times',
          'so many within each other that the file would not end',
        );
    },
  });
  if (refused.length > 0) throw new ConfigError(shown(file), refused);
  try {
    return document.toJS();
  } catch (error) {
    // The library refuses what grows out of all proportion. Without an alias nothing does.
    if (widest === null) throw error;
    throw new ConfigError(shown(file), [widest]);
  }
}

function holdsAlias(node: Node): boolean {
  let holds = false;
  visit(node, {
    Alias: () => {
      holds = true;
      return visit.BREAK;
    },
  });
  return holds;
}

/** The setting at which a visited node stands. */
function pathTo(key: number | 'key' | 'value' | null, ancestors: readonly unknown[]): ConfigPath {
  const path: (string | number)[] = [];
  ancestors.forEach((ancestor, at) => {
    if (isPair(ancestor) && isScalar(ancestor.key)) path.push(String(ancestor.key.value));
    else if (isCollection(ancestor) && !isMap(ancestor)) {
      const next = ancestors[at + 1];
      path.push(next === undefined ? Number(key) : ancestor.items.indexOf(next));
    }
  });
  return path;
}

/** A missing variable leaves an empty text behind; that this is too short is no second problem. */
function notBelow(first: readonly Finding[], second: readonly Finding[]): readonly Finding[] {
  const told = new Set(first.map((finding) => formatPath(finding.path)));
  return second.filter((finding) => !told.has(formatPath(finding.path)));
}

function absolutePaths(config: Config, directory: string): Config {
  const { executable } = config.temporal.devServer;
  return {
    ...config,
    dataDirectory: resolve(directory, config.dataDirectory),
    temporal: {
      ...config.temporal,
      devServer: {
        ...config.temporal.devServer,
        ...(executable === undefined ? {} : { executable: resolve(directory, executable) }),
      },
    },
  };
}

/** By code, never by the parser's message: messages quote the source. */
const syntaxWords: Readonly<Partial<Record<YAMLError['code'], string>>> = {
  DUPLICATE_KEY: 'each setting once',
  TAB_AS_INDENT: 'spaces, not tabs, at the start of a line',
  BAD_INDENT: 'an indentation that fits the lines above',
  MISSING_CHAR: 'a character that is missing here, such as a comma, a colon, a bracket or a quote',
  MULTILINE_IMPLICIT_KEY: 'a setting and its colon on one line',
  BAD_SCALAR_START: 'a text that begins with this character in quotes',
  BAD_DQ_ESCAPE: 'a known escape after the backslash (single quotes need none)',
  MULTIPLE_DOCS: 'one document in the file, without ---',
  NON_STRING_KEY: 'text as the name of a setting',
};

function syntaxProblem(error: YAMLError, lines: LineCounter): ConfigProblem {
  return {
    line: lines.linePos(error.pos[0]).line,
    path: '',
    expected: syntaxWords[error.code] ?? 'valid YAML or JSON',
    found: `a mistake of syntax (${error.code})`,
  };
}

/** Line of the setting, or of the nearest group around it that the file has. */
function lineOf(document: Document, lines: LineCounter, finding: Finding): number | null {
  let node: unknown = document.contents;
  let offset: number | undefined;
  for (const key of finding.path) {
    if (isAlias(node)) node = node.resolve(document);
    if (!isCollection(node)) break;
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && item.key.value === String(key));
      if (pair === undefined) break;
      offset = startOf(pair.key) ?? offset;
      node = pair.value;
    } else {
      node = node.get(key, true);
      offset = startOf(node) ?? offset;
    }
  }
  return offset === undefined ? null : lines.linePos(offset).line;
}

function startOf(node: unknown): number | undefined {
  return (node as { range?: readonly number[] | null } | null | undefined)?.range?.[0];
}

/** A path as short as can be, for messages. */
function shown(file: string): string {
  const near = relative(process.cwd(), resolve(file));
  return near.startsWith('..') ? file : near || basename(file);
}
