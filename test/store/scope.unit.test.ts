/**
 * Every SQL statement that names a connection names the kind beside it: a statement that forgot would see, change or count the records of
 * every kind, and nothing would fail as long as there is one.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import ts from 'typescript';

/** Folders with SQL in them, or that may come to have some. */
const folders = ['src', 'activities'];

const migrations = 'src/store/migrations';

/** What a statement says that is about every kind on purpose, as a comment of SQL. */
const ofEveryKind = /--[^\n]*\bevery kind\b/i;

interface Statement {
  readonly file: string;
  readonly text: string;
}

/** The templates tagged as SQL in a source. What is put into one, a template too, is a statement or fragment of its own. */
function statementsOf(file: string, source: string): Statement[] {
  const found: Statement[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isTaggedTemplateExpression(node) && /(^|\.)(sql|tx|transaction|database)$/.test(node.tag.getText())) {
      const { template } = node;
      const text = ts.isNoSubstitutionTemplateLiteral(template)
        ? template.text
        : template.head.text +
          template.templateSpans.map((span) => `\${${scalar(span.expression)}}${span.literal.text}`).join('');
      found.push({ file, text });
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true));
  return found;
}

/** An inserted value by its last name (`connectionId`, `kind`), whatever it belongs to. */
function scalar(expression: ts.Expression): string {
  return ts.isPropertyAccessExpression(expression) || ts.isIdentifier(expression)
    ? (expression.getText().split('.').at(-1) ?? '')
    : '…';
}

/** How a connection and its kind are named together: compared with values, compared with another row, in a list, as values. */
const together = [
  /((?:\b\w+\.)?)\bconnection_id = \$\{connectionId\} and \1kind = (?:\$\{kind\}|'\w+')/g,
  /((?:\b\w+\.)?)\bconnection_id = (\w+)\.connection_id and \1kind = (?:\2\.kind\b|'\w+')/g,
  /((?:\b\w+\.)?)\bconnection_id(?: as "connectionId")?, (?:'kind', )?\1kind\b/g,
  /\$\{connectionId\}, \$\{kind\}/g,
];

/** Named alone, where the statement says that every kind is meant: all rows of some connections, rules that connections have. */
const alone = [
  /\bconnection_id = any\(/g,
  /\bconnection_id = c\.id\b/g,
  /\busing \(connection_id\)/g,
  /\br\(connection_id, \w+_ms\)/g,
];

/** What is left of a statement that names a connection without its kind. */
function flaws(text: string): string[] {
  const patterns = ofEveryKind.test(text) ? [...together, ...alone] : together;
  const rest = patterns.reduce((left, pattern) => left.replaceAll(pattern, ''), text);
  return [...rest.matchAll(/(?:connection_id\b|\$\{connectionId\}).{0,40}/g)].map(([flaw]) => flaw);
}

function sourcesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => path.join(folder, name));
}

const statements = folders
  .flatMap(sourcesOf)
  .flatMap((file) => statementsOf(file, readFileSync(file, 'utf8')))
  .filter(({ text }) => /connection_id/.test(text));

describe('a statement that names a connection', () => {
  test('names the kind beside it, each time', () => {
    expect(statements.length).toBeGreaterThan(100);
    expect(statements.flatMap(({ file, text }) => flaws(text).map((flaw) => ({ file, flaw, text })))).toEqual([]);
  });

  test.each([
    ['in a condition', /(?<=connection_id = \$\{connectionId\}) and \w*\.?kind = \$\{kind\}/g],
    ['in a join', /(?<=\.connection_id) and \w+\.kind = \w+\.kind/g],
    ['in a list', /(?<=\bconnection_id), (\w+\.)?kind\b/g],
    ['among values', /(?<=\$\{connectionId\}), \$\{kind\}/g],
  ])('is found out when it forgets the kind %s', (_, pattern) => {
    const cut = statements.flatMap(({ file, text }) =>
      [...text.matchAll(pattern)].map(({ 0: { length }, index }) => ({
        file,
        text: text.slice(0, index) + text.slice(index + length),
      })),
    );
    expect(cut.length).toBeGreaterThan(10);
    expect(cut.filter(({ text }) => flaws(text).length === 0)).toEqual([]);
  });
});

describe('the schema', () => {
  const text = readdirSync(migrations)
    .map((name) => readFileSync(path.join(migrations, name), 'utf8'))
    .join('\n')
    .replaceAll(/--[^\n]*/g, '');

  test('has the kind after the connection in every key, and without a default', () => {
    for (const [list] of text.matchAll(/\(connection_id\b[^)]*\)/g)) expect(list).toMatch(/^\(connection_id, kind\b/);
    const tables = [...text.matchAll(/create table (\w+) \(([^;]*)\)[^;]*;/g)].filter(([, , columns]) =>
      columns!.includes('connection_id'),
    );
    expect(tables.length).toBeGreaterThan(10);
    for (const [, name, columns] of tables)
      expect(columns).toMatch(['inbox', 'audit'].includes(name!) ? /\n {2}kind +text,/ : /\n {2}kind +text not null,/);
  });

  test('joins nothing on the connection alone', () => {
    expect(flaws(text.replaceAll(/\(connection_id[^)]*\)|\n {2}(connection_id|kind) [^\n]*/g, ''))).toEqual([]);
  });
});
