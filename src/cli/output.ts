import { stripVTControlCharacters } from 'node:util';
import picocolors from 'picocolors';
import { visibleLines } from './visible.js';

type Colours = ReturnType<typeof picocolors.createColors>;

/**
 * Where a command writes. A value from elsewhere passes through `visible` first; what is written passes through `visibleLines` here.
 *
 * Results go to `print` (standard output), so they can be piped; everything else to `note`.
 */
export interface Output {
  /** Styles; each returns its text unchanged where colours are off. */
  readonly colours: Colours;
  /** True where a person watches a terminal: lines may be redrawn. False in pipes and CI: only append. */
  readonly interactive: boolean;
  /** Characters per line. */
  readonly columns: number;
  /** Writes one line (or several) of the result. */
  print(text?: string): void;
  /** Writes a message about the work to standard error. */
  note(text: string): void;
}

/** Colours as https://no-color.org and FORCE_COLOR ask for; else on terminals only. */
export function processOutput(): Output {
  const { stdout, stderr, env } = process;
  // `passerelle … | head` closes the pipe early: that is no failure of ours.
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
  return {
    colours: picocolors.createColors(picocolors.isColorSupported && (stdout.isTTY || Boolean(env['FORCE_COLOR']))),
    interactive: stdout.isTTY && env['TERM'] !== 'dumb' && !env['CI'],
    columns: stdout.isTTY ? stdout.columns : 100,
    print: (text = '') => void stdout.write(`${visibleLines(text)}\n`),
    note: (text) => void stderr.write(`${visibleLines(text)}\n`),
  };
}

export interface TableOptions {
  /** Positions (0-based) of columns whose cells stand at the right, as numbers do. */
  readonly right?: readonly number[];
  /** Spaces before each line. */
  readonly indent?: number;
}

/** Of what a person sees as one: an accent may be a code point of its own. */
const characters = new Intl.Segmenter();

/** Lines of a table whose columns are as wide as their widest cell. Cells may be coloured. The first row is no different: style it. */
export function table(rows: readonly (readonly string[])[], options: TableOptions = {}): string {
  const { right = [], indent = 0 } = options;
  const width = (cell: string): number => [...characters.segment(stripVTControlCharacters(cell))].length;
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, column) => (widths[column] = Math.max(widths[column] ?? 0, width(cell))));
  return rows
    .map((row) => {
      const cells = row.map((cell, column) => {
        const padding = ' '.repeat((widths[column] ?? 0) - width(cell));
        return right.includes(column) ? padding + cell : cell + padding;
      });
      return (' '.repeat(indent) + cells.join('  ')).trimEnd();
    })
    .join('\n');
}
